"""Why the contact between an electrode and a solid electrolyte resists, how sure that is, and what to do about it.

Two names do most of the work::

    from diagnose import Case, diagnose

    report = diagnose(Case(electrolyte="Li6PS5Cl", electrode="Li", electrode_role="anode", resistance_level="high"))
    print(report.causes[0].title, report.causes[0].probability)

Importing this package loads neither the rule engine nor numpy; each part is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Case",
    "DiagnoseError",
    "Report",
    "__version__",
    "consult",
    "diagnose",
    "diagnose_batches",
    "diagnose_many",
    "explain",
    "fit",
    "read_spectra",
    "series",
]

if TYPE_CHECKING:
    from diagnose.case import Case as Case
    from diagnose.consultation import consult as consult
    from diagnose.diagnosis import diagnose as diagnose
    from diagnose.errors import DiagnoseError as DiagnoseError
    from diagnose.many import diagnose_batches as diagnose_batches
    from diagnose.many import diagnose_many as diagnose_many
    from diagnose.many import explain as explain
    from diagnose.measure import fit as fit
    from diagnose.measure import read_spectra as read_spectra
    from diagnose.measure import series as series
    from diagnose.report import Report as Report

_HOME = {
    "Case": "diagnose.case",
    "DiagnoseError": "diagnose.errors",
    "Report": "diagnose.report",
    "consult": "diagnose.consultation",
    "diagnose": "diagnose.diagnosis",
    "diagnose_batches": "diagnose.many",
    "diagnose_many": "diagnose.many",
    "explain": "diagnose.many",
    "fit": "diagnose.measure",
    "read_spectra": "diagnose.measure",
    "series": "diagnose.measure",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that importing the package stays cheap."""
    if name not in _HOME:
        raise AttributeError(f"module 'diagnose' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
