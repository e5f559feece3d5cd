"""A cause that a site adds to the rules."""

CAUSE = """
cause: binder-residue
title: Binder left on the active material
family: composite
guide: []
mechanism: Binder covers the particles.
key_question: Was the binder removed?
confused_with: [poor-percolation]
only_if: {electrode_form: composite}
gate_says: Only a composite electrode holds binder.
prior: rare
sources: {judgement: judgement}
evidence:
  - id: poor-use
    when: {utilisation_percent: {below: 70}}
    for: moderate
    group: capacity
    because: Covered particles take no part.
    sources: {judgement: judgement}
"""
