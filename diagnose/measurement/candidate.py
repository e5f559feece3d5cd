"""Candidate laws: least squares in ln R, a covariance, and the choice among them by the corrected criterion of Akaike.

Resistances scatter by a share of themselves, so residuals are taken in ln R and the uncertainty of a point is relative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnose.measurement.law import ONE_SIGMA, Band, Candidate, Marks, Pair, Reals, Series

# Figures that lie on a law to within this are exact: it keeps logarithms of a sum of squares finite.
EXACT = 1e-6
# A simpler law is preferred to one whose AICc is better by less (Burnham and Anderson 2002: no real difference).
NO_DIFFERENCE = 2.0
# Stated uncertainties that fit no law this well are too small, or no law holds.
UNLIKELY = 0.01
STEPS, STILL = 50, 1e-7
AGREED, NOTHING = 1e-5, 1e-15
FARTHEST = 300.0

Shape = Callable[[Reals, Reals], tuple[Reals, Reals]]
Named = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Model:
    """A law with k free parameters.

    `shape` gives ln R, shape (n,), and its derivatives, shape (n, k), from x and the parameters; `named` the
    parameters that people know; `starts` points to begin at, shape (k,) each.
    """

    name: str
    shape: Shape
    starts: Sequence[Reals]
    lower: Reals
    upper: Reals
    named: Callable[[Reals], Named]


@dataclass(frozen=True, eq=False)
class Fit:
    """A law at its best. `covariance`, shape (k, k), is that of unit uncertainties of the points when they are unknown;
    a parameter at its limit counts as known."""

    model: Model
    theta: Reals
    covariance: Reals
    chi2: float
    free: int


@dataclass(frozen=True, eq=False)
class Choice:
    """The fits of a series, best first, and the one to go by."""

    fits: tuple[Fit, ...]
    chosen: Fit
    candidates: tuple[Candidate, ...]
    factor: float
    """What stated uncertainties were multiplied with."""
    misfit: bool
    """Whether the stated uncertainties are too small for every law."""
    points: int
    stated: bool

    def scale_of(self, fit: Fit) -> float:
        """Factor from `covariance` to a standard uncertainty that covers 68 %."""
        return self.scatter_of(fit) * (1.0 if self.stated and not self.misfit else _widened(self.points - fit.free))

    def scatter_of(self, fit: Fit) -> float:
        """Relative scatter of the points about one of the laws when none was stated, else the factor of what was."""
        if self.stated:
            return self.factor
        return float(np.sqrt(max(fit.chi2 / max(self.points - fit.free, 1), EXACT**2)))

    def fit(self, name: str) -> Fit | None:
        """The fit of a law by its name, None when it could not be tried."""
        return next((fit for fit in self.fits if fit.model.name == name), None)

    def rivals(self) -> tuple[str, ...]:
        """Other laws that the points do not tell from the chosen one."""
        best = min(each.aicc for each in self.candidates)
        near = [each.name for each in self.candidates if each.aicc - best < NO_DIFFERENCE]
        return tuple(name for name in near if name != self.chosen.model.name)

    def doubts(self) -> list[str]:
        """What makes the choice doubtful, whatever the law is of."""
        made = ["No law fits within the stated uncertainties; they were enlarged."] if self.misfit else []
        rivals = self.rivals()
        return made + ([f"The points do not tell it from: {', '.join(rivals)}."] if rivals else [])

    def parameters(self, fit: Fit | None = None) -> dict[str, Pair]:
        """Parameters with standard uncertainties, by the covariance and first derivatives."""
        fit = fit or self.chosen
        return propagated(fit.model.named, fit.theta, fit.covariance, self.scale_of(fit))

    def band(self) -> Band:
        """The curve of the chosen law with a band of one standard uncertainty."""
        return band_of(self.chosen, self.scale_of(self.chosen))


def band_of(fit: Fit, scale: float) -> Band:
    """Mean and mean times exp(+-sigma of ln R), for x of shape (n,)."""

    def band(x: Reals) -> tuple[Reals, Reals, Reals]:
        with np.errstate(all="ignore"):
            value, slopes = fit.model.shape(x, fit.theta)
            width = scale * np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", slopes, fit.covariance, slopes), 0.0))
        value = np.clip(np.nan_to_num(value, nan=-FARTHEST), -FARTHEST, FARTHEST)
        width = np.clip(np.nan_to_num(width, nan=FARTHEST), 0.0, FARTHEST)
        return np.exp(value), np.exp(value - width), np.exp(value + width)

    return band


def propagated(named: Callable[[Reals], Named], theta: Reals, covariance: Reals, scale: float) -> dict[str, Pair]:
    """Functions of the parameters with standard uncertainties, by central differences and the covariance."""
    middle = named(theta)
    slopes = np.zeros((len(middle), len(theta)))
    for place in range(len(theta)):
        step = 1e-5 * max(1.0, abs(float(theta[place])))
        ends = []
        for sign in (1.0, -1.0):
            moved = theta.copy()
            moved[place] += sign * step
            ends.append(np.array(list(named(moved).values())))
        slopes[:, place] = (ends[0] - ends[1]) / (2 * step)
    widths = scale * np.sqrt(np.maximum(np.einsum("ai,ij,aj->a", slopes, covariance, slopes), 0.0))
    return {name: (float(value), float(width)) for (name, value), width in zip(middle.items(), widths, strict=True)}


def choose(models: Sequence[Model], series: Series) -> Choice | None:
    """The law of a series among candidates; None when the points allow none.

    AICc = chi2 + 2k + 2k(k + 1)/(n - k - 1) with stated uncertainties, n ln(rss/n) + the same without, where the
    scatter counts as a parameter (Hurvich and Tsai 1989). Of laws within NO_DIFFERENCE of the best one the simplest is
    taken. Stated uncertainties that no law fits are enlarged until the best one does.
    """
    count, stated = len(series), series.s is not None
    fits = []
    for model in models:
        if count - (len(model.lower) + (not stated)) - 1 < 1:
            continue
        made = fitted(model, series)
        if made is not None:
            fits.append(made)
    if not fits:
        return None
    factor, misfit = _enlarged(fits, count) if stated else (1.0, False)
    scored = []
    for fit in fits:
        size = len(fit.theta) + (not stated)
        penalty = 2 * size + 2 * size * (size + 1) / (count - size - 1)
        deviance = fit.chi2 / factor**2 if stated else count * np.log(max(fit.chi2 / count, EXACT**2))
        scored.append((float(deviance + penalty), fit))
    scored.sort(key=lambda pair: pair[0])
    best = scored[0][0]
    near = [pair for pair in scored if pair[0] - best < NO_DIFFERENCE]
    chosen = min(near, key=lambda pair: (len(pair[1].theta), pair[0]))[1]
    raw = np.exp(np.maximum(-0.5 * (np.array([pair[0] for pair in scored]) - best), -FARTHEST))
    weights = (raw / raw.sum()).tolist()
    told = tuple(Candidate(fit.model.name, aicc, weight) for (aicc, fit), weight in zip(scored, weights, strict=True))
    return Choice(tuple(fit for _, fit in scored), chosen, told, factor, misfit, count, stated)


def scale_alone(fit: Fit, series: Series) -> float:
    """The factor from `covariance` to a standard uncertainty for a law that had no rival."""
    degrees = len(series) - fit.free
    if series.s is not None:
        factor, misfit = _enlarged([fit], len(series))
        return factor * (_widened(degrees) if misfit else 1.0)
    return float(np.sqrt(max(fit.chi2 / max(degrees, 1), EXACT**2))) * _widened(degrees)


def _enlarged(fits: Sequence[Fit], count: int) -> tuple[float, bool]:
    from scipy.special import chdtrc

    ratios = [(fit.chi2 / (count - fit.free), fit) for fit in fits if count > fit.free]
    if not ratios:
        return 1.0, False
    ratio, fit = min(ratios, key=lambda pair: pair[0])
    misfit = bool(chdtrc(count - fit.free, fit.chi2) < UNLIKELY)
    return (float(np.sqrt(ratio)), True) if misfit else (1.0, False)


def _widened(degrees: int) -> float:
    """Student's factor: an uncertainty that was itself estimated from few points."""
    from scipy.special import stdtrit

    return float(stdtrit(max(degrees, 1), ONE_SIGMA))


def fitted(model: Model, series: Series) -> Fit | None:
    """The best fit of a law from all its starts, None when the points leave a parameter open."""
    s = np.ones(len(series)) if series.s is None else series.s
    best: tuple[float, Reals] | None = None
    with np.errstate(all="ignore"):
        for start in model.starts:
            found = _descended(model, series, s, np.clip(start, model.lower, model.upper))
            if found is None:
                continue
            # Two starts that end at the same place have found it.
            agreed = best is not None and abs(found[0] - best[0]) <= AGREED * best[0]
            if best is None or found[0] < best[0]:
                best = found
            if agreed or best[0] <= len(series) * NOTHING * float(np.min(s)) ** -2:
                break
        if best is None:
            return None
        chi2, theta = best
        _, slopes = model.shape(series.x, theta)
        free = (theta > model.lower) & (theta < model.upper)
        covariance = inverse(slopes / s[:, None], free)
    if covariance is None or not np.isfinite(chi2):
        return None
    return Fit(model, theta, covariance, chi2, int(free.sum()))


def _descended(model: Model, series: Series, s: Reals, theta: Reals) -> tuple[float, Reals] | None:
    """Levenberg-Marquardt with limits: a parameter at a limit that would leave it stays."""
    value, slopes = model.shape(series.x, theta)
    rest = (series.y - value) / s
    cost, damping = float(rest @ rest), 1e-3
    still = len(rest) * NOTHING * float(np.min(s)) ** -2
    if not np.isfinite(cost):
        return None
    for _ in range(STEPS):
        scaled = slopes / s[:, None]
        pull, curvature = scaled.T @ rest, scaled.T @ scaled
        free = ~(((theta <= model.lower) & (pull < 0)) | ((theta >= model.upper) & (pull > 0)))
        if not free.any() or not np.all(np.isfinite(curvature)):
            break
        step = _step(curvature, pull, free, damping)
        moved = np.minimum(np.maximum(theta + step, model.lower), model.upper)
        value, fresh = model.shape(series.x, moved)
        tried = (series.y - value) / s
        lower = float(tried @ tried)
        if np.isfinite(lower) and lower <= cost:
            small = cost - lower <= STILL * cost or lower <= still
            theta, slopes, rest, cost, damping = moved, fresh, tried, lower, max(damping / 5, 1e-12)
            if small:
                break
        else:
            damping *= 5
            if damping > 1e12:
                break
    return cost, theta


def _step(curvature: Reals, pull: Reals, free: Marks, damping: float) -> Reals:
    """A damped step of the free parameters; none where the curvature says nothing."""
    scale = np.sqrt(np.maximum(np.diag(curvature), 1e-300))
    inner = curvature / np.outer(scale, scale)
    inner[~free, :] = inner[:, ~free] = 0.0
    inner[np.diag_indices_from(inner)] = 1.0 + damping
    try:
        made: Reals = np.linalg.solve(inner, np.where(free, pull / scale, 0.0)) / scale
    except np.linalg.LinAlgError:
        return np.zeros(len(pull))
    return np.where(np.isfinite(made), made, 0.0)


def inverse(scaled: Reals, free: Marks) -> Reals | None:
    """Inverse of the curvature for the free parameters, None when it has none."""
    made = np.zeros((len(free), len(free)))
    inner = scaled[:, free]
    size = np.sqrt(np.sum(inner**2, axis=0))
    if not np.all(np.isfinite(size)) or np.any(size <= 0):
        return None
    if len(size):
        _, values, turned = np.linalg.svd(inner / size, full_matrices=False)
        if len(values) < len(size) or values[-1] < 1e-7 * values[0]:
            return None
        half = (turned.T / values) / size[:, None]
        made[np.ix_(free, free)] = half @ half.T
    return made
