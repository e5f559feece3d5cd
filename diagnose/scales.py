"""Where a case lies on the scales of its pairing: resistance, Li/P, stack pressure and voltage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diagnose.case import Case
from diagnose.data import Base
from diagnose.facts import FactBase, fact_base, show
from diagnose.guidance import Plan
from diagnose.prediction import range_text
from diagnose.quantity import Measured, Span, unit_label, with_unit
from diagnose.report import Citation, Report

Kind = Literal["window", "case", "target", "after"]

MOST_AFTER = 3
# Labels on the axis of Li/P, not bounds: the ratios of three phosphates.
PHOSPHATES = ((1.0, "LiPO3"), (2.0, "Li4P2O7"), (3.0, "Li3PO4"))
LITHIUM_RICH, HIGH_VOLTAGE = 4.0, 5.0
LEVELS = ("excellent", "acceptable", "poor", "severe")


@dataclass(frozen=True)
class Lane:
    """One line of a scale: a range, with its best value when there is one. An infinite end is open.

    `perhaps` is the wider range that the uncertainty of its ends leaves possible.
    """

    label: str
    figure: str
    span: Span
    kind: Kind
    point: float | None = None
    perhaps: Span | None = None
    origin: str = ""
    sources: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Band:
    """A named stretch of a scale, the worse the higher its rank. An infinite end is open."""

    label: str
    figure: str
    span: Span
    rank: int


@dataclass(frozen=True)
class Scale:
    """A scale with what lies on it; `ends` are shown at least."""

    name: str
    title: str
    axis: str
    unit: str
    says: str
    lanes: tuple[Lane, ...]
    log: bool = False
    ends: Span | None = None
    bands: tuple[Band, ...] = ()
    landmarks: tuple[tuple[float, str], ...] = ()


def scales(report: Report, plan: Plan | None, base: Base) -> tuple[Scale, ...]:
    """The scales on which something is known of a case. Raises CaseError when the report is of another base."""
    case = Case.model_validate(report.case)
    return tuple(_Scales(report, plan, base, case).all())


class _Scales:
    def __init__(self, report: Report, plan: Plan | None, base: Base, case: Case) -> None:
        self.report, self.plan, self.base, self.case = report, plan, base, case
        self.found: FactBase = fact_base(case, base.knowledge)
        self.texts = base.knowledge.texts

    def all(self) -> Iterator[Scale]:
        for made in (self.severity(), self.li_p(), self.pressure(), self.voltage()):
            if made is not None:
                yield made

    # --- facts

    def fact(self, name: str) -> Span | None:
        value = self.found.facts.get(name)
        return value if isinstance(value, Span) else None

    def source(self, *names: str) -> tuple[str, tuple[Citation, ...]]:
        """Where facts come from in words, and their sources."""
        told, cited = [], []
        for origin in (self.found.origins[name] for name in names if name in self.found.origins):
            if origin.kind in ("given", "family"):
                told.append(self.texts(f"ui.scale.origin.{origin.kind}"))
            if origin.ref:
                known = {"ref": origin.ref, "grade": origin.grade, "text": self.base.knowledge.short(origin.ref)}
                cited.append(Citation.model_validate(known))
        return ", ".join(dict.fromkeys(told)), tuple(dict.fromkeys(cited))

    def given(self, field: str, label: str, kind: Kind = "case") -> Lane | None:
        """A lane for a number of the case, with the interval that was stated."""
        number: Measured | None = getattr(self.case, field)
        if number is None:
            return None
        about = self.base.knowledge.vocabulary[field]
        low, high = number.span
        if number.value is None:
            # A bound is closed by the limits of its field.
            low = -math.inf if low <= about.limits[0] else low
            high = math.inf if high >= about.limits[1] else high
        else:
            low, high = number.value - number.sigma, number.value + number.sigma
        return Lane(
            label, with_unit(number.text, about.unit), Span(low, high), kind, number.value, None, *self.source(field)
        )

    # --- scales

    def severity(self) -> Scale | None:
        bands = self.bands()
        if not bands:
            return None
        lanes = [self.given("interfacial_resistance_ohm_cm2", self.texts("ui.scale.severity.case"))]
        target = self.fact("target_resistance_ohm_cm2")
        if target is not None:
            figure = self.texts("ui.answer.up_to", figure=with_unit(show(target, self.texts), "ohm*cm^2"))
            lanes.append(
                Lane(
                    self.texts("ui.scale.severity.target"),
                    figure,
                    Span(-math.inf, target.high),
                    "target",
                    None,
                    None,
                    *self.source("target_resistance_ohm_cm2"),
                )
            )
        steps = self.plan.steps if self.plan else ()
        for step in [step for step in steps if step.predicted and step.place is not None][:MOST_AFTER]:
            assert step.predicted is not None
            span = Span(step.predicted.low, step.predicted.high)
            label, figure = (
                self.texts("ui.scale.severity.after", remedy=step.title),
                with_unit(range_text(*span, self.texts), "ohm*cm^2"),
            )
            lanes.append(
                Lane(
                    label, figure, span, "after", None, None, self.texts("ui.scale.origin.plan"), step.predicted.sources
                )
            )
        return Scale(
            name="severity",
            title=self.texts("ui.scale.severity.title"),
            axis=self.texts("ui.scale.severity.axis"),
            unit="ohm cm2",
            says=self.severity_says(),
            lanes=tuple(lane for lane in lanes if lane is not None),
            log=True,
            ends=Span(bands[0].span.high / 4, bands[-1].span.low * 4),
            bands=bands,
        )

    def bands(self) -> tuple[Band, ...]:
        """The bands of the pairing; a target given with the case takes the place of what is acceptable."""
        excellent, usual, severe = (
            self.fact(f"pairing.{name}_ohm_cm2") for name in ("excellent", "acceptable", "severe")
        )
        acceptable = self.fact("target_resistance_ohm_cm2") or usual
        if acceptable is None:
            return ()
        ends = {"excellent": excellent, "acceptable": acceptable, "poor": severe or Span(math.inf, math.inf)}
        if excellent is None or excellent.high > acceptable.high:
            del ends["excellent"]
        made, low = [], -math.inf
        for level, end in {**ends, "severe": Span(math.inf, math.inf)}.items():
            if end is not None and end.high > low:
                figure = self.stretch(*("" if math.isinf(each) else f"{each:g}" for each in (low, end.high)))
                made.append(Band(self.texts(f"ui.level.{level}"), figure, Span(low, end.high), LEVELS.index(level)))
                low = end.high
        return tuple(made)

    def severity_says(self) -> str:
        found = self.report.severity
        basis = found.basis.rstrip(".") + "."
        if found.resistance_ohm_cm2 is None:
            return self.texts("ui.scale.severity.unknown", basis=basis)
        resistance = with_unit(found.resistance_ohm_cm2, "ohm*cm^2")
        if found.level is None:
            return self.texts("ui.scale.severity.between", resistance=resistance, basis=basis)
        return self.texts(
            "ui.scale.severity.says", resistance=resistance, level=self.texts(f"ui.level.{found.level}"), basis=basis
        )

    def li_p(self) -> Scale | None:
        film = self.given("li_p_ratio", self.texts("ui.scale.li_p.case"))
        low, high = self.fact("li_p_window_low"), self.fact("li_p_window_high")
        window = self.window(self.texts("ui.scale.li_p.window"), low, high, "1", "li_p_window_low", "li_p_window_high")
        if film is None and window is None:
            return None
        if window is None:
            says = self.texts("ui.scale.li_p.unpublished")
        elif film is None:
            says = self.texts("ui.scale.li_p.only_window")
        else:
            says = self.texts(
                "ui.scale.li_p.says", position=self.texts(f"ui.scale.position.{_position(film.span, window.span)}")
            )
        return Scale(
            name="li-p",
            title=self.texts("ui.scale.li_p.title"),
            axis=self.texts("ui.scale.li_p.axis"),
            unit="Li/P",
            says=says,
            lanes=tuple(lane for lane in (window, film) if lane is not None),
            ends=Span(0.0, LITHIUM_RICH),
            landmarks=PHOSPHATES,
        )

    def pressure(self) -> Scale | None:
        cell = self.given("stack_pressure_MPa", self.texts("ui.scale.pressure.case"))
        names = ("pairing.pressure_low_MPa", "pairing.pressure_high_MPa")
        window = self.window(
            self.texts("ui.scale.pressure.window"), self.fact(names[0]), self.fact(names[1]), "MPa", *names
        )
        if cell is None or window is None:
            return None
        return Scale(
            name="pressure",
            title=self.texts("ui.scale.pressure.title"),
            axis=self.texts("ui.scale.pressure.axis"),
            unit="MPa",
            says=self.texts(
                "ui.scale.pressure.says", position=self.texts(f"ui.scale.position.{_position(cell.span, window.span)}")
            ),
            lanes=(window, cell),
            log=True,
        )

    def voltage(self) -> Scale | None:
        windows = [self.stability(each) for each in ("electrolyte", "coating", "second_electrolyte")]
        upper = self.fact("upper_cutoff_V")
        lower = self.fact("lower_cutoff_V")
        inside = []
        potential = self.fact("electrode.potential_V")
        if potential is not None:
            label = self.texts("ui.scale.voltage.electrode", material=self.case.electrode or "")
            told = self.source("electrode.potential_V")
            inside.append(
                Lane(
                    label,
                    with_unit(show(potential, self.texts), "V"),
                    potential,
                    "case",
                    _middle(potential),
                    None,
                    *told,
                )
            )
        if upper is not None or lower is not None:
            low, high = (lower.low if lower else -math.inf), (upper.high if upper else math.inf)
            if lower is None:
                figure = self.texts("ui.answer.up_to", figure=with_unit(show(upper, self.texts), "V"))
            elif upper is None:
                figure = self.texts("ui.answer.from", figure=with_unit(show(lower, self.texts), "V"))
            else:
                figure = self.texts(
                    "ui.value.range", low=show(lower, self.texts), high=with_unit(show(upper, self.texts), "V")
                )
            told = self.source("lower_cutoff_V", "upper_cutoff_V")
            inside.append(
                Lane(self.texts("ui.scale.voltage.cutoffs"), figure, Span(low, high), "case", None, None, *told)
            )
        known = [each for each in windows if each is not None]
        if not known or not inside:
            return None
        return Scale(
            name="voltage",
            title=self.texts("ui.scale.voltage.title"),
            axis=self.texts("ui.scale.voltage.axis"),
            unit="V",
            says=self.texts("ui.scale.voltage.says"),
            lanes=(*known, *inside),
            ends=Span(0.0, HIGH_VOLTAGE),
        )

    def stability(self, material: str) -> Lane | None:
        """The window between reduction and oxidation of one of the materials."""
        names = (f"{material}.reduction_limit_V", f"{material}.oxidation_limit_V")
        low, high = self.fact(names[0]), self.fact(names[1])
        name = getattr(self.case, material) or self.case.electrolyte_family
        return self.window(self.texts("ui.scale.voltage.window", material=name), low, high, "V", *names)

    def window(self, label: str, low: Span | None, high: Span | None, unit: str, *names: str) -> Lane | None:
        """The sure part of a window between two ends, and what it may be at most."""
        if low is None and high is None:
            return None
        sure = Span(low.high if low else -math.inf, high.low if high else math.inf)
        most = Span(low.low if low else -math.inf, high.high if high else math.inf)
        if sure.low > sure.high:
            sure = most
        ends = ("" if math.isinf(each) else self.end(each, wide) for each, wide in zip(sure, most, strict=True))
        figure = self.stretch(*ends) + ("" if unit == "1" else f" {unit_label(unit)}")
        return Lane(label, figure, sure, "window", None, None if most == sure else most, *self.source(*names))

    def stretch(self, low: str, high: str) -> str:
        """A stretch of a scale in words; an end without a figure is open."""
        if not low:
            return self.texts("ui.answer.up_to", figure=high)
        return self.texts("ui.value.range", low=low, high=high) if high else self.texts("ui.scale.above", low=low)

    def end(self, sure: float, most: float) -> str:
        """An end of a window, with where else it may be."""
        if sure == most:
            return f"{sure:.4g}"
        return self.texts("ui.scale.perhaps", sure=f"{sure:.4g}", most=f"{most:.4g}")


def _middle(span: Span) -> float | None:
    return span.low if span.low == span.high else None


def _position(case: Span, window: Span) -> str:
    """Whether a value lies below, within, above or across a window."""
    if case.high < window.low:
        return "below"
    if case.low > window.high:
        return "above"
    return "within" if window.low <= case.low and case.high <= window.high else "across"
