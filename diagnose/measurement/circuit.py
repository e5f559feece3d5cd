"""Circuits as people write them, `R0-p(R1,CPE1)-Wo1` or `R0-(R1|Q1)-Q2`, fitted to a spectrum.

Series is - or +, parallel is p(a,b) or (a|b). Elements: R ohm; C F; L H; Q or CPE with Q in S s^n and n,
Z = 1 / (Q (j w)^n); W, semi-infinite diffusion, Z = W (1 - j) / sqrt(w), W in ohm s^-0.5; Wo, diffusion to a blocking
wall, Z = R coth(u) / u, and Ws, diffusion to a sink, Z = R tanh(u) / u, with u = sqrt(j w tau), R in ohm and tau in s.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from diagnose.errors import DataError, Problem, did_you_mean
from diagnose.measurement.arcs import USELESS, counted
from diagnose.measurement.chain import Complexes, Points, Reals, Shape, Tail, columns, points, stacked
from diagnose.measurement.kramerskronig import kramers_kronig
from diagnose.measurement.lump import correlated
from diagnose.measurement.solution import Solution, fixed, inverse

KINDS: dict[str, tuple[str, ...]] = {
    "R": ("",),
    "C": ("",),
    "L": ("",),
    "Q": ("Q", "n"),
    "CPE": ("Q", "n"),
    "W": ("",),
    "Wo": ("R", "tau"),
    "Ws": ("R", "tau"),
}
EXAMPLE = "Write for example R0-p(R1,CPE1)-p(R2,CPE2)-Wo1 or R0-(R1|Q1)-(R2|Q2)-Q3."
TOKEN = re.compile(r"\s*(p\s*\(|\|\||//|[A-Za-z]+_?\d*|[-+|,()–−])")
TAIL: dict[str, Tail] = {"C": "blocking", "Q": "blocking", "CPE": "blocking"}
TAIL |= {"W": "semi_infinite", "Wo": "open", "Ws": "short"}
LONGEST, DEEPEST, MOST_ORDERS = 500, 20, 24
LEAST_N = 0.2


class Node(NamedTuple):
    """An element (its kind, and its name), or "series" or "parallel" with parts."""

    kind: str
    name: str = ""
    parts: tuple[Node, ...] = ()

    def elements(self) -> Iterator[Node]:
        """The elements in the order they are written."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.elements()

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in order: R1, and CPE1.Q, CPE1.n."""
        return tuple(
            f"{each.name}.{inner}" if inner else each.name for each in self.elements() for inner in KINDS[each.kind]
        )


@dataclass(frozen=True, eq=False)
class CircuitFit:
    """Values of a circuit with one sigma. With a `reason` there are none: the data do not tell."""

    text: str
    reason: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    sigmas: Mapping[str, float] = field(default_factory=dict)
    covariance: Reals = field(default_factory=lambda: np.empty((0, 0)))
    """Shape (p, p): of the natural logarithms of the values, in their order."""
    fitted_ohm: Complexes = field(default_factory=lambda: np.empty(0, dtype=np.complex128))
    """Shape (n,), in the order given; 0 in rows that were not usable."""
    residuals: Complexes = field(default_factory=lambda: np.empty(0, dtype=np.complex128))
    """Shape (n,): measured less fitted, as shares of the modulus."""
    rms: float = 0.0
    chi2: float = 0.0
    """As in `ArcFit`."""


def parsed(text: str) -> Node:
    """The circuit in a text. Raises DataError with the place and an example for a text that is none."""
    return _Reader(text).read()


def circuit_impedance(circuit: Node, values: Mapping[str, float], f: ArrayLike) -> Complexes:
    """Impedance in ohm, shape (n,), of a circuit with a value for each of `circuit.names`. f: Hz, shape (n,)."""
    logs = np.log([values[name] for name in circuit.names])
    log_w = np.log(2.0 * np.pi * np.asarray(f, dtype=np.float64))
    return _evaluated(circuit, dict(zip(circuit.names, logs.tolist(), strict=True)), log_w)[0]


class _Reader:
    """Reads a circuit from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens, self.place = list[tuple[str, int]](), 0
        if len(text) > LONGEST:
            raise self._wrong(f"the circuit is longer than {LONGEST} letters", 0)
        start, end = 0, len(text.rstrip())
        while start < end:
            found = TOKEN.match(text, start)
            if found is None:
                raise self._wrong(f"{text[start:].strip()[0]!r} has no meaning here", start)
            self.tokens.append((re.sub(r"\s", "", found[1]), found.start(1)))
            start = found.end()

    def _wrong(self, message: str, at: int) -> DataError:
        return DataError([Problem(message, column=at + 1, field="circuit", hint=EXAMPLE)])

    def _next(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    def _at(self) -> int:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else len(self.text)

    def read(self) -> Node:
        """The whole text."""
        if not self.tokens:
            raise self._wrong("the circuit is empty", 0)
        made = self._parallel(("|", "||", "//"), 0)
        if self._next():
            raise self._wrong(f"{self._next()!r} is not expected here", self._at())
        open_end = made.kind == "parallel" and not self.text.strip().startswith(("(", "p"))
        if open_end and any(part.kind == "series" for part in made.parts):
            raise self._wrong("it is not clear what is parallel to what: put the parallel part in parentheses", 0)
        names = [each.name for each in made.elements()]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise self._wrong(f"{twice} stands twice: number elements so that each has its own name", 0)
        return made

    def _parallel(self, between: tuple[str, ...], depth: int) -> Node:
        parts = [self._series(depth)]
        while self._next() in between:
            self.place += 1
            parts.append(self._series(depth))
        return parts[0] if len(parts) == 1 else Node("parallel", parts=tuple(parts))

    def _series(self, depth: int) -> Node:
        parts = [self._item(depth)]
        while self._next() in ("-", "+", "–", "−"):
            self.place += 1
            parts.append(self._item(depth))
        return parts[0] if len(parts) == 1 else Node("series", parts=tuple(parts))

    def _item(self, depth: int) -> Node:
        token, at = self._next(), self._at()
        if depth > DEEPEST:
            raise self._wrong("parentheses are too deep", at)
        if token in ("p(", "("):
            self.place += 1
            made = self._parallel((",", "|", "||", "//"), depth + 1)
            if self._next() != ")":
                raise self._wrong("a parenthesis is not closed" if not self._next() else "expected ) here", self._at())
            self.place += 1
            if token == "p(" and made.kind != "parallel":
                raise self._wrong("p( ) needs at least two parts with a comma between them", at)
            return made
        found = re.fullmatch(r"([A-Za-z]+)_?(\d*)", token)
        if found is None:
            raise self._wrong("an element is missing" if not token else f"expected an element before {token!r}", at)
        kind = next((known for known in KINDS if known.lower() == found[1].lower()), "")
        if not kind:
            raise self._wrong(f"there is no element {found[1]!r}; known are {', '.join(KINDS)}", at)
        self.place += 1
        return Node(kind, kind + found[2])


def _evaluated(node: Node, logs: Mapping[str, float], log_w: Reals) -> tuple[Complexes, dict[str, Complexes]]:
    """Impedance of a part of a circuit, shape (n,), and its slopes in the logarithms of the parameters in it."""
    if node.parts:
        parts = [_evaluated(part, logs, log_w) for part in node.parts]
        slopes: dict[str, Complexes] = {}
        if node.kind == "series":
            for part in parts:
                slopes |= part[1]
            return np.array([part[0] for part in parts]).sum(axis=0), slopes
        whole = 1.0 / (1.0 / np.array([part[0] for part in parts])).sum(axis=0)
        for value, inner in parts:
            share = (whole / value) ** 2
            slopes |= {name: slope * share for name, slope in inner.items()}
        return whole, slopes
    log_jw = log_w + 0.5j * math.pi
    name, kind = node.name, node.kind
    if kind in ("Q", "CPE"):
        n = math.exp(logs[f"{name}.n"])
        value = np.exp(-logs[f"{name}.Q"] - n * log_jw)
        return value, {f"{name}.Q": -value, f"{name}.n": -n * log_jw * value}
    if kind in ("Wo", "Ws"):
        shape = Shape(0, TAIL[kind], resistance=False)
        made = columns(shape, log_w, np.array([[logs[f"{name}.tau"]]]))
        R = math.exp(logs[f"{name}.R"])
        value = R * made.values[0, :, 0]
        return value, {f"{name}.R": value, f"{name}.tau": R * made.slopes[0, :, 0]}
    power, turn, sign = {"R": (0.0, 0.0, 1.0), "C": (-1.0, 0.0, -1.0), "L": (1.0, 0.0, 1.0), "W": (-0.5, 0.5, 1.0)}[
        kind
    ]
    value = np.exp(sign * logs[name] + power * log_jw + turn * math.log(2.0))
    return value, {name: sign * value}


def fit_circuit(f: ArrayLike, z: ArrayLike, text: str, start: Mapping[str, float] | None = None) -> CircuitFit:
    """Fit a circuit to a spectrum, weighted by one over the modulus. f: Hz, shape (n,); z: ohm, shape (n,).

    Starts come from the fit of arcs that is nearest to the circuit; `start` replaces some of them, by name. Raises
    DataError for a text that is no circuit, or a start of a wrong name or not above 0; ValueError for unequal shapes.
    """
    from scipy.optimize import least_squares

    circuit = parsed(text)
    names = circuit.names
    given = _given(names, start or {})
    test = kramers_kronig(f, z)
    if not test.consistent:
        return CircuitFit(text, test.reason)
    data = counted(whole := points(f, z), test)
    if 2 * len(data.rows) <= len(names):
        return CircuitFit(text, f"too few points: {len(data.rows)} for {len(names)} parameters")
    log_w, ohm = data.log_w + math.log(data.rate), data.z * data.scale
    weights = 1.0 / np.abs(ohm)
    exponents = np.array([name.endswith(".n") for name in names])
    low = np.where(exponents, math.log(LEAST_N), -200.0)
    high = np.where(exponents, 0.0, 200.0)

    def rest(logs: Reals) -> Reals:
        model = _evaluated(circuit, dict(zip(names, logs.tolist(), strict=True)), log_w)[0]
        return stacked((model - ohm) * weights)

    def slopes(logs: Reals) -> Reals:
        made = _evaluated(circuit, dict(zip(names, logs.tolist(), strict=True)), log_w)[1]
        return stacked(np.stack([made[name] * weights for name in names], axis=1), axis=0)

    found = []
    with np.errstate(all="ignore"):
        for guess in _guesses(circuit, data):
            first = np.log([given.get(name, guess[name]) for name in names])
            first = np.clip(first, low + 1e-6, high - 1e-6)
            if np.isfinite(rest(first)).all():
                found.append(least_squares(rest, first, jac=slopes, bounds=(low, high), max_nfev=200))
    if not found:
        return CircuitFit(text, "no start of the fit was possible")
    # Of equal fits the first: in it the arcs stand in the order of the circuit, the fastest first.
    best = next(each for each in found if each.cost <= (1 + 1e-6) * min(other.cost for other in found))
    cost, free = 2.0 * float(best.cost), 2 * len(data.rows) - len(names)
    if cost > free * USELESS**2:
        return CircuitFit(text, f"the circuit does not describe it: {100 * math.sqrt(cost / free):.0f} % is left")
    left, turned = np.asarray(best.fun, dtype=np.float64), np.asarray(best.jac, dtype=np.float64)
    covariance = inverse(turned.T @ turned) * correlated(cost / free, [left], test.noise)
    values = np.exp(best.x)
    sigmas = values * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    fitted, residuals = (np.zeros(np.size(f), dtype=np.complex128) for _ in range(2))
    logs = dict(zip(names, best.x.tolist(), strict=True))
    fitted[whole.rows] = _evaluated(circuit, logs, whole.log_w + math.log(whole.rate))[0]
    residuals[whole.rows] = (whole.z * whole.scale - fitted[whole.rows]) / np.abs(whole.z * whole.scale)
    return CircuitFit(
        text=text,
        values=dict(zip(names, values.tolist(), strict=True)),
        sigmas=dict(zip(names, sigmas.tolist(), strict=True)),
        covariance=covariance,
        fitted_ohm=fitted,
        residuals=residuals,
        rms=math.sqrt(cost / (2 * len(data.rows))),
        chi2=cost / free / max(test.noise, 1e-4) ** 2,
    )


def _given(names: tuple[str, ...], start: Mapping[str, float]) -> dict[str, float]:
    problems = []
    for name, value in start.items():
        if name not in names:
            hint = did_you_mean(name, names) or f"Its parameters are {', '.join(names)}."
            problems.append(Problem("the circuit has no such parameter", field=f"start.{name}", hint=hint))
        elif not (math.isfinite(value) and value > 0):
            problems.append(Problem(f"a start must be a number above 0, not {value}", field=f"start.{name}"))
    if problems:
        raise DataError(problems)
    return dict(start)


def _guesses(circuit: Node, data: Points) -> Iterator[dict[str, float]]:
    """Starts for every parameter: arcs of a fit are given to the parallel groups in each order."""
    parts = circuit.parts if circuit.kind == "series" else (circuit,)
    groups = [part for part in parts if part.kind == "parallel"]
    single = [part for part in parts if not part.parts]
    kinds = [part.kind for part in single]
    tail: Tail = next((TAIL[kind] for kind in kinds if kind in TAIL), "none")
    shape = Shape(max(len(groups), 0 if groups or tail != "none" else 1), tail, "R" in kinds, "L" in kinds)
    if not shape.names:
        shape = Shape(1)
    found = fixed(data, shape)
    for order in itertools.islice(itertools.permutations(range(len(groups))), MOST_ORDERS):
        for late in (1.0, 0.03):
            guess: dict[str, float] = {}
            for part in single:
                _single(guess, part, found, data)
            for arc, group in zip(order, groups, strict=True):
                _group(guess, group, found, data, arc + 1, late)
            yield guess


def _single(guess: dict[str, float], part: Node, found: Solution, data: Points) -> None:
    """An element in series, from the resistance, the inductance or the tail of the fit."""
    name, value = part.name, {each: found.part(each) for each in found.shape.names}
    if part.kind == "R":
        guess[name] = value.get("R0", 1.0) * data.scale
    elif part.kind == "L":
        guess[name] = max(value.get("L", 0.0), 1e-9) * data.scale / data.rate
    elif part.kind == "W":
        guess[name] = value.get("tail.W", 1.0) * data.scale * math.sqrt(data.rate / 2.0)
    elif part.kind in ("Wo", "Ws"):
        guess[f"{name}.R"] = value.get("tail.R", 1.0) * data.scale
        guess[f"{name}.tau"] = value.get("tail.tau", 1.0) / data.rate
    else:
        n = value.get("tail.n", 1.0)
        size = value.get("tail.Q", 1.0) * data.scale
        guess |= (
            {name: 1.0 / (size * data.rate)}
            if part.kind == "C"
            else {f"{name}.Q": data.rate**-n / size, f"{name}.n": n}
        )


def _group(guess: dict[str, float], group: Node, found: Solution, data: Points, arc: int, late: float) -> None:
    """The elements of a parallel group, from one arc; further capacitances and diffusion in it are slower."""
    R, tau, n = (found.part(f"{name}{arc}") for name in ("R", "tau", "n"))
    R, tau = max(R, 1e-6) * data.scale, tau / data.rate
    slow = 1.0
    for each in group.elements():
        name = each.name
        if each.kind == "R":
            guess[name] = R * slow
        elif each.kind == "L":
            guess[name] = R * tau
        elif each.kind == "W":
            guess[name] = 0.3 * R / math.sqrt(tau)
        elif each.kind in ("Wo", "Ws"):
            guess |= {f"{name}.R": R, f"{name}.tau": late / data.rate if late < 1 else 30.0 * tau}
        elif each.kind == "C":
            guess[name] = tau / (R * slow)
            slow *= 0.3
        else:
            guess |= {f"{name}.Q": (tau**n) / (R * slow), f"{name}.n": min(n, 0.99)}
            slow *= 0.3
