"""Derived quantities: what the rules read that nobody measures directly.

Every function here uses + - * / and comparisons only, so it gives the same bits for one Python float and for a numpy
column, and every function is monotone in each argument (or says where it turns), so an interval is mapped exactly by
mapping its corners. Where two inputs could feed the same slot (the target or the severity band, the measured cut-off or
the usual one) the first known one is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

from diagnose.quantity import Span

Value = Span | str | bool | None


@dataclass(frozen=True)
class Derived:
    """One derived quantity.

    `slots` names, for each argument of `function`, the facts that may fill it; the first known one does. `turns_at`
    lists the arguments at which a one-argument function changes direction. `source` is a reference id with its grade.
    """

    name: str
    unit: str
    formula: str
    says: str
    source: str
    grade: str
    slots: tuple[tuple[str, ...], ...]
    function: Callable[..., Any]
    turns_at: tuple[float, ...] = ()

    def chosen(self, facts: Mapping[str, Value]) -> tuple[str, ...] | None:
        """The facts that fill the slots, or None when a slot stays empty."""
        names = []
        for slot in self.slots:
            for name in slot:
                if isinstance(facts.get(name), Span):
                    names.append(name)
                    break
            else:
                return None
        return tuple(names)

    def value(self, facts: Mapping[str, Value]) -> Span | None:
        """The interval of the quantity over the intervals of its inputs; None when an input is unknown."""
        chosen = self.chosen(facts)
        if chosen is None:
            return None
        spans = [facts[name] for name in chosen]
        sides = [
            (s.low,) if s.low == s.high else (s.low, s.high, *(turn for turn in self.turns_at if s.low < turn < s.high))
            for s in spans
            if isinstance(s, Span)
        ]
        corners = [float(self.function(*corner)) for corner in product(*sides)]
        if any(corner != corner for corner in corners):
            return None
        return Span(min(corners), max(corners))


def _ratio(top: Any, bottom: Any) -> Any:
    """top / bottom; 0 / 0 is not a number and anything else over 0 is unbounded. Zero has no sign."""
    if hasattr(bottom, "dtype") or hasattr(top, "dtype"):
        return top / (bottom + 0.0)
    if bottom == 0:
        return float("nan") if top == 0 else math.copysign(math.inf, top)
    return top / bottom


def _difference(first: Any, second: Any) -> Any:
    return first - second


def _product(first: Any, second: Any) -> Any:
    return first * second


# Water in air over ice or water at 1 atm, ppm by volume, against the dew point in C (standard saturation pressures).
_WATER = (
    (-100.0, 0.0138), (-90.0, 0.0954), (-80.0, 0.54), (-70.0, 2.58), (-60.0, 10.7), (-50.0, 38.8), (-40.0, 126.8),
    (-30.0, 375.0), (-20.0, 1019.0), (-10.0, 2566.0), (0.0, 6033.0), (10.0, 12120.0), (20.0, 23080.0),
    (30.0, 41870.0), (40.0, 72800.0),
)  # fmt: skip

HARMFUL_WATER_PPM_MIN = 126.8 * 30.0


def water_ppm(dew_point_C: Any) -> Any:
    """Water content of air in ppm by volume from its dew point in C, by straight lines between tabulated points.

    Source: tabulated saturation vapour pressures over ice and water; -40 C is about 126 ppm (Yersak 2022).
    """
    return _table(_WATER, dew_point_C)


# Diffusion coefficient of cobalt in LLZO, nm2/s, against temperature in C: 9.46e-14 cm2/s at 700 C with 1.65 eV.
_COBALT = (
    (300.0, 1.03e-05), (325.0, 4.16e-05), (350.0, 0.00015), (375.0, 0.000491), (400.0, 0.00147), (425.0, 0.00407),
    (450.0, 0.0105), (475.0, 0.0255), (500.0, 0.0583), (525.0, 0.127), (550.0, 0.262), (575.0, 0.521),
    (600.0, 0.994), (625.0, 1.83), (650.0, 3.26), (675.0, 5.63), (700.0, 9.46), (725.0, 15.5), (750.0, 24.7),
    (775.0, 38.7), (800.0, 59.2), (825.0, 88.8), (850.0, 131.0), (875.0, 190.0), (900.0, 271.0), (925.0, 381.0),
    (950.0, 528.0), (975.0, 722.0), (1000.0, 976.0), (1025.0, 1300.0), (1050.0, 1720.0), (1075.0, 2250.0),
    (1100.0, 2920.0), (1125.0, 3740.0), (1150.0, 4760.0), (1175.0, 6010.0), (1200.0, 7520.0),
)  # fmt: skip


def _table(points: tuple[tuple[float, float], ...], x: Any) -> Any:
    """A value by straight lines between tabulated points, flat outside."""
    total = points[0][1] + 0.0 * x
    for (x0, y0), (x1, y1) in pairwise(points):
        share = (x - x0) / (x1 - x0)
        share = (share > 0) * share
        share = share - (share > 1) * (share - 1)
        total = total + share * (y1 - y0)
    return total


def _cobalt_mixing(temperature: Any, hours: Any) -> Any:
    return _table(_COBALT, temperature) * hours * 3600.0 / 400.0


def _water_dose(dew_point: Any, minutes: Any) -> Any:
    return water_ppm(dew_point) * minutes / HARMFUL_WATER_PPM_MIN


DERIVED: tuple[Derived, ...] = (
    Derived(
        "derived.resistance_over_acceptable",
        "1",
        "R / R_acceptable",
        "interfacial resistance over the target, or over the upper end of the acceptable band of the pairing",
        "derivation",
        "derived",
        (("interfacial_resistance_ohm_cm2",), ("target_resistance_ohm_cm2", "pairing.acceptable_ohm_cm2")),
        _ratio,
    ),
    Derived(
        "derived.resistance_over_severe",
        "1",
        "R / R_severe",
        "interfacial resistance over the start of the severe band of the pairing",
        "derivation",
        "derived",
        (("interfacial_resistance_ohm_cm2",), ("pairing.severe_ohm_cm2",)),
        _ratio,
    ),
    Derived(
        "derived.voltage_lost_mV",
        "mV",
        "j R",
        "voltage lost at the interface at the stated current (mA/cm2 times ohm cm2)",
        "derivation",
        "derived",
        (("current_density_mA_cm2",), ("interfacial_resistance_ohm_cm2",)),
        _product,
    ),
    Derived(
        "derived.interface_time_constant_s",
        "s",
        "R C",
        "apparent time constant of the interface arc",
        "derivation",
        "derived",
        (("interfacial_resistance_ohm_cm2",), ("arc_capacitance_F_cm2",)),
        _product,
    ),
    Derived(
        "derived.oxidation_overdrive_V",
        "V",
        "V_upper - V_oxidation",
        "how far the cathode stands above the oxidation limit of the electrolyte",
        "zhu-2015",
        "recalled",
        (("upper_cutoff_V", "electrode.upper_V", "electrode.potential_V"), ("electrolyte.oxidation_limit_V",)),
        _difference,
    ),
    Derived(
        "derived.coating_oxidation_overdrive_V",
        "V",
        "V_upper - V_oxidation(coating)",
        "how far the cathode stands above the oxidation limit of the coating",
        "zhu-2015",
        "recalled",
        (("upper_cutoff_V", "electrode.upper_V", "electrode.potential_V"), ("coating.oxidation_limit_V",)),
        _difference,
    ),
    Derived(
        "derived.reduction_overdrive_V",
        "V",
        "V_reduction - V_anode",
        "how far the anode stands below the reduction limit of the electrolyte",
        "zhu-2015",
        "recalled",
        (("electrolyte.reduction_limit_V",), ("lower_cutoff_V", "electrode.potential_V")),
        _difference,
    ),
    Derived(
        "derived.heating_above_onset_C",
        "degC",
        "T_process - T_onset",
        "how far the pair was heated above the temperature at which it starts to react",
        "derivation",
        "derived",
        (("process_temperature_C",), ("pairing.compatibility_onset_C",)),
        _difference,
    ),
    Derived(
        "derived.planned_above_onset_C",
        "degC",
        "T_planned - T_onset",
        "how far a planned heat treatment lies above the temperature at which the pair starts to react",
        "derivation",
        "derived",
        (("planned_temperature_C",), ("pairing.compatibility_onset_C",)),
        _difference,
    ),
    Derived(
        "derived.cobalt_mixing_over_20_nm",
        "1",
        "D(T) t / (20 nm)^2 with D = 9.46e-14 cm2/s at 700 C and 1.65 eV",
        "square of the distance that cobalt travels in garnet while the pair is hot, over the square of 20 nm",
        "cobalt-in-llzo-2023",
        "derived",
        (("process_temperature_C",), ("process_time_h",)),
        _cobalt_mixing,
    ),
    Derived(
        "derived.thermal_strain_percent",
        "percent",
        "d_alpha (T_process - 25 C)",
        "strain between the layers after cooling to 25 C",
        "bertrand-2021",
        "derived",
        (("expansion_mismatch_ppm_K",), ("process_temperature_C",)),
        lambda mismatch, hot: mismatch * (hot - 25.0) * 1.0e-4,
    ),
    Derived(
        "derived.pressure_over_low",
        "1",
        "P / P_low",
        "stack pressure over the lower end of the usual window of the pairing",
        "derivation",
        "derived",
        (("stack_pressure_MPa",), ("pairing.pressure_low_MPa",)),
        _ratio,
    ),
    Derived(
        "derived.pressure_over_high",
        "1",
        "P / P_high",
        "stack pressure over the upper end of the usual window of the pairing",
        "derivation",
        "derived",
        (("stack_pressure_MPa",), ("pairing.pressure_high_MPa",)),
        _ratio,
    ),
    Derived(
        "derived.li_p_over_window_low",
        "1",
        "(Li/P) / window_low",
        "Li/P over the lower end of the low-resistance window given for this pair",
        "derivation",
        "derived",
        (("li_p_ratio",), ("li_p_window_low",)),
        _ratio,
    ),
    Derived(
        "derived.li_p_over_window_high",
        "1",
        "(Li/P) / window_high",
        "Li/P over the upper end of the low-resistance window given for this pair",
        "derivation",
        "derived",
        (("li_p_ratio",), ("li_p_window_high",)),
        _ratio,
    ),
    Derived(
        "derived.li_p_window_width",
        "1",
        "window_high - window_low",
        "width of the Li/P window given",
        "derivation",
        "derived",
        (("li_p_window_high",), ("li_p_window_low",)),
        _difference,
    ),
    Derived(
        "derived.voltage_window_V",
        "V",
        "V_upper - V_lower",
        "width of the voltage window given",
        "derivation",
        "derived",
        (("upper_cutoff_V",), ("lower_cutoff_V",)),
        _difference,
    ),
    Derived(
        "derived.activation_energy_difference_eV",
        "eV",
        "Ea_interface - Ea_bulk",
        "activation energy of the interface minus that of the bulk",
        "eckhardt-2022",
        "derived",
        (("interface_activation_energy_eV",), ("bulk_activation_energy_eV", "electrolyte.activation_energy_eV")),
        _difference,
    ),
    Derived(
        "derived.degrees_below_melting_C",
        "degC",
        "T_melting - T",
        "how far the cell works below the melting temperature of its polymer",
        "derivation",
        "derived",
        (("polymer_melting_C", "electrolyte.melting_C", "second_electrolyte.melting_C"), ("temperature_C",)),
        _difference,
    ),
    Derived(
        "derived.water_dose_over_harmful",
        "1",
        "ppm(dew point) t / (126.8 ppm x 30 min)",
        "water dose seen, over the dose known to cost a thiophosphate more than half of its conductivity",
        "yersak-2022",
        "seen",
        (("dew_point_C",), ("dew_exposure_min",)),
        _water_dose,
    ),
    Derived(
        "derived.current_over_critical",
        "1",
        "j / j_critical",
        "current over the one at which this cell was found to fail",
        "derivation",
        "derived",
        (("current_density_mA_cm2",), ("critical_current_density_mA_cm2",)),
        _ratio,
    ),
    Derived(
        "derived.stripping_over_limit",
        "1",
        "j / j_strip(P)",
        "current over the stripping limit published for this pairing at this pressure",
        "kasemchainan-2019",
        "recalled",
        (("current_density_mA_cm2",), ("pairing.stripping_limit_mA_cm2",)),
        _ratio,
    ),
    Derived(
        "derived.swelling_percent",
        "percent",
        "|dV/V|",
        "size of the volume change of the electrode over a full charge",
        "derivation",
        "derived",
        (("electrode_volume_change_percent", "electrode.volume_change_percent"),),
        lambda change: change * (1.0 - 2.0 * (change < 0)),
        (0.0,),
    ),
    Derived(
        "derived.coating_over_useful_low",
        "1",
        "d / d_low",
        "coating thickness over the lower end of its useful range",
        "derivation",
        "derived",
        (("coating_thickness_nm",), ("coating.useful_low_nm",)),
        _ratio,
    ),
    Derived(
        "derived.coating_over_useful_high",
        "1",
        "d / d_high",
        "coating thickness over the upper end of its useful range",
        "derivation",
        "derived",
        (("coating_thickness_nm",), ("coating.useful_high_nm",)),
        _ratio,
    ),
    Derived(
        "derived.coating_resistance_ohm_cm2",
        "ohm*cm^2",
        "d / sigma",
        "resistance of the coating itself: 1 nm at 1e-9 S/cm is 100 ohm cm2",
        "derivation",
        "derived",
        (("coating_thickness_nm",), ("coating.conductivity_S_cm",)),
        lambda thickness, sigma: _ratio(thickness * 1.0e-7, sigma),
    ),
    Derived(
        "derived.coating_resistance_over_acceptable",
        "1",
        "d / (sigma R_acceptable)",
        "resistance of the coating itself over the acceptable resistance of the pairing",
        "derivation",
        "derived",
        (
            ("coating_thickness_nm",),
            ("coating.conductivity_S_cm",),
            ("target_resistance_ohm_cm2", "pairing.acceptable_ohm_cm2"),
        ),
        lambda thickness, sigma, acceptable: _ratio(_ratio(thickness * 1.0e-7, sigma), acceptable),
    ),
    Derived(
        "derived.conductivity_over_expected",
        "1",
        "sigma / sigma_expected",
        "measured conductivity of the electrolyte over the usual one of this material at 25 C",
        "derivation",
        "derived",
        (("electrolyte_conductivity_S_cm",), ("electrolyte.conductivity_S_cm",)),
        _ratio,
    ),
    Derived(
        "derived.electrolyte_resistance_ohm_cm2",
        "ohm*cm^2",
        "L / sigma",
        "resistance that the electrolyte layer itself should have",
        "derivation",
        "derived",
        (("electrolyte_thickness_um",), ("electrolyte_conductivity_S_cm", "electrolyte.conductivity_S_cm")),
        lambda thickness, sigma: _ratio(thickness * 1.0e-4, sigma),
    ),
    Derived(
        "derived.bulk_over_expected",
        "1",
        "R_bulk sigma / L",
        "resistance of the electrolyte body over the one that its thickness and material should give at 25 C",
        "derivation",
        "derived",
        (("bulk_resistance_ohm_cm2",), ("electrolyte_thickness_um",), ("electrolyte.conductivity_S_cm",)),
        lambda resistance, thickness, sigma: _ratio(resistance * sigma, thickness * 1.0e-4),
    ),
    Derived(
        "derived.arc_capacitance_normalised_F_cm",
        "F/cm",
        "C L / A",
        "arc capacitance at unit cell constant, for comparison with bulk and grain boundary",
        "irvine-1990",
        "recalled",
        (("arc_capacitance_F_cm2",), ("electrolyte_thickness_um",)),
        lambda capacitance, thickness: capacitance * thickness * 1.0e-4,
    ),
    Derived(
        "derived.film_thickness_from_capacitance_nm",
        "nm",
        "eps_r eps_0 / C with eps_r = 10",
        "thickness of a film that would have the capacitance of the arc",
        "derivation",
        "derived",
        (("arc_capacitance_F_cm2",),),
        lambda capacitance: _ratio(8.854e-6, capacitance),
    ),
)


FORMULAS: Mapping[str, Derived] = {each.name: each for each in DERIVED}


def derive(
    facts: Mapping[str, Value], quantities: Sequence[Derived] = DERIVED
) -> Iterator[tuple[str, Span, tuple[str, ...]]]:
    """Name, interval and inputs of every derived quantity whose inputs are known."""
    for quantity in quantities:
        value = quantity.value(facts)
        if value is not None:
            chosen = quantity.chosen(facts)
            yield quantity.name, value, chosen or ()
