"""The conditions of a rule book as one program over columns: the third evaluator, for many cases at once.

Conditions are broken into leaves, conjunctions and disjunctions; equal parts are one node, whichever rule they are of.
A finding is replaced by its condition, so findings chain without being asserted. A node says where its condition is
definitely true; "definitely not" is the node of the negated condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from diagnose.column import Column, Mask, both, definitely, settled, without
from diagnose.condition import All, Condition, FindingLeaf, Leaf, negate
from diagnose.rulebook import RuleBook

NEVER = -1


@dataclass(frozen=True)
class Test:
    """A leaf."""

    leaf: Leaf


@dataclass(frozen=True)
class Group:
    """A conjunction (`every`) or a disjunction of nodes."""

    every: bool
    parts: tuple[int, ...]


@dataclass
class Program:
    """Nodes, each built on earlier ones only, and where to find the condition of each rule."""

    book: RuleBook
    nodes: list[Test | Group] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)
    _numbers: dict[object, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.book.rules.values():
            # A contradiction is looked for before anything is inferred: to it every finding is unknown.
            self.rules[rule.id] = self.node(rule.when, findings=rule.kind != "contradiction")

    def node(self, condition: Condition, findings: bool = True) -> int:
        """Number of the node for a condition; NEVER for one that cannot come out."""
        if isinstance(condition, Leaf):
            # To Python 1, 1.0 and True are equal, but no test of a flag is one of a figure: types belong to the key.
            key = (condition, tuple(map(type, condition.args)))
            return self._put(key, Test(condition))
        if isinstance(condition, FindingLeaf):
            if not findings:
                return NEVER
            when = self.book.rules[f"finding.{condition.name}"].when
            return self.node(when if condition.want else negate(when))
        every = isinstance(condition, All)
        parts = tuple(sorted({self.node(part, findings) for part in condition.parts}))
        if every and NEVER in parts:
            return NEVER
        parts = tuple(part for part in parts if part != NEVER)
        if len(parts) == 1:
            return parts[0]
        if not parts and not every:
            return NEVER
        return self._put((every, parts), Group(every, parts))

    def _put(self, key: object, node: Test | Group) -> int:
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
        return found


class Run:
    """One evaluation of a program. Nodes are worked out when asked for, each once."""

    def __init__(self, program: Program, facts: Mapping[str, Column]) -> None:
        self.program, self.facts = program, facts
        self._found: dict[int, Mask] = {NEVER: False}

    def rule(self, name: str) -> Mask:
        """Where a rule definitely holds."""
        return self.value(self.program.rules[name])

    def value(self, number: int) -> Mask:
        """Where the condition of a node definitely holds."""
        found = self._found.get(number)
        if found is None:
            found = self._found[number] = self._work_out(self.program.nodes[number])
        return found

    def _work_out(self, node: Test | Group) -> Mask:
        if isinstance(node, Test):
            leaf = node.leaf
            return settled(definitely(self.facts.get(leaf.name), leaf.test, leaf.args, leaf.want))
        every, fresh = node.every, False
        found: Mask = every
        for part in node.parts:
            value = self.value(part)
            if value is (not every):
                return not every
            if value is every:
                continue
            if found is every:
                found = value
            elif fresh:
                assert not isinstance(found, bool)
                if every:
                    found &= value
                else:
                    found |= value
            else:
                found, fresh = (found & value if every else found | value), True
            if every and fresh and not found.any():  # type: ignore[union-attr]
                return False
        return found


@dataclass(frozen=True)
class Open:
    """A condition with its parts, for asking in which rows it stays undecided and for want of which facts.

    `holds` and `fails` are the nodes of the condition and of its negation; `fact` is the fact that a leaf tests.
    """

    holds: int
    fails: int
    fact: str = ""
    parts: tuple[Open, ...] = ()

    def undecided(self, run: Run) -> Mask:
        """Where the condition neither holds nor definitely does not hold."""
        return settled(without(without(True, run.value(self.holds)), run.value(self.fails)))

    def wanted(self, run: Run, among: Mask = True) -> Iterator[tuple[str, Mask]]:
        """Facts for want of which the condition stays undecided, with the rows; the column form of `deciding`."""
        here = settled(both(self.undecided(run), among))
        if here is False:
            return
        if self.fact:
            yield self.fact, here
        for part in self.parts:
            yield from part.wanted(run, here)


def opened(program: Program, condition: Condition) -> Open:
    """A condition taken apart; findings are followed down to facts."""
    holds, fails = program.node(condition), program.node(negate(condition))
    if isinstance(condition, Leaf):
        return Open(holds, fails, condition.name)
    if isinstance(condition, FindingLeaf):
        return opened(program, program.book.rules[f"finding.{condition.name}"].when)
    return Open(holds, fails, "", tuple(opened(program, part) for part in condition.parts))
