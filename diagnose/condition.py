"""The condition language of the rules, with three truth values: true, false and unknown.

Negation is pushed to the leaves when a condition is read, so a compiled condition holds only leaves, `all` and `any`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnose.quantity import Span

Value = Span | str | bool | None
Truth = bool | None
Test = Callable[[Mapping[str, Value], Mapping[str, Truth]], Truth]

NUMBER_TESTS = ("above", "below", "at_least", "at_most", "between")
TESTS = (*NUMBER_TESTS, "is", "in", "known", "unknown")


@dataclass(frozen=True)
class Leaf:
    """One test of one fact; true when the test comes out as `want`."""

    name: str
    test: str
    args: tuple[Any, ...]
    want: bool = True


@dataclass(frozen=True)
class FindingLeaf:
    """A finding that must hold (`want` true) or must definitely not hold (`want` false)."""

    name: str
    want: bool = True


@dataclass(frozen=True)
class All:
    """Every part must hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any_:  # noqa: N801 - beside typing.Any
    """At least one part must hold."""

    parts: tuple[Condition, ...]


Condition = Leaf | FindingLeaf | All | Any_


def leaf_test(test: str, args: tuple[Any, ...], value: Value) -> Truth:
    """Outcome of a test on a value, which may be of any type; without a value only `known` and `unknown` come out."""
    if test == "known":
        return value is not None
    if test == "unknown":
        return value is None
    if test in NUMBER_TESTS:
        return _number_test(test, args, value) if isinstance(value, Span) else None
    if isinstance(value, Span):
        return _is_number(args, value)
    return None if value is None else any(type(value) is type(arg) and value == arg for arg in args)


def _is_number(args: tuple[Any, ...], value: Span) -> Truth:
    hit = any(value.low <= arg <= value.high for arg in args if not isinstance(arg, (str, bool)))
    return hit if not hit or value.low == value.high else None


def _number_test(test: str, args: tuple[Any, ...], value: Span) -> Truth:
    low, high = value
    if test == "above":
        return True if low > args[0] else False if high <= args[0] else None
    if test == "at_least":
        return True if low >= args[0] else False if high < args[0] else None
    if test == "below":
        return True if high < args[0] else False if low >= args[0] else None
    if test == "at_most":
        return True if high <= args[0] else False if low > args[0] else None
    if low >= args[0] and high <= args[1]:
        return True
    return False if high < args[0] or low > args[1] else None


def evaluate(condition: Condition, facts: Mapping[str, Value], findings: Mapping[str, Truth]) -> Truth:
    """Truth of a condition by Kleene's logic."""
    if isinstance(condition, Leaf):
        outcome = leaf_test(condition.test, condition.args, facts.get(condition.name))
        return None if outcome is None else outcome is condition.want
    if isinstance(condition, FindingLeaf):
        outcome = findings.get(condition.name)
        return None if outcome is None else outcome is condition.want
    decisive = isinstance(condition, Any_)
    unknown = False
    for part in condition.parts:
        outcome = evaluate(part, facts, findings)
        if outcome is decisive:
            return decisive
        unknown = unknown or outcome is None
    return None if unknown else not decisive


def compiled(condition: Condition) -> Test:
    """`evaluate` for one condition, as a function that no longer looks at its shape."""
    if isinstance(condition, Leaf):
        name, test, args, want = condition.name, condition.test, condition.args, condition.want
        decided = test in ("known", "unknown")

        def leaf(facts: Mapping[str, Value], findings: Mapping[str, Truth]) -> Truth:
            value = facts.get(name)
            if value is None and not decided:
                return None
            outcome = leaf_test(test, args, value)
            return None if outcome is None else outcome is want

        return leaf
    if isinstance(condition, FindingLeaf):
        name, want = condition.name, condition.want

        def finding(facts: Mapping[str, Value], findings: Mapping[str, Truth]) -> Truth:
            outcome = findings.get(name)
            return None if outcome is None else outcome is want

        return finding
    decisive = isinstance(condition, Any_)
    parts = tuple(compiled(part) for part in condition.parts)

    def group(facts: Mapping[str, Value], findings: Mapping[str, Truth]) -> Truth:
        unknown = False
        for part in parts:
            outcome = part(facts, findings)
            if outcome is decisive:
                return decisive
            if outcome is None:
                unknown = True
        return None if unknown else not decisive

    return group


def negate(condition: Condition) -> Condition:
    """The opposite condition, with the negation at the leaves."""
    if isinstance(condition, Leaf):
        return Leaf(condition.name, condition.test, condition.args, not condition.want)
    if isinstance(condition, FindingLeaf):
        return FindingLeaf(condition.name, not condition.want)
    parts = tuple(negate(part) for part in condition.parts)
    return Any_(parts) if isinstance(condition, All) else All(parts)


def branching(condition: Condition) -> int:
    """How many conjunctions a condition is when it is written out as alternatives."""
    if isinstance(condition, (Leaf, FindingLeaf)):
        return 1
    counts = [branching(part) for part in condition.parts]
    return math.prod(counts) if isinstance(condition, All) else sum(counts)


def leaves(condition: Condition) -> Iterator[Leaf | FindingLeaf]:
    """Every leaf, from left to right."""
    if isinstance(condition, (Leaf, FindingLeaf)):
        yield condition
    else:
        for part in condition.parts:
            yield from leaves(part)


def wanted(
    condition: Condition, facts: Mapping[str, Value], findings: Mapping[str, Truth]
) -> Sequence[Leaf | FindingLeaf]:
    """The unknown leaves that keep an unknown condition from being decided."""
    return _open(condition, facts, findings)[1]


def _open(
    condition: Condition, facts: Mapping[str, Value], findings: Mapping[str, Truth]
) -> tuple[Truth, Sequence[Leaf | FindingLeaf]]:
    """Truth of a condition, and the leaves for want of which it is unknown."""
    if isinstance(condition, (Leaf, FindingLeaf)):
        outcome = evaluate(condition, facts, findings)
        return outcome, (condition,) if outcome is None else ()
    decisive = isinstance(condition, Any_)
    found: list[Leaf | FindingLeaf] = []
    for part in condition.parts:
        outcome, leaves_ = _open(part, facts, findings)
        if outcome is decisive:
            return decisive, ()
        found += leaves_
    return (None, found) if found else (not decisive, ())


Complain = Callable[[tuple[Any, ...], str, str], None]


def parse(data: Any, place: tuple[Any, ...], complain: Complain) -> Condition:
    """A condition from plain data; `complain(place, message, hint)` is told of every mistake."""
    if not isinstance(data, Mapping) or not data:
        complain(place, "is not a condition", "Write {field: value}, {field: {above: 1}}, all, any or not.")
        return All(())
    parts: list[Condition] = []
    for key, value in data.items():
        inside = (*place, key)
        if key in ("all", "any"):
            parts.append(_group(key, value, inside, complain))
        elif key == "not":
            parts.append(negate(parse(value, inside, complain)))
        elif key == "finding":
            names = value if isinstance(value, list) else [value]
            if not names:
                complain(inside, "names no finding", "Write {finding: name} or {finding: [name, name]}.")
            found = tuple(FindingLeaf(str(name)) for name in names)
            parts.append(found[0] if len(found) == 1 else Any_(found))
        else:
            parts.append(_test(str(key), value, inside, complain))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _group(key: str, value: Any, place: tuple[Any, ...], complain: Complain) -> Condition:
    if not isinstance(value, list) or not value:
        complain(place, f"needs a list of conditions under {key}", f"Write {key}: [{{...}}, {{...}}].")
        return All(())
    parts = tuple(parse(item, (*place, index), complain) for index, item in enumerate(value))
    return All(parts) if key == "all" else Any_(parts)


def _test(name: str, value: Any, place: tuple[Any, ...], complain: Complain) -> Condition:
    if isinstance(value, (list, Mapping)) and not value:
        complain(place, "compares with nothing", f"Write {{{name}: {{above: 1}}}}, or a value or a list of values.")
    if isinstance(value, list):
        return Leaf(name, "in", tuple(value))
    if not isinstance(value, Mapping):
        if value is None:
            complain(place, "compares with nothing", "Write {known: true} or {unknown: true}.")
        return Leaf(name, "is", (value,))
    parts = [_comparison(name, test, args, (*place, test), complain) for test, args in value.items()]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _comparison(name: str, test: str, args: Any, place: tuple[Any, ...], complain: Complain) -> Leaf:
    if test not in TESTS:
        complain(place, f"{test!r} is not a test", f"Choose from {', '.join(TESTS)}.")
    elif test in ("known", "unknown"):
        if args is not True:
            complain(
                place,
                f"{test} takes only true",
                f"Write {{{'unknown' if test == 'known' else 'known'}: true}} for the opposite.",
            )
        return Leaf(name, test, ())
    elif test == "between":
        figures = args if isinstance(args, list) else [args]
        if len(figures) != 2 or not all(_figure(each) for each in figures) or figures[0] > figures[1]:
            complain(place, "between takes two figures, the lower first", "Write {between: [0.3, 1.1]}.")
            figures = [0.0, 0.0]
        return Leaf(name, test, (float(figures[0]), float(figures[1])))
    elif test in NUMBER_TESTS:
        if not _figure(args):
            complain(place, f"{test} takes one figure", f"Write {{{test}: 1.5}}.")
            args = 0.0
        return Leaf(name, test, (float(args),))
    elif isinstance(args, list) and not args:
        complain(place, "compares with nothing", f"Write {{{test}: [value, value]}}.")
    return Leaf(name, test, tuple(args) if isinstance(args, list) else (args,))


def _figure(value: Any) -> bool:
    """Whether a value is a finite number; a whole number may be too large for a float."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


_SYMBOLS = {"above": ">", "below": "<", "at_least": ">=", "at_most": "<="}


def describe(condition: Condition) -> str:
    """A condition in words."""
    if isinstance(condition, FindingLeaf):
        return condition.name if condition.want else f"not {condition.name}"
    if isinstance(condition, Leaf):
        return _leaf_words(condition)
    glue = " and " if isinstance(condition, All) else " or "
    return glue.join(
        f"({describe(part)})" if isinstance(part, (All, Any_)) else describe(part) for part in condition.parts
    )


def _leaf_words(leaf: Leaf) -> str:
    if leaf.test in ("known", "unknown"):
        return f"{leaf.name} {'is' if leaf.want else 'is not'} {leaf.test}"
    if leaf.test == "between":
        text = f"{leaf.name} {leaf.args[0]:g} to {leaf.args[1]:g}"
    elif leaf.test in _SYMBOLS:
        text = f"{leaf.name} {_SYMBOLS[leaf.test]} {leaf.args[0]:g}"
    else:
        words = " or ".join(str(arg).lower() if isinstance(arg, bool) else str(arg) for arg in leaf.args)
        text = f"{leaf.name} is {words}"
    return text if leaf.want else f"not ({text})"
