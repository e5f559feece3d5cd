"""The pages in docs/ show what the program does: every marked block and every row of a table of figures is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import diagnose as package
from diagnose import condition, remedies
from diagnose.data import Base, load, shipped
from diagnose.facts import names
from diagnose.quantity import QuantityError, parse_number
from diagnose.rulefile import load_rulebook
from diagnose.yamlfile import parse_yaml

ROOT = Path(package.__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLAIN = {"C": "degC", "MPa": "MPa", "S/cm": "S/cm", "ohm cm2": "ohm*cm^2", "mA/cm2": "mA/cm^2"}
FIGURE = r"(-?[\d.]+)"


def blocks(page: str, mark: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [body for language, info, body in BLOCK.findall(text) if f"{language} {info}".strip() == mark]


def rows(page: str, heading: str) -> list[tuple[str, ...]]:
    """Rows of the table below a heading row, without the marks of code."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(heading) + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append(tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")))
    return found


READ = rows("units.md", "| written | field | read as |")
REFUSED = rows("units.md", "| written | field | answer |")
RULES = blocks("rules.md", "yaml rules")


@pytest.fixture(scope="module")
def base() -> Base:
    return load()


def test_every_yaml_block_of_the_rule_page_is_checked() -> None:
    """No YAML block is shown that the tests below do not read."""
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    marks = {info for language, info, _ in BLOCK.findall(text) if language == "yaml"}
    assert marks == {"rules", "conditions", "excerpt rules/scale.yaml"}


@pytest.mark.parametrize("block", RULES, ids=[block.split(":")[0] + str(i) for i, block in enumerate(RULES)])
def test_rules_shown_load_as_an_overlay(base: Base, block: str) -> None:
    """A rule shown on the page loads when it is laid over the shipped rule book."""
    overlay = [parse_yaml(block, "docs/rules.md")]
    book = load_rulebook(shipped("rules"), names(base.knowledge), [overlay])
    assert book.hash != base.rules.hash


def test_conditions_shown_are_conditions_on_known_names(base: Base) -> None:
    """Each condition on the page is read without complaint and names facts and findings that exist."""
    (block,) = blocks("rules.md", "yaml conditions")
    known = names(base.knowledge).facts
    complaints: list[str] = []

    def complain(place: object, message: str, hint: str) -> None:
        complaints.append(f"{place} {message} {hint}")

    for data in parse_yaml(block, "docs/rules.md").data:
        for leaf in condition.leaves(condition.parse(data, (), complain)):
            assert leaf.name in (base.rules.findings if isinstance(leaf, condition.FindingLeaf) else known)
    assert complaints == []


def test_excerpt_of_the_scale_is_verbatim() -> None:
    """Each line of the excerpt stands in the file of the scale."""
    (block,) = blocks("rules.md", "yaml excerpt rules/scale.yaml")
    scale = (ROOT / "rules" / "scale.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in block.splitlines() if line not in scale] == []


def test_facts_named_in_the_table_exist(base: Base) -> None:
    """The examples of facts are facts, and the score shown is that of a cause."""
    known = {*names(base.knowledge).facts, *(f"cause.{slug}" for slug in base.rules.causes)}
    table = rows("rules.md", "| fact | example | listed in |")
    shown = [name for row in table for name in row[1].replace("`", "").split(", ")]
    assert [name for name in shown if name not in known] == []


def test_figures_of_the_remedy_ranking_are_those_of_the_program() -> None:
    """The shares and factors in the text are the constants of the ranking."""
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    assert ", ".join(f"{name} {share}" for name, share in sorted(remedies.SHARE.items(), key=lambda s: -s[1])) in text
    assert f"by {remedies.BETTER / 100}, `worse` by {remedies.WORSE / 100}" in text
    assert f"From {remedies.RECOMMENDED_FROM / 1e12:g} on" in text


def test_python_shown_in_the_rule_page_passes() -> None:
    """The test shown as a model is itself a passing test."""
    (block,) = blocks("rules.md", "python")
    space: dict[str, object] = {}
    exec(compile(block, "docs/rules.md", "exec"), space)  # the page is ours
    test = space["test_poor_use_speaks_for_percolation"]
    assert callable(test)
    test()


def written(cell: str) -> object:
    return parse_yaml(f"x: {cell}", "docs/units.md").data["x"]


@pytest.mark.parametrize(("cell", "field", "answer"), READ, ids=[row[0] for row in READ])
def test_numbers_are_read_as_the_page_says(base: Base, cell: str, field: str, answer: str) -> None:
    """What the page says of a written number is what the program reads."""
    spec = base.knowledge.vocabulary[field]
    read = parse_number(written(cell), spec.unit, spec.limits)
    unit = answer.split(",")[0].removesuffix(" to the limit of the field").split(" ", 1)[1].lstrip("-0123456789. ")
    if found := re.fullmatch(rf"{FIGURE} [A-Za-z/ 2]+?(?:, standard uncertainty {FIGURE})?", answer):
        assert (read.value, read.sigma) == (float(found[1]), float(found[2] or 0))
        assert PLAIN[unit] == spec.unit
    elif found := re.fullmatch(rf"from {FIGURE} to just below {FIGURE} .*", answer):
        assert read.value is None
        assert read.low == float(found[1])
        assert 0 < float(found[2]) - read.high < 1e-9
    elif found := re.fullmatch(rf"from {FIGURE} .* to the limit of the field", answer):
        assert (read.low, read.high) == (float(found[1]), spec.limits[1])
    else:
        found = re.fullmatch(rf"from {FIGURE} to {FIGURE} .*", answer)
        assert found is not None
        assert (read.low, read.high, read.value) == (float(found[1]), float(found[2]), None)


@pytest.mark.parametrize(("cell", "field", "answer"), REFUSED, ids=[row[0] for row in REFUSED])
def test_numbers_are_refused_as_the_page_says(base: Base, cell: str, field: str, answer: str) -> None:
    """What the page says of a refused number is what the program answers."""
    spec = base.knowledge.vocabulary[field]
    with pytest.raises(QuantityError) as caught:
        parse_number(written(cell), spec.unit, spec.limits)
    assert str(caught.value) == answer


def test_pages_point_to_files_that_exist() -> None:
    """Every relative link in README and docs leads to a file."""
    tops = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")]
    for page in (*tops, *sorted(DOCS.glob("*.md"))):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"
