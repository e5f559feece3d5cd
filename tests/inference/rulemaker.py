"""Rule books, conditions and facts made at random, and a direct reading of conditions that shares no code with ours.

`truth` reads the data of a condition as docs/rules.md explains it: a number test is true when it holds for every value
of an interval, false when it holds for none. It knows nothing of leaves, of negation pushed inwards or of compiling.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from diagnose.condition import NUMBER_TESTS, Truth, Value
from diagnose.engine import Session
from diagnose.interpreter import infer
from diagnose.quantity import Span
from diagnose.rulebook import FactInfo, Names, RuleBook
from diagnose.rulefile import load_rulebook
from diagnose.yamlfile import Document

# The same examples on every machine and in every run, however slow it is.
STABLE = settings(derandomize=True, deadline=None, database=None, suppress_health_check=(HealthCheck.too_slow,))

JUDGED = {"judgement": "judgement"}
SCALE = {
    "unit": "deciban",
    "weights": {"weak": 2.9, "moderate": 6.3, "strong": 9.3, "decisive": 12.8},
    "confidence": {"high": 1.0, "medium": 0.6667, "low": 0.3333},
    "priors": {"common": -6.0, "uncommon": -9.0, "rare": -12.0, "exceptional": -16.0},
    "cap": 30.0,
    "supported_from": -3.0,
    "because": "Made for a test.",
    "sources": JUDGED,
}
NUMBERS = ("width", "height", "electrode.depth", "derived.ratio")
CHOICES = {"colour": ("none", "red", "blue"), "electrode.kind": ("metal", "oxide")}
FLAGS = ("seen", "electrode.is_lithium")
TEXTS = ("electrolyte",)
WORDS = ("LLZO", "LiPON")
NAMES = Names(
    facts={
        **{name: FactInfo("number") for name in NUMBERS},
        **{name: FactInfo("choice", of) for name, of in CHOICES.items()},
        **{name: FactInfo("flag") for name in FLAGS},
        **{name: FactInfo("text") for name in TEXTS},
    },
    references=frozenset(JUDGED),
)
CAUSES = ("oak", "yew")
SCORES = tuple(f"cause.{slug}" for slug in CAUSES)
# 0 and 1 are among them because Python takes them for False and True.
THRESHOLDS = (-1.0, 0.0, 0.5, 1.0, 2.0)


def beside(threshold: float) -> tuple[float, float, float]:
    """One float below a threshold, the threshold, one float above it."""
    return math.nextafter(threshold, -math.inf), threshold, math.nextafter(threshold, math.inf)


EDGES = tuple(edge for threshold in THRESHOLDS for edge in beside(threshold))

# --- values and cases

points = st.sampled_from(EDGES).map(lambda edge: Span(edge, edge))
ranges = st.tuples(*[st.sampled_from((-math.inf, *EDGES, math.inf))] * 2).map(lambda ends: Span(*sorted(ends)))
numbers = st.one_of(points, points, ranges)


def values(name: str) -> st.SearchStrategy[Value]:
    """Values that a fact of this name may have, unknown among them."""
    if name in CHOICES:
        return st.sampled_from((*CHOICES[name], None))
    if name in FLAGS:
        return st.sampled_from((True, False, None))
    if name in TEXTS:
        return st.sampled_from((*WORDS, "something else", None))
    return st.one_of(st.none(), numbers)


FACTS = (*NUMBERS, *CHOICES, *FLAGS, *TEXTS)


def cases(names: Iterable[str] = FACTS) -> st.SearchStrategy[dict[str, Value]]:
    """Facts of one case; unknown ones are absent."""
    made = st.fixed_dictionaries({name: values(name) for name in names})
    return made.map(lambda facts: {name: value for name, value in facts.items() if value is not None})


def drawn(seed: int, count: int) -> list[dict[str, Value]]:
    """Cases by the dozen, scores of causes among their facts; drawn from a seed, which is faster than one by one."""
    draw = random.Random(seed)
    ends = (-math.inf, *EDGES, math.inf)

    def value(name: str) -> Value:
        if name in CHOICES:
            return draw.choice((*CHOICES[name], None))
        if name in FLAGS:
            return draw.choice((True, False, None))
        if name in TEXTS:
            return draw.choice((*WORDS, "something else", None))
        edge = draw.choice(EDGES)
        return draw.choice((Span(edge, edge), Span(edge, edge), Span(*sorted((edge, draw.choice(ends)))), None))

    made = [{name: value(name) for name in (*FACTS, *SCORES)} for _ in range(count)]
    return [{name: value for name, value in facts.items() if value is not None} for facts in made]


# --- conditions

_thresholds = st.sampled_from(THRESHOLDS)
_pairs = st.tuples(_thresholds, _thresholds).map(sorted)


def _number_tests(name: str) -> st.SearchStrategy[dict[str, Any]]:
    single = st.sampled_from([test for test in NUMBER_TESTS if test != "between"])
    compared = st.builds(lambda test, figure: {test: figure}, single, _thresholds)
    between = _pairs.map(lambda pair: {"between": pair})
    both = _pairs.map(lambda pair: {"above": pair[0], "at_most": pair[1]})
    whole = st.sampled_from([0, 1, 2, 1.0])
    listed = st.lists(whole, min_size=1, max_size=2)
    return st.one_of(compared, compared, between, both, whole, listed).map(lambda made: {name: made})


def comparisons(name: str, known: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """One test of one fact, as a rule file holds it; with `known`, `known` and `unknown` are among the tests."""
    if name in CHOICES or name in TEXTS:
        words = CHOICES.get(name, WORDS)
        made = st.one_of(
            st.sampled_from(words),
            st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True),
            st.sampled_from(words).map(lambda word: {"is": word}),
            st.lists(st.sampled_from(words), min_size=1, max_size=2).map(lambda words: {"in": words}),
        ).map(lambda test: {name: test})
    elif name in FLAGS:
        made = st.booleans().map(lambda flag: {name: flag})
    else:
        made = _number_tests(name)
    asked = st.sampled_from([{name: {"known": True}}, {name: {"unknown": True}}])
    return st.one_of(made, made, made, asked) if known else made


def conditions(
    names: Iterable[str] = FACTS, findings: Iterable[str] = (), known: bool = True, most: int = 5
) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions as a rule file holds them: tests, findings, nests of all, any and not, mappings of several keys."""
    read = tuple(findings)
    single = st.sampled_from(tuple(names)).flatmap(lambda name: comparisons(name, known))
    if read:
        named = st.one_of(st.sampled_from(read), st.lists(st.sampled_from(read), min_size=1, max_size=2, unique=True))
        single = st.one_of(single, single, named.map(lambda found: {"finding": found}))

    def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            several.map(lambda parts: {"all": parts}),
            several.map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
            st.tuples(inner, inner).map(lambda pair: {**pair[0], **pair[1]}),
        )

    return st.recursive(single, nested, max_leaves=most)


# --- a direct reading of conditions

_PLAIN = {"above": operator.gt, "below": operator.lt, "at_least": operator.ge, "at_most": operator.le}


def holds_at(test: str, args: tuple[float, ...], x: float) -> bool:
    """Whether a number test holds for one figure."""
    return args[0] <= x <= args[1] if test == "between" else bool(_PLAIN[test](x, args[0]))


def within(span: Span, figures: Iterable[float]) -> list[float]:
    """The ends of an interval and, of some figures and their neighbours, those inside: tests change nowhere else."""
    near = [edge for figure in figures for edge in beside(figure)]
    return [span.low, span.high, *(x for x in near if span.low <= x <= span.high)]


def kleene(outcomes: Iterable[bool]) -> Truth:
    """True when all are true, false when none is, and otherwise unknown."""
    found = set(outcomes)
    return found.pop() if len(found) == 1 else None


_RANK = {False: 0, None: 1, True: 2}
_TRUTH = {rank: truth for truth, rank in _RANK.items()}


def lowest(outcomes: Iterable[Truth]) -> Truth:
    """Kleene's conjunction: the least of the truths, false < unknown < true."""
    return _TRUTH[min((_RANK[each] for each in outcomes), default=2)]


def highest(outcomes: Iterable[Truth]) -> Truth:
    """Kleene's disjunction: the greatest of the truths, false < unknown < true."""
    return _TRUTH[max((_RANK[each] for each in outcomes), default=0)]


def opposite(outcome: Truth) -> Truth:
    """Kleene's negation."""
    return None if outcome is None else not outcome


def truth(data: Mapping[str, Any], facts: Mapping[str, Value], findings: Mapping[str, Any]) -> Truth:
    """Truth of a condition, read from its data. `findings` holds the data of the conditions of the findings."""
    outcomes: list[Truth] = []
    for key, value in data.items():
        if key == "all":
            outcomes.append(lowest(truth(part, facts, findings) for part in value))
        elif key == "any":
            outcomes.append(highest(truth(part, facts, findings) for part in value))
        elif key == "not":
            outcomes.append(opposite(truth(value, facts, findings)))
        elif key == "finding":
            names = value if isinstance(value, list) else [value]
            outcomes.append(highest(truth(findings[name], facts, findings) for name in names))
        elif isinstance(value, Mapping):
            outcomes.append(lowest(_one(test, args, facts.get(key)) for test, args in value.items()))
        else:
            outcomes.append(_one("in", value if isinstance(value, list) else [value], facts.get(key)))
    return lowest(outcomes)


def _one(test: str, args: Any, value: Value) -> Truth:
    if test in ("known", "unknown"):
        return (value is None) is (test == "unknown")
    listed = tuple(args) if isinstance(args, list) else (args,)
    if value is None:
        return None
    if not isinstance(value, Span):
        return value in listed
    if test in ("is", "in"):
        return kleene(x in listed for x in within(value, listed))
    return kleene(holds_at(test, listed, x) for x in within(value, listed))


# --- rule books


def document(data: Any, name: str = "rules/made.yaml") -> Document:
    """Data as a document whose positions were not kept."""
    return Document(name, data, {})


def evidence(name: str, when: Any, **more: Any) -> dict[str, Any]:
    """One rule of a cause, for it and of moderate weight unless told otherwise."""
    weighed = {"for", "against", "curve"} & set(more)
    made = {"id": name, "when": when, "group": "group", "because": "It is so.", "sources": JUDGED, **more}
    return made if weighed else {**made, "for": "moderate"}


def cause(slug: str, rules: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A cause with its rules."""
    plain = {"title": slug, "family": "contact", "guide": [], "mechanism": "So.", "key_question": "Is it?"}
    rest = {"confused_with": [], "sources": JUDGED, "prior": "common", "evidence": rules}
    return {"cause": slug, **plain, **rest, **more}


def verdict(name: str, when: Any, says: str = "faulty") -> dict[str, Any]:
    """One verdict."""
    return {"id": name, "verdict": says, "when": when, "says": "So it is.", "sources": JUDGED}


def remedy(slug: str, **more: Any) -> dict[str, Any]:
    """A remedy."""
    plain = {"title": slug, "how": "Do it.", "kind": "design", "treats": {}, "cost": "low", "hours": 1.0}
    rest = {"readiness": "lab", "reversible": True, "verify": "Look.", "sources": JUDGED}
    return {"remedy": slug, **plain, **rest, **more}


def note(name: str, when: Any) -> dict[str, Any]:
    """A condition under which a remedy fits better or worse or must not be used."""
    return {"id": name, "when": when, "because": "It is so.", "sources": JUDGED}


def finding(when: Any) -> dict[str, Any]:
    """A finding."""
    return {"says": "So.", "when": when, "sources": JUDGED}


def book_of(*data: Any, names: Names = NAMES) -> RuleBook:
    """The rule book of some documents and the scale."""
    return load_rulebook([document(SCALE), *(document(each) for each in data)], names)


def verdicts_of(*whens: Any, findings: Mapping[str, Any] | None = None) -> RuleBook:
    """A rule book of verdicts v0, v1, ... with these conditions, and of findings."""
    found = {"findings": {name: finding(when) for name, when in (findings or {}).items()}}
    return book_of({"verdicts": [verdict(f"v{number}", when) for number, when in enumerate(whens)]}, found)


@st.composite
def written_books(draw: st.DrawFn, known: bool = True) -> list[dict[str, Any]]:
    """The data of a rule book: chained findings, gates, evidence, verdicts, and remedies that read scores of causes."""
    # The order in which findings build on each other is not that of their names.
    order = draw(st.permutations(("ash", "birch", "cedar", "fir")))[: draw(st.integers(1, 4))]
    found: dict[str, Any] = {}
    for name in order:
        found[name] = finding(draw(conditions(findings=tuple(found), known=known)))
    when = conditions(findings=order, known=known)
    scored = conditions((*FACTS, *SCORES, *SCORES), findings=order, known=known)
    data: list[dict[str, Any]] = [{"findings": found}]
    for slug in CAUSES:
        whens = draw(st.lists(when, min_size=1, max_size=4))
        rules = [evidence(f"e{number}", each) for number, each in enumerate(whens)]
        gate = draw(st.one_of(st.none(), when))
        data.append(cause(slug, rules, **({} if gate is None else {"only_if": gate})))
    data.append({"verdicts": [verdict(f"v{n}", each) for n, each in enumerate(draw(st.lists(when, max_size=2)))]})
    lists = st.lists(scored, max_size=1)
    notes = {key: [note(key, each) for each in draw(lists)] for key in ("better", "worse", "contraindicated")}
    data.append(remedy("press", only_if=draw(scored), **notes))
    return data


def expected(data: Iterable[Mapping[str, Any]], facts: Mapping[str, Value]) -> dict[str, Truth]:
    """Truth of every rule of a written book, by its id, read directly from the data."""
    documents = list(data)
    findings = {name: each["when"] for part in documents for name, each in part.get("findings", {}).items()}
    found = {f"finding.{name}": truth(when, facts, findings) for name, when in findings.items()}
    for part in documents:
        slug = part.get("cause") or part.get("remedy")
        if "only_if" in part:
            name = f"gate.{slug}" if "cause" in part else f"remedy.{slug}.unfit"
            found[name] = opposite(truth(part["only_if"], facts, findings))
        for each in part.get("evidence", []):
            found[f"{slug}.{each['id']}"] = truth(each["when"], facts, findings)
        for each in part.get("verdicts", []):
            found[f"verdict.{each['id']}"] = truth(each["when"], facts, findings)
        for key in ("better", "worse", "contraindicated"):
            for each in part.get(key, []):
                found[f"remedy.{slug}.{each['id']}"] = truth(each["when"], facts, findings)
    return found


# --- comparison of the two evaluators


def differences(book: RuleBook, session: Session, facts: Mapping[str, Value]) -> set[str]:
    """Rules on which the engine and the plain interpreter of a book differ: fired or not, how often, truth of findings.

    Contradictions are checked by the interpreter alone.
    """
    judged = session.judge(facts)
    first = infer(book, facts)
    advised = session.advise(facts)
    second = infer(book, facts, 2, first.findings)
    fired = [*judged.trace, *advised.trace]
    meant = {name for name in (*first.fired, *second.fired) if book.rules[name].kind != "contradiction"}
    odd = meant.symmetric_difference(fired)
    odd |= {name for name in fired if fired.count(name) > 1} if len(fired) > len(set(fired)) else set()
    odd |= {name for name in judged.trace if book.rules[name].phase != 1}
    odd |= {name for name in advised.trace if book.rules[name].phase != 2}
    odd |= {f"finding.{name}" for name, truth in first.findings.items() if judged.findings.get(name) is not truth}
    return odd
