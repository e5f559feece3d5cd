"""YAML and JSON: values as YAML 1.2 and JSON define them, each with its place, and nothing lost in silence."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from diagnose.errors import FileError, Problem
from diagnose.yamlfile import DEEPEST, MOST_NODES, Document, decoded, parse_json, parse_yaml, read_text, scalar

Parse = Callable[[str, str], Document]


def data(text: str, parse: Parse = parse_yaml) -> Any:
    return parse(text, "a.yaml").data


def problems(text: str, parse: Parse = parse_yaml) -> tuple[Problem, ...]:
    with pytest.raises(FileError) as caught:
        parse(text, "a.yaml")
    return caught.value.problems


def told(text: str, parse: Parse = parse_yaml) -> list[str]:
    """The problems as a person reads them."""
    return [str(each) for each in problems(text, parse)]


def same(one: Any, two: Any) -> bool:
    """Equal, in the same types."""
    if isinstance(one, dict):
        return isinstance(two, dict) and list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list):
        return isinstance(two, list) and len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two


# --- scalars of YAML 1.2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6), ("1E-6", 1e-6), ("1e6", 1e6), ("1e+6", 1e6), ("-1.5e-3", -1.5e-3), ("1.", 1.0), (".5", 0.5),
        ("-.5", -0.5), ("+.5e3", 500.0), ("0", 0), ("-0", 0), ("+7", 7), ("007", 7), ("017", 17), ("0o17", 15),
        ("0x1F", 31), ("0xff", 255), ("12345678901234567890", 12345678901234567890), ("0.1", 0.1), ("1e400", math.inf),
        (".inf", math.inf), ("+.inf", math.inf), ("-.inf", -math.inf),
        ("~", None), ("null", None), ("Null", None), ("NULL", None), ("", None),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
    ],
)  # fmt: skip
def test_plain_scalars_that_are_not_text(text: str, value: object) -> None:
    """Numbers, truth values and nothing are written as YAML 1.2 has it, leading zeros being decimal."""
    assert same(data(f"x: {text}\n")["x"], value)
    assert same(scalar(text), value)
    assert same(data(f"[{text or '~'}]"), [value])


def test_not_a_number() -> None:
    """The word .nan is the float that is no number."""
    assert math.isnan(data("x: .nan")["x"])


@pytest.mark.parametrize("text", [".Inf", ".INF", "-.Inf", "+.INF"])
def test_infinity_in_capitals(text: str) -> None:
    """YAML 1.2 spells infinity and not-a-number in small letters, in capitals, and with one capital."""
    assert data(f"x: {text}")["x"] in (math.inf, -math.inf)


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "off", "No", "YES", "n", "y", "On", "tRUE", "nULL", "none", "None", "nil", "undefined", "12:30",
     "1:2:3", "1_000", "0b11", "-0x1F", "0o8", "0xg", "0o", "1e", "e5", "1e5.0", ".", "+", "..", "1.2.3", "1,5",
     "2001-01-01", "2001-01-01T12:00:00Z", "=", "<<", "inf", "nan", "-inf", "infinity", "1 000", "5 MPa", "85 ± 5",
     "<10", "500-900", "+-5", "--5", "٣", "５", "½", "1e-6x", "n#5", "C:5", "a:b"],
)  # fmt: skip
def test_plain_scalars_that_are_text(text: str) -> None:
    """What YAML 1.1 took for a flag, a date, a sexagesimal or a binary number is text, as is all that is no number."""
    assert data(f"x: {text}\n") == {"x": text}
    assert scalar(text) == text


@pytest.mark.parametrize("text", ["5", "1e-6", "true", "~", "null", ".inf", "0o17", "", "no"])
def test_quoted_scalars_are_text(text: str) -> None:
    """Whatever stands in quotes, or in a block of text, is text."""
    for spelt in (f"'{text}'", f'"{text}"', f"|-\n  {text}" if text else "''"):
        assert data(f"x: {spelt}\n") == {"x": text}


def test_keys_are_text() -> None:
    """Every key is text, also one that would be a number or a flag as a value."""
    text = "1: a\n1.0: b\ntrue: c\n~: d\n? null\n: e\n'': f\n<<: g\n"
    assert data(text) == {"1": "a", "1.0": "b", "true": "c", "~": "d", "null": "e", "": "f", "<<": "g"}


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.floats(allow_nan=False) | st.integers(-(10**300), 10**300))
def test_numbers_are_read_back_exactly(number: float) -> None:
    """A number as Python prints it is read as the very same number."""
    text = repr(number).replace("inf", ".inf")
    assert same(scalar(text), number)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.text(st.sampled_from("0123456789+-.eExXoOabfinNtrue_:~ "), min_size=1, max_size=8))
def test_a_scalar_is_a_number_or_its_own_text(text: str) -> None:
    """A plain scalar is a number equal to what Python makes of it, a word of YAML, or the text as it stands."""
    value = scalar(text)
    if isinstance(value, str):
        assert value == text
    elif isinstance(value, float) and math.isnan(value):
        assert text in (".nan", ".NaN", ".NAN")
    elif isinstance(value, float):
        # YAML writes infinity with a point.
        assert value == float(text.lower().replace(".inf", "inf"))
    elif isinstance(value, int) and not isinstance(value, bool):
        assert value == int(text, 0 if text[:2] in ("0x", "0o") else 10)


def test_figures_of_any_length() -> None:
    """A figure of hundreds of digits is kept to the last, as a number or as text."""
    assert data("x: " + "7" * 300)["x"] == int("7" * 300)
    assert str(data("x: " + "7" * 4000)["x"]) == "7" * 4000
    assert data("x: " + "7" * 20_000)["x"] == "7" * 20_000


@pytest.mark.parametrize("field", ["gap_seen", "wetting", "coating"])
def test_a_long_hexadecimal_number_is_a_mistake_like_any_other(field: str) -> None:
    """A hexadecimal number of thousands of digits in the place of a word is refused like any other number."""
    from diagnose.casefile import case_of
    from diagnose.errors import CaseError

    text = f"electrolyte: LLZO\nelectrode_role: anode\n{field}: 0x{'f' * 5000}\n"
    with pytest.raises(CaseError):
        case_of(parse_yaml(text, "a.yaml"))


# --- what is refused


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("a: 1\nb: 2\na: 3\n", ["a.yaml:3:1: a: stands twice (first on line 1). Keep one of the two."]),
        ("x:\n  a: 1\n  b: 2\n  a: 3\n", ["a.yaml:4:3: x.a: stands twice (first on line 2). Keep one of the two."]),
        ("- {a: 1, a: 2}\n", ["a.yaml:1:10: 0.a: stands twice (first on line 1). Keep one of the two."]),
        ("a: {b: 1}\nc: 1\na: {b: 2}\n", ["a.yaml:3:1: a: stands twice (first on line 1). Keep one of the two."]),
        ("'a': 1\n\"a\": 2\n", ["a.yaml:2:1: a: stands twice (first on line 1). Keep one of the two."]),
        ("? a\n: 1\n? a\n: 2\n", ["a.yaml:3:3: a: stands twice (first on line 1). Keep one of the two."]),
        ("a: 1\r\nb: 2\r\nb: 3", ["a.yaml:3:1: b: stands twice (first on line 2). Keep one of the two."]),
        ("[a]: 1\n", ["a.yaml:1:1: a key must be plain text"]),
        ("x: {{a: 1}: 2}\n", ["a.yaml:1:5: x: a key must be plain text"]),
        ("a: !x 1\n", ["a.yaml:1:4: a: the tag !x is not allowed. Write plain values."]),
        ("a: !x [1]\n", ["a.yaml:1:4: a: the tag !x is not allowed. Write plain values."]),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            ["a.yaml:1:4: a: the tag !!python/object/apply:os.system is not allowed. "
             "Write plain values."],
        ),
        (
            "a: !<tag:example.com,2000:x> 1\n",
            ["a.yaml:1:4: a: the tag tag:example.com,2000:x is not allowed. Write plain values."],
        ),
        ("--- a\n--- b\n", ["a.yaml:2: holds several documents. Keep one document, without `---` lines."]),
        ("a: 1\n---\nb: 2\n", ["a.yaml:3: holds several documents. Keep one document, without `---` lines."]),
        ("", ["a.yaml: is empty. Write at least electrolyte and electrode_role."]),
        ("# a remark\n", ["a.yaml: is empty. Write at least electrolyte and electrode_role."]),
    ],
)  # fmt: skip
def test_yaml_that_is_refused(text: str, answers: list[str]) -> None:
    """Duplicate keys, tags, several documents and broken text are refused with place and remedy."""
    assert told(text) == answers


TABS, COLONS = "Indent with spaces, not tabs.", "Write one `field: value` a line; put text with a colon in quotes."


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [("a: 1\n\tb: 2\n", "2:1", TABS), ("\ta: 1\n", "1:1", TABS), ("a: b: c\n", "1:5", COLONS),
     ("a: *b\n", "1:4", COLONS), ("a: 'b\n", "2:1", COLONS), ("a: 1\n b: 2\n", "2:3", COLONS),
     ("a: [1\nb: 2\n", "2:2", COLONS)],
)  # fmt: skip
def test_broken_yaml_is_refused_with_a_hint(text: str, place: str, hint: str) -> None:
    """Text that is no YAML is refused at its place, with a hint at the usual slip."""
    (answer,) = told(text)
    assert answer.startswith(f"a.yaml:{place}: is not valid YAML: ")
    assert answer.endswith(f". {hint}")


def test_several_mistakes_are_told_in_one_pass() -> None:
    """Duplicate keys, tags and keys that are no text are told together, in the order of the file."""
    text = "a: !x 1\nb: 2\nb: 3\nc: [!y {}, {d: 1, d: 2}]\n? [e]\n: 4\nb: !z 5\n"
    found = problems(text)
    assert [(each.line, each.column, each.field) for each in found] == [
        (1, 4, "a"), (3, 1, "b"), (4, 5, "c.0"), (4, 19, "c.1.d"), (5, 3, ""), (7, 1, "b"),
    ]  # fmt: skip


def test_third_copy_of_a_key_names_the_first() -> None:
    """A key that stands three times is told twice, each time with the line of the first."""
    assert [each.message for each in problems("a: 1\na: 2\na: 3\n")] == ["stands twice (first on line 1)"] * 2


def test_line_of_the_first_copy_is_that_of_its_key() -> None:
    """The line told for the first of two keys is that of the key, wherever its value stands."""
    assert problems("a:\n  1\nb: 2\na: 3\n")[0].message == "stands twice (first on line 1)"


@pytest.mark.parametrize(
    "text", ["!x a: 1\n", "!!python/name:os.system a: 1\n", "{!!python/object:os.system a: 1}", "? !x a\n: 1\n"]
)
def test_tag_of_a_key_is_refused(text: str) -> None:
    """A tag before a key is refused like one before a value."""
    assert "is not allowed" in told(text)[0]


@pytest.mark.parametrize("text", ["!!str 5", "!!binary aGk=", "!!set {a, b}", "!!float 5", "!!int '5'"])
def test_tags_of_yaml_itself_are_not_dropped_in_silence(text: str) -> None:
    """A tag such as !!str, which would change the value, is refused."""
    assert "is not allowed" in told(f"x: {text}")[0]


@pytest.mark.parametrize("text", ["a: \0", "a: 1\nb: \x07\n", "a: \x1b[31m", "a: \ud800", "\ufffe: 1"])
def test_characters_that_are_no_text_are_refused(text: str) -> None:
    """NUL, control characters and half a surrogate pair are refused as no YAML."""
    assert problems(text)[0].message.startswith("is not valid YAML: ")


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
                  + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]),
        "\n".join(["a0: &a0 {k: x, l: x}"] + [f"a{i}: &a{i} {{k: *a{i - 1}, l: *a{i - 1}}}" for i in range(1, 40)]),
        "&a [*a]",
        "&a [*a, *a]",
        "a: &a {b: *a}",
        "a: &a {b: [1, {c: *a, d: *a}]}",
        "[" * 100 + "]" * 100,
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "\n".join(" " * depth + "a:" for depth in range(300)),
    ],
    ids=["bomb of lists", "bomb of mappings", "itself", "itself twice", "itself in a mapping", "itself far below",
         "deep", "open lists", "open mappings", "dashes", "question marks", "steps"],
)  # fmt: skip
def test_bombs_are_refused_quickly(text: str) -> None:
    """Text of a few lines that stands for billions of values, or for itself, is refused in no time."""
    start = time.process_time()
    (problem,) = problems(text)
    assert time.process_time() - start < 5
    assert "nested" in problem.message or "nesting" in problem.message
    assert problem.line > 0


def test_limits_of_depth_and_size() -> None:
    """Data as deep as is allowed is read, one level more is refused, in YAML and in JSON."""
    for parse in (parse_yaml, parse_json):
        assert parse("[" * DEEPEST + "1" + "]" * DEEPEST, "a").positions[(0,) * DEEPEST] == (1, DEEPEST + 1)
        assert "deeply nested" in told("[" * (DEEPEST + 1) + "1" + "]" * (DEEPEST + 1), parse)[0]
    many = "[" + "1," * (MOST_NODES - 2) + "1]"
    assert len(data(many, parse_json)) == MOST_NODES - 1
    assert "too many values" in told(many.replace("[", "[1,"), parse_json)[0]


def test_alias_is_read_as_a_copy() -> None:
    """An alias stands for what its anchor holds, each copy under its own place."""
    document = parse_yaml("a: &x {k: 1}\nb: *x\nc: [*x]\n", "a.yaml")
    assert document.data == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}]}
    assert document.data["a"] is not document.data["b"]
    assert document.where(("b", "k")) == document.where(("a", "k")) == (1, 11)
    assert document.where(("b",)) == (2, 1)


# --- JSON


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("", ["a.yaml:1:1: is not valid JSON: Expecting value"]),
        ("nan", ["a.yaml:1:1: is not valid JSON: Expecting value"]),
        ('{"a": NaN}', ["a.yaml: NaN is not a number. Leave the field out when it is unknown."]),
        ("[Infinity]", ["a.yaml: Infinity is not a number. Leave the field out when it is unknown."]),
        ("[-Infinity]", ["a.yaml: -Infinity is not a number. Leave the field out when it is unknown."]),
        ('{"a": 1}x', ["a.yaml:1:9: is not valid JSON: Extra data"]),
        ("{'a': 1}", ["a.yaml:1:2: is not valid JSON: Expecting property name enclosed in double quotes"]),
        ('{"a": 01}', ["a.yaml:1:8: is not valid JSON: Expecting ',' delimiter"]),
        ('{\n "a": tru}', ["a.yaml:2:7: is not valid JSON: Expecting value"]),
        ('["\t"]', ["a.yaml:1:3: is not valid JSON: Invalid control character at"]),
        ('["\0"]', ["a.yaml:1:3: is not valid JSON: Invalid control character at"]),
        ("[" + "1" * 5000 + "]", ["a.yaml: holds a figure with too many digits. Write it as 1e9."]),
        ('{"a": 1,\n "b": 2,\n "a": 3}', ["a.yaml:3:2: a: stands twice (first on line 1). Keep one of the two."]),
        (
            '{"a": {"b": 1, "b": 2},\n "a": 3,\n "a": 4}',
            [
                f"a.yaml:{place}: stands twice (first on line 1). Keep one of the two."
                for place in ("1:16: a.b", "2:2: a", "3:2: a")
            ],
        ),
        ('{"a": 1, "\\u0061": 2}', ["a.yaml:1:10: a: stands twice (first on line 1). Keep one of the two."]),
    ],
    ids=lambda value: ascii(value)[:30],
)  # fmt: skip
def test_json_that_is_refused(text: str, answers: list[str]) -> None:
    """NaN, infinity, duplicate keys and broken JSON are refused with their places."""
    assert told(text, parse_json) == answers


def test_duplicate_keys_in_json_are_told_as_in_yaml() -> None:
    """A duplicate key is told with both places and its whole path, in JSON as in YAML."""
    text = '{"x": {"a": 1,\n"a": 2}}'
    assert told(text, parse_json) == told(text)


@pytest.mark.parametrize("parse", [parse_yaml, parse_json])
def test_any_value_may_stand_at_the_top(parse: Parse) -> None:
    """A list, a text or a number is a document too; whether it makes sense is for others to say."""
    assert data("[]", parse) == []
    assert data('"a"', parse) == "a"
    assert data("5", parse) == 5
    assert data("{}", parse) == {}


# --- places


@dataclass
class Sheet:
    """A text that is written while the place of each value is noted."""

    text: str = ""
    places: dict[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict)

    def mark(self, place: tuple[str | int, ...]) -> None:
        self.places[place] = (self.text.count("\n") + 1, len(self.text) - self.text.rfind("\n"))


KEYS = st.text(st.sampled_from("abcxyzäß😀_"), min_size=1, max_size=5)
LEAVES = st.sampled_from(["5", "1e-6", "true", "text", "'quoted: text'", '"Ω cm²"', "~", "5 ± 1"])
TREES: Any = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3)
    ),
    max_leaves=10,
)  # fmt: skip
NOISE = st.lists(st.sampled_from(["", "# a remark: not a value", "  # äöü 😀", "   "]), min_size=30, max_size=30)


def block(sheet: Sheet, tree: Any, place: tuple[str | int, ...], depth: int, noise: list[str]) -> None:
    """Block style: a value behind its key or dash, a mapping or list under a key on the lines below it."""

    def gap() -> None:
        if noise and (line := noise.pop()):
            sheet.text += line + "\n"

    pad = "  " * depth
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for name, value in items:
        gap()
        sheet.text += pad
        nested = isinstance(value, (dict, list))
        if isinstance(tree, dict):
            if nested:
                sheet.mark((*place, name))
                sheet.text += f"{name}:\n"
                block(sheet, value, (*place, name), depth + 1, noise)
                continue
            sheet.text += f"{name}: "
        else:
            sheet.text += "- "
            if nested:
                sheet.mark((*place, name))
                flow(sheet, value, (*place, name), yaml=True)
                sheet.text += "\n"
                continue
        sheet.mark((*place, name))
        sheet.text += f"{value}\n"


def flow(sheet: Sheet, tree: Any, place: tuple[str | int, ...], yaml: bool, space: str = " ") -> None:
    """Flow style. JSON marks a mapping or list under a key at its bracket, YAML at its key."""
    if not isinstance(tree, (dict, list)):
        sheet.mark(place)
        sheet.text += tree if yaml else json.dumps(tree, ensure_ascii=False)
        return
    if place not in sheet.places:
        sheet.mark(place)
    sheet.text += "{" if isinstance(tree, dict) else "["
    for number, (name, value) in enumerate(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        sheet.text += f",{space}" if number else space
        if isinstance(tree, dict):
            if yaml and isinstance(value, (dict, list)):
                sheet.mark((*place, name))
            sheet.text += f"{name}: " if yaml else f"{json.dumps(name, ensure_ascii=False)}{space}:{space}"
        flow(sheet, value, (*place, name), yaml, space)
    sheet.text += space + ("}" if isinstance(tree, dict) else "]")


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4) | st.lists(TREES, min_size=1, max_size=4), NOISE)
def test_places_in_block_style(tree: Any, noise: list[str]) -> None:
    """Every value is found at its line and column, a mapping or list under a key at the key, whatever lies between."""
    sheet = Sheet()
    block(sheet, tree, (), 0, list(noise))
    document = parse_yaml(sheet.text, "a.yaml")
    assert {place: document.where(place) for place in sheet.places} == sheet.places
    assert set(document.positions) == {(), *sheet.places}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(TREES, st.sampled_from([" ", "\n  ", "  "]))
def test_places_in_flow_style(tree: Any, space: str) -> None:
    """In flow style every value is found at its line and column too."""
    sheet = Sheet("# a remark\n")
    flow(sheet, tree, (), yaml=True, space=space)
    assert dict(parse_yaml(sheet.text, "a.yaml").positions) == sheet.places


JSON_SPACE = st.sampled_from(["", " ", "\n", "\r\n", "\t", " \n\t "])


@settings(derandomize=True, deadline=None, max_examples=200)
@given(TREES, JSON_SPACE, JSON_SPACE)
def test_places_in_json(tree: Any, space: str, head: str) -> None:
    """In JSON every value is found at its line and column, with any space that JSON allows."""
    sheet = Sheet(head)
    flow(sheet, tree, (), yaml=False, space=space)
    document = parse_json(sheet.text, "a.json")
    assert document.data == tree
    assert dict(document.positions) == sheet.places


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=3), st.lists(KEYS | st.integers(0, 9), max_size=4))
def test_a_place_that_is_not_there_is_that_of_the_nearest_thing_around(
    tree: Any, steps: list[str | int]
) -> None:  # fmt: skip
    """For a missing value the place is that of the innermost thing that is there."""
    sheet = Sheet()
    block(sheet, tree, (), 0, [])
    document = parse_yaml(sheet.text, "a.yaml")
    place = tuple(steps)
    while place not in document.positions:
        place = place[:-1]
    assert document.where(tuple(steps)) == document.positions[place]


def test_line_ends_and_byte_order_mark_move_nothing() -> None:
    """Places and values are the same with any line ends, and with a byte order mark in the file."""
    text = "# remark\na: 1\nb:\n  - x: 'é'\n    y: 2\n"
    plain = parse_yaml(text, "a")
    for other in (text.replace("\n", "\r\n"), text.replace("\n", "\r")):
        assert parse_yaml(other, "a") == plain
    assert parse_yaml(decoded(b"\xef\xbb\xbf" + text.encode(), "a"), "a") == plain
    assert parse_yaml("\ufeff" + text, "a") == plain


def test_document_without_places() -> None:
    """A document whose positions were not kept says so with zeros, and its problems name no line."""
    document = Document("made by hand", {"a": 1}, {})
    assert document.where(("a",)) == (0, 0)
    assert str(document.problem(("a", 0), "is wrong", "Mend it.")) == "made by hand: a.0: is wrong. Mend it."


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    kind: str
    size: float


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    parts: list[Inner]


def test_mistakes_of_a_model_are_told_with_their_places() -> None:
    """Each mistake that a schema finds gets file, line, column and path, and says what to do."""
    document = parse_yaml("top:\n  parts:\n  - kind: a\n    size: big\n  - size: 1\n    knid: b\n", "a.yaml")
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(document.data["top"])
    assert [str(each) for each in document.problems(caught.value, ("top",))] == [
        "a.yaml:4:11: top.parts.0.size: Input should be a valid number",
        "a.yaml:5:5: top.parts.1.kind: is missing. Add it.",
        "a.yaml:6:11: top.parts.1.knid: is not a known key here. Check its spelling, or take it out.",
    ]


# --- files


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(["a: 1", "é", "", "#"]), max_size=6), st.sampled_from([b"\xff", b"\xc3", b"\xe9t\xe9"]))
def test_line_of_what_is_not_utf8(lines: list[str], bad: bytes) -> None:
    """Bytes that are no UTF-8 are refused with the line they stand on."""
    head = "\n".join(lines).encode()
    with pytest.raises(FileError) as caught:
        decoded(head + bad + b"\nmore: 1\n", "a.yaml")
    line = head.count(b"\n") + 1
    assert str(caught.value) == f"a.yaml:{line}: is not UTF-8 text. Save the file as UTF-8."


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"", "a: is empty. Write at least electrolyte and electrode_role."),
        (b" \t\r\n", "a: is empty. Write at least electrolyte and electrode_role."),
        (b"a: 1\0", "a: is binary, not text. Give a YAML or JSON file."),
        ("a: 1".encode("utf-16"), "a: is binary, not text. Give a YAML or JSON file."),
        ("a: é".encode("latin-1"), "a:1: is not UTF-8 text. Save the file as UTF-8."),
    ],
)
def test_bytes_that_are_no_text(raw: bytes, answer: str) -> None:
    """Nothing, binary data and other encodings are refused with what to do."""
    with pytest.raises(FileError) as caught:
        decoded(raw, "a")
    assert str(caught.value) == answer


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1, max_size=30))
def test_text_is_decoded_as_it_was_written(text: str) -> None:
    """UTF-8 is read to the letter, with or without a byte order mark, line ends included."""
    if text.encode().strip():
        assert decoded(text.encode(), "a") == decoded(text.encode("utf-8-sig"), "a") == text


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a directory and a file over the limit are named, the first with the nearest name beside it."""
    (tmp_path / "cell.yaml").write_text("a: 1\n", encoding="utf-8")

    def refusal(path: Path, limit: int = 1000) -> str:
        with pytest.raises(FileError) as caught:
            read_text(path, limit)
        return str(caught.value).removeprefix(str(path))

    assert refusal(tmp_path / "cel.yaml") == ": there is no such file. Did you mean cell.yaml?"
    assert refusal(tmp_path / "no" / "cell.yaml") == ": there is no such file"
    assert refusal(tmp_path) == ": is a directory. Name a file in it."
    assert refusal(tmp_path / "cell.yaml", 4).startswith(": is too large (0 MB, at most 0 MB).")
    assert refusal(tmp_path / "cell.yaml" / "x").startswith(": cannot be read (")
    assert refusal(tmp_path / ("x" * 5000)).startswith(": cannot be read (")
    assert read_text(tmp_path / "cell.yaml", 5) == "a: 1\n"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_link_to_itself(tmp_path: Path) -> None:
    """A link that leads to itself cannot be read, and is refused as such."""
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    with pytest.raises(FileError, match=r"cannot be read"):
        read_text(tmp_path / "loop.yaml")


# --- round trips

# Text that YAML calls printable, without the line ends of YAML 1.1 that JSON does not know.
PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\u2028\u2029\ufeff"),
    max_size=12,
)  # fmt: skip
VALUES = (
    st.none() | st.booleans() | st.integers(-(10**200), 10**200) | PRINTABLE
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
JSONLIKE: Any = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PRINTABLE, inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=300)
@given(JSONLIKE, st.sampled_from([None, 0, 2]), st.sampled_from([(", ", ": "), (",", ":")]))
def test_json_is_read_the_same_as_json_and_as_yaml(value: Any, indent: int | None, marks: tuple[str, str]) -> None:
    """Any data, dumped as JSON, comes back the same from both parsers, in value and in type."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=marks)
    assert same(data(text, parse_json), value)
    assert same(data(json.dumps(value), parse_json), value)
    if value is not None:
        assert same(data(text, parse_yaml), value)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(JSONLIKE)
def test_yaml_dumped_by_others_is_read_the_same(value: Any) -> None:
    """What the YAML library dumps is read back, but for the words that only YAML 1.1 takes for something else."""
    import yaml

    if value is not None:
        assert same(data(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), parse_yaml), value)


PIECES = st.sampled_from(
    [*"abc:-?[]{},#&*!|>'\"%@`\\ \n\t\r\0~=", "\n  ", "\n- ", ": ", "- ", "&a ", "*a", "!!str ", "!x ", "<<: *a",
     "---\n", "...\n", "%YAML 1.2\n", "1e5", ".inf", "\ufeff", "\u2028", "\x85", "\ud800", "😀", "0x1f",
     "true", "\"\\u12\"", "'"]
)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=2000)
@given(st.text(max_size=30) | st.lists(PIECES, max_size=15).map("".join), st.sampled_from([parse_yaml, parse_json]))
def test_any_text_is_read_or_refused(text: str, parse: Parse) -> None:
    """Whatever the text, it gives a document whose values all have a place, or a FileError that names the file."""
    try:
        document = parse(text, "a.yaml")
    except FileError as error:
        found = error.problems
        lines = [each.line for each in found]
    else:
        assert all(line > 0 and column > 0 for line, column in document.positions.values())
        return
    assert found
    assert all(each.file == "a.yaml" and each.message for each in found)
    assert max(lines) <= text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + 2
