"""What was read from the files of instruments, as a result: spectra with their arcs, laws of series, case fields.

Figures are as the cell was measured, unless a name says otherwise; `steps` tell every step from there to the fields.
"""

from __future__ import annotations

from pydantic import Field

from diagnose.part import Part

Figures = tuple[float, ...]


class MeasuredField(Part):
    """A field of a case that a measurement fills."""

    field: str
    value: float | str | bool
    sigma: float | None = Field(description="standard uncertainty in the unit of the field; null for words")
    text: str = Field(description="as a case file holds it")

    @property
    def given(self) -> str | bool:
        """As a case takes it: a word, a flag, or a figure as text."""
        return self.value if isinstance(self.value, (str, bool)) else self.text


class ElementChance(Part):
    """How likely an arc is one element of a cell."""

    element: str
    title: str
    probability: float


class MeasuredArc(Part):
    """One arc of the fit. C is the effective capacitance tau / R, n the exponent, frequency that of the peak."""

    R_ohm: float
    sigma_R_ohm: float
    C_F: float
    sigma_C_F: float
    frequency_Hz: float
    sigma_frequency_Hz: float
    n: float
    sigma_n: float
    alone: bool = Field(description="whether it can be told alone; otherwise only the sum of its lump is known")
    elements: tuple[ElementChance, ...] = Field(description="likeliest first; they sum to one")
    says: str


class MeasuredLump(Part):
    """Neighbouring arcs of which only the sum is known."""

    R_ohm: float
    sigma_R_ohm: float
    reason: str


class KramersKronigResult(Part):
    """The linear Kramers-Kronig test. Residuals are in percent of the modulus."""

    consistent: bool = Field(description="whether it obeys the relations, no proof that the cell stood still")
    largest_percent: float
    rms_percent: float
    noise_percent: float
    valid_low_Hz: float
    valid_high_Hz: float
    outliers: int
    order: int


class SpectrumCurves(Part):
    """What pictures of a spectrum show. n points by falling frequency; residuals in percent of the modulus."""

    frequency_Hz: Figures
    real_ohm: Figures
    imaginary_ohm: Figures
    fitted_real_ohm: Figures = Field(description="empty where nothing could be fitted")
    fitted_imaginary_ohm: Figures
    residual_real_percent: Figures
    residual_imaginary_percent: Figures
    kk_real_percent: Figures
    kk_imaginary_percent: Figures
    relaxation_s: Figures = Field(description="time constants of the distribution of relaxation times")
    relaxation_ohm: Figures = Field(description="its weight per unit of ln tau")


class MeasuredCircuit(Part):
    """A circuit that the user named, fitted to the spectrum."""

    circuit: str
    reason: str = Field(description="why there are no values; empty when there are")
    values: dict[str, tuple[float, float]] = Field(description="value and standard uncertainty, in ohm, F, H, s, S s^n")
    rms_percent: float


class MeasuredSpectrum(Part):
    """One impedance spectrum: what the reader decided, the validity, the fit, what each arc is, the case fields."""

    file: str
    number: int
    points: int
    dropped: dict[str, int] = Field(description="rows left out, by reason")
    area_cm2: float | None
    area_source: str
    thickness_um: float | None
    symmetric: bool
    kk: KramersKronigResult
    reason: str = Field(description="why there are no parameters; empty when there are")
    series_ohm: float | None
    sigma_series_ohm: float | None
    inductance_H: float | None
    arcs: tuple[MeasuredArc, ...] = Field(description="by falling frequency")
    lumps: tuple[MeasuredLump, ...]
    tail: str = Field(description="none, blocking, semi_infinite, open, short or line")
    tail_values: dict[str, float]
    rms_percent: float = Field(description="what the fit leaves, in percent of the modulus")
    chi2: float = Field(description="squared residuals against the noise; above one the model errs")
    steps: tuple[str, ...] = Field(description="every step from the file to the fields, in order")
    doubts: tuple[str, ...] = ()
    fields: tuple[MeasuredField, ...]
    circuit: MeasuredCircuit | None = None
    curves: SpectrumCurves


class LawChance(Part):
    """A law that was tried."""

    name: str
    aicc: float
    weight: float


class MeasuredLaw(Part):
    """The law of a resistance over a quantity. `name` is empty where no law can be told."""

    of: str = Field(description="which resistance: an element, total, or the column of the table")
    over: str
    name: str
    says: str
    reason: str
    parameters: dict[str, tuple[float, float]] = Field(description="value and standard uncertainty")
    candidates: tuple[LawChance, ...]
    doubts: tuple[str, ...]
    x: Figures = Field(description="what was measured")
    resistance: Figures
    sigma: Figures = Field(description="empty where none was stated")
    unit: str = Field(description="of the resistance: ohm or ohm cm2")
    curve_x: Figures = Field(description="the law with its band of one standard uncertainty")
    curve: Figures
    curve_low: Figures
    curve_high: Figures


class MeasuredSeries(Part):
    """A series over one quantity: the laws, the spectra behind it, the case fields."""

    over: str
    files: tuple[str, ...]
    reason: str
    laws: tuple[MeasuredLaw, ...]
    spectra: tuple[MeasuredSpectrum, ...]
    steps: tuple[str, ...]
    fields: tuple[MeasuredField, ...]


class Measurement(Part):
    """Everything that was read from files for one case, and the fields of the case that come from it."""

    spectra: tuple[MeasuredSpectrum, ...] = ()
    series: tuple[MeasuredSeries, ...] = ()
    fields: tuple[MeasuredField, ...] = Field(default=(), description="what the case took over")
    passed_over: tuple[str, ...] = Field(default=(), description="fields that the case gives itself, which count more")
    not_told: tuple[str, ...] = Field(default=(), description="fields that this kind of cell cannot tell")

    def to_json(self) -> str:
        """The measurement as JSON text; the same one gives the same bytes."""
        return self.model_dump_json(indent=2) + "\n"
