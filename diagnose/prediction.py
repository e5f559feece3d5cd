"""The range in which a resistance should lie after a remedy, from what was published for pairs of the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diagnose.condition import Value
from diagnose.guidance import Prediction, Treated
from diagnose.quantity import Span
from diagnose.remedies import SHARE
from diagnose.report import Citation
from diagnose.rulebook import PublishedEffect, Remedy
from diagnose.shelf import Shelf
from diagnose.texts import Texts

RESISTANCE, RATIO = "ohm*cm^2", "1"


@dataclass(frozen=True)
class Odds:
    """How likely a remedy is to help at all, and to be all that is needed; and what share of the cause it leaves."""

    helps: float
    suffices: float
    leaves: float


@dataclass(frozen=True)
class Start:
    """Where a case starts from, in ohm cm2: its own figure, if it has one, and what is excellent for its pairing."""

    figure: Span | None = None
    excellent: float = 0.0
    band: Citation | None = None


@dataclass(frozen=True)
class _Ends:
    """Resistances in ohm cm2: the best and the least that a remedy brings where it helps, and what there was before."""

    best: float
    least: float
    unchanged: float | None


def odds(treated: Iterable[Treated], others: Iterable[float]) -> Odds:
    """From the causes that a remedy treats, and the probabilities of those that it does not.

    It helps when one of the causes is present that it treats strongly or moderately: 1 - product of (1 - probability).
    It suffices when no other cause is present, of which the most likely one is asked. What it treats weakly is counted
    among the others. It leaves 1 - the share that it usually removes of the most likely cause that it treats.
    """
    treated = tuple(treated)
    real = [each for each in treated if each.strength != "weak"]
    if not real:
        return Odds(0.0, 0.0, 1.0)
    missed = 1.0
    for each in real:
        missed *= 1.0 - each.probability
    most = max((*others, *(each.probability for each in treated if each.strength == "weak")), default=0.0)
    first = max(real, key=lambda each: (each.probability, SHARE[each.strength]))
    return Odds(1.0 - missed, (1.0 - missed) * (1.0 - most), 1.0 - SHARE[first.strength])


def fits(effect: PublishedEffect, facts: Mapping[str, Value]) -> bool:
    """Whether a published resistance may be carried over: to the same family of electrolyte and kind of electrode."""
    electrode = {facts.get("electrode.kind"), facts.get("electrode_role")}
    return (
        effect.after is not None
        and effect.unit in (RESISTANCE, RATIO)
        and facts.get("electrolyte_family") in effect.electrolyte
        and (not effect.electrode or not electrode.isdisjoint(effect.electrode))
    )


def predict(
    remedy: Remedy, facts: Mapping[str, Value], start: Start, chances: Odds, tail: float, shelf: Shelf
) -> Prediction | None:
    """The range that leaves out a chance of `tail` at either end.

    A remedy either helps, and the resistance falls as it did elsewhere, or it does not, and the resistance stays. The
    low end is that of helping, and the high end that of staying unless the chance that the remedy suffices reaches
    1 - `tail`. Nothing below what is excellent for the pairing is promised. None where nothing published fits, where
    the chance that it helps as it did there is below `tail`, and where an end of the range is not known.
    """
    found = [each for each in remedy.effects if fits(each, facts)]
    texts = shelf.base.knowledge.texts
    ends, words = _carried(found, start, chances.leaves, texts)
    if ends is None or chances.helps < tail:
        return None
    if chances.suffices >= 1.0 - tail:
        low, high = ends.best, ends.least
        words.append(texts("ui.prediction.suffices"))
    elif ends.unchanged is not None:
        low, high = ends.best, ends.unchanged
        words.append(texts("ui.prediction.unsure_there" if start.figure is None else "ui.prediction.unsure"))
    else:
        return None
    sources = dict.fromkeys(source for each in found for source in shelf.cite(each.sources))
    floor = start.excellent if start.figure is None else min(start.excellent, start.figure.high)
    if low < floor:
        low = floor
        words.append(texts("ui.prediction.floor", floor=f"{floor:g}"))
        sources |= {start.band: None} if start.band is not None else {}
    return Prediction(low=low, high=max(low, high), basis=" ".join(words), sources=tuple(sources))


def _carried(
    found: Sequence[PublishedEffect], start: Start, leaves: float, texts: Texts
) -> tuple[_Ends | None, list[str]]:
    """What published effects come to in this case, with words for it.

    A ratio after / before is applied to the figure of the case. A published figure stands for itself where the case
    has no figure or the publication no ratio.
    """
    ratios = [(each.after / each.before, each.on) for each in found if each.after is not None and each.before]
    figures = [(each.after, each.on) for each in found if each.after is not None and each.unit == RESISTANCE]
    own = start.figure
    words = [] if own is None else [texts("ui.prediction.own", range=range_text(*own, texts))]
    if own is not None and ratios:
        factors = [ratio for ratio, _ in ratios]
        ends = _Ends(own.low * min(factors), own.high * max(*factors, leaves), own.high)
        return ends, [texts("ui.prediction.ratio", **_published(ratios, 100.0, texts)), *words]
    if not figures:
        return None, []
    reached = [figure for figure, _ in figures]
    words.insert(0, texts("ui.prediction.figure", **_published(figures, 1.0, texts)))
    if own is not None:
        return _Ends(min(own.low, *reached), min(own.high, max(*reached, own.high * leaves)), own.high), words
    before = max((each.before or 0.0 for each in found if each.unit == RESISTANCE), default=0.0)
    ends = _Ends(min(reached), max(*reached, before * leaves), before or None)
    return ends, [*words, texts("ui.prediction.no_own")]


def _published(figures: Sequence[tuple[float, str]], scale: float, texts: Texts) -> dict[str, str]:
    """For which pairs something was published, and in which range."""
    values = [value * scale for value, _ in figures]
    pairs = "; ".join(dict.fromkeys(pair for _, pair in figures))
    return {"pairs": pairs, "range": range_text(min(values), max(values), texts)}


def expected(prediction: Prediction, texts: Texts) -> str:
    """The predicted range as a sentence."""
    return texts("ui.prediction.expect", range=range_text(prediction.low, prediction.high, texts))


def range_text(low: float, high: float, texts: Texts) -> str:
    """A range to two digits, or one figure where its ends are equal."""
    ends = (rounded(low), rounded(high))
    return ends[0] if ends[0] == ends[1] else texts("ui.value.range", low=ends[0], high=ends[1])


def rounded(figure: float) -> str:
    """A figure to two digits: 1700, 12, 0.35."""
    return f"{float(f'{figure:.2g}'):g}"
