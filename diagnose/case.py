"""A case: what is known of one electrode | electrolyte interface. One attribute per field of the vocabulary."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, model_validator

from diagnose.errors import LONGEST, CaseError, Problem, did_you_mean, nearest
from diagnose.quantity import Measured, QuantityError, parse_number, shown, within, written_plainly


def plain(number: Measured | None) -> float | str | None:
    """A number as it may be written in a case file: a plain figure when it was written as one, else its text."""
    if number is None or number.text == written_plainly(number.value):
        return None if number is None else number.value
    return number.text


def as_fact(value: Any) -> Any:
    """A value of a case as rules read it: a number as its interval, anything else as it is."""
    return value.span if isinstance(value, Measured) else value


Number = Annotated[Measured | None, PlainSerializer(plain)]
ABSENT = "none"


class Case(BaseModel):
    """What is known of ONE interface. Only an electrolyte (or its family) and the electrode role must be given.

    A missing field is unknown, never "no". Numbers may be figures in the unit of the field name or text with a unit, an
    uncertainty, a bound or a range ("50 bar", "85 ± 5", "<10", "500-900"). Raises CaseError with every mistake found.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    if TYPE_CHECKING:

        def __init__(self, **fields: object) -> None:
            """Fields by name: text for a choice or a name, true or false for a flag, a figure or text for a number."""

    electrolyte: str | None = None
    electrolyte_family: str | None = None
    electrode: str | None = None
    electrode_role: str | None = None
    electrode_form: str | None = None
    second_electrolyte: str | None = None
    counter_electrode: str | None = None
    cell_type: str | None = None
    coating: str | None = None
    coating_thickness_nm: Number = None
    coating_coverage_percent: Number = None
    carbon_additive: str | None = None
    carbon_weight_percent: Number = None
    active_weight_percent: Number = None
    particle_size_ratio: Number = None
    relative_density_percent: Number = None
    electrolyte_thickness_um: Number = None
    production_stage: str | None = None

    interfacial_resistance_ohm_cm2: Number = None
    resistance_level: str | None = None
    resistance_factor: Number = None
    electrolyte_conductivity_S_cm: Number = None
    bulk_resistance_ohm_cm2: Number = None
    target_resistance_ohm_cm2: Number = None
    ohmic_over_expected: Number = None

    kk_residual_percent: Number = None
    repeat_drift_percent: Number = None
    harmonic_distortion_percent: Number = None
    arc_capacitance_F_cm2: Number = None
    arc_frequency_Hz: Number = None
    cpe_exponent: Number = None
    interface_arcs: Number = None
    inductive_loop: str | None = None
    thickness_slope: Number = None
    area_slope: Number = None
    collector_swap_change_percent: Number = None
    fixture_resistance_ohm: Number = None
    time_constant_factor: Number = None
    capacitance_factor: Number = None

    stack_pressure_MPa: Number = None
    forming_pressure_MPa: Number = None
    pressure_response: str | None = None
    pressure_exponent: Number = None
    pressure_contact_fraction: Number = None
    pressure_hysteresis_percent: Number = None
    electrode_volume_change_percent: Number = None
    repress_recovery_percent: Number = None
    pressure_optimum_seen: bool | None = None

    temperature_C: Number = None
    interface_activation_energy_eV: Number = None
    bulk_activation_energy_eV: Number = None
    arrhenius_kink_C: Number = None
    anneal_response: str | None = None
    polymer_melting_C: Number = None

    trend_at_rest: str | None = None
    trend_on_cycling: str | None = None
    rest_growth_percent_per_100h: Number = None
    rest_growth_exponent: Number = None
    growth_percent_per_10_cycles: Number = None
    rest_recovery_percent: Number = None
    capacity_retention_percent: Number = None
    cycles_done: Number = None

    current_density_mA_cm2: Number = None
    critical_current_density_mA_cm2: Number = None
    areal_capacity_mAh_cm2: Number = None
    strip_plate_ratio: Number = None
    polarisation_runaway: bool | None = None
    sudden_voltage_drop: bool | None = None
    dc_over_eis_resistance: Number = None
    electronic_conductivity_S_cm: Number = None
    charge_exceeds_theory: bool | None = None

    upper_cutoff_V: Number = None
    lower_cutoff_V: Number = None
    growth_onset_V: Number = None
    bias_reversible: bool | None = None
    first_cycle_loss_mAh_g: Number = None
    first_cycle_efficiency_percent: Number = None
    soc_ratio: Number = None

    li_p_ratio: Number = None
    li_p_window_low: Number = None
    li_p_window_high: Number = None
    li_p_position: str | None = None
    residual_liquid_percent: Number = None

    joining_method: str | None = None
    heated_while_joined: bool | None = None
    process_temperature_C: Number = None
    process_time_h: Number = None
    planned_temperature_C: Number = None
    planned_pressure_MPa: Number = None
    expansion_mismatch_ppm_K: Number = None
    air_exposure: str | None = None
    air_exposure_min: Number = None
    dew_point_C: Number = None
    dew_exposure_min: Number = None
    h2s_ppm: Number = None
    surface_treatment: str | None = None
    surface_residue: str | None = None
    contact_description: str | None = None
    roughness_um: Number = None
    wetting: str | None = None
    contact_angle_deg: Number = None

    better_without: str | None = None

    utilisation_percent: Number = None
    ionic_conductivity_ratio: Number = None
    composite_electronic_conductivity_S_cm: Number = None
    active_area_ratio: Number = None
    loading_slope: Number = None

    carbonate_seen: bool | None = None
    interdiffusion_nm: Number = None
    second_phase_seen: bool | None = None
    cation_reduced: bool | None = None
    electrolyte_oxidised: bool | None = None
    interphase_nm: Number = None
    electrode_surface_disordered: bool | None = None
    gap_seen: bool | None = None
    filament_seen: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _checked(cls, data: Any) -> dict[str, Any]:
        """Check and convert every field at once, against the vocabulary."""
        if isinstance(data, Case):
            return dict(data)
        if not isinstance(data, Mapping):
            raise CaseError(
                (Problem("a case is a mapping of field names to values", hint="Write lines like `electrolyte: LLZO`."),)
            )
        return checked(data)

    def known(self) -> dict[str, Any]:
        """The fields that are known, in the order of the vocabulary."""
        return {name: value for name, value in self if value is not None}

    def dump(self) -> dict[str, Any]:
        """The known fields as plain data that a case file may hold."""
        return self.model_dump(exclude_none=True)

    def digest(self) -> str:
        """Hash of what is known; the same facts in any order and spelling of units give the same hash."""
        facts = {
            name: [value.low, value.high, value.value, value.sigma] if isinstance(value, Measured) else value
            for name, value in self.known().items()
        }
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def checked(data: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a case in the types of `Case`.

    Raises CaseError naming every unknown field, wrong choice, impossible number, and what a case cannot do without.
    """
    found, problems = converted(data)
    if problems:
        raise CaseError(tuple(problems))
    return found


def converted(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The fields that are right, in the types of `Case`, and everything that is wrong or missing."""
    from diagnose.knowledgefile import vocabulary

    fields = vocabulary()
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, raw in data.items():
        if name not in fields:
            word = name if isinstance(name, str) else shown(name)
            problems.append(Problem("is not a field of a case", field=word, hint=did_you_mean(word, fields)))
        elif raw is not None:
            try:
                found[name] = value_of(fields[name], raw)
            except QuantityError as error:
                problems.append(Problem(error.message, field=name, hint=error.hint))
    return found, problems + missing({name for name, raw in data.items() if raw is not None})


def value_of(field: Any, raw: Any) -> Any:
    """What was given for a field, in the type of `Case`. Raises QuantityError."""
    if field.kind in ("number", "integer"):
        if isinstance(raw, Measured):
            return within(raw, field.unit, field.limits)
        return parse_number(raw, field.unit, field.limits, integer=field.kind == "integer")
    if field.kind == "flag":
        if isinstance(raw, bool):
            return raw
        hint = "Write true or false, or leave the field out when unknown."
        raise QuantityError(f"{shown(raw)} is neither true nor false", hint)
    if isinstance(raw, bool) or not isinstance(raw, str) or not str.strip(raw):
        kind = "one of its choices" if field.kind == "choice" else "a name"
        raise QuantityError(f"{shown(raw)} is not {kind}", _choices(field, shown(raw)))
    word = str.strip(raw)
    if len(word) > LONGEST:
        raise QuantityError(f"{word[:40] + '...'!r} is too long for a name", "Write a name or formula.")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in word):
        raise QuantityError(f"{raw!r} holds a character that cannot be seen", "Type the name again.")
    if field.kind == "choice":
        if word not in field.of:
            raise QuantityError(f"{word!r} is not one of its choices", _choices(field, word))
    elif word.lower() == ABSENT:
        return ABSENT
    return word


def _choices(field: Any, word: str) -> str:
    if field.kind != "choice":
        return "Write a name or formula, such as Li6PS5Cl."
    close = nearest(word, field.of)
    return did_you_mean(word, field.of) if close else f"Choose from {', '.join(field.of)}."


def missing(found: Collection[str]) -> list[Problem]:
    """What a case cannot do without and these fields lack."""
    problems = []
    if "electrolyte" not in found and "electrolyte_family" not in found:
        hint = "Name the electrolyte (LLZO, Li6PS5Cl, ...) or give electrolyte_family."
        problems.append(Problem("a case needs an electrolyte or its family", field="electrolyte", hint=hint))
    if "electrode_role" not in found:
        hint = "Write cathode, anode, or junction when the joint is between two electrolytes."
        problems.append(Problem("a case needs the role of the electrode", field="electrode_role", hint=hint))
    return problems
