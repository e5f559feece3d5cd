"""What the name of a column means: quantity, unit and sign."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

FREQUENCY, LOGARITHM = "frequency", "log frequency"
REAL, IMAGINARY, MODULUS, PHASE = "real part", "imaginary part", "modulus", "phase"
RESISTANCE, REACTANCE = "resistance", "reactance"
SIEMENS, RESISTIVITY = "siemens", "resistivity"
TEMPERATURE, LOOP = "temperature", "loop"

LONGEST_NAME = 120
ZERO_CELSIUS_K = 273.15

OHM, OHM_AREA, OHM_LENGTH, HERTZ, DEGREES, CELSIUS, KELVIN, OTHER = (
    "ohm", "ohm cm2", "ohm cm", "Hz", "deg", "degree Celsius", "K", "other",
)  # fmt: skip
_PREFIX = {"": 1.0, "p": 1e-12, "n": 1e-9, "u": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_WORDS = {"milli": 1e-3, "micro": 1e-6, "kilo": 1e3, "mega": 1e6, "giga": 1e9}
_OHM = re.compile(
    r"(?P<word>(?i:milli|micro|kilo|mega|giga))?(?P<prefix>[munμkKMG]?)(?i:ohms?|Ω)"
    r"(?:[\s*·.x/_-]*(?P<size>mm|cm|m)\s*(?:\^|\*\*)?\s*(?P<power>[23]?))?(?:\.?-?rms)?\Z"
)
_HERTZ = re.compile(r"(?P<word>(?i:milli|kilo|mega|giga))?(?P<prefix>[munμkKMG]?)(?i:hz|hertz|cps)\Z")
_ANGULAR = re.compile(r"(?i)rad(?:ians?)?\s*(?:/\s*s(?:ec)?|[\s*·.]*s\^?-1)\Z|s\^?-1\Z|1/s\Z")
_DEGREES = re.compile(r"(?i)(?:deg(?:rees?)?\.?|°|º|grad)\Z")
_RADIANS = re.compile(r"(?i)(m)?rad(?:ians?)?\.?\Z")
_CELSIUS = re.compile(r"(?i)(?:deg\.?\s*|°\s*|º\s*)c(?:elsius)?\Z|C\Z|celsius\Z|degc\Z")
_SIEMENS = re.compile(r"(?:[munμkM]?(?:S|siemens|mho)|1/(?i:ohm|Ω)|(?i:ohm|Ω)\^?-1)(?:/c?m\^?2?)?\Z")
_LENGTH = {"mm": 0.1, "cm": 1.0, "m": 100.0}
_PLAIN_UNITS = frozenset((
    "s", "sec", "min", "h", "ms", "v", "mv", "a", "ma", "μa", "ua", "na", "f", "μf", "uf", "nf", "pf", "#", "%",
    "bits", "w", "mw", "c", "ah", "mah", "v vs. ref.", "v vs ref", "a/cm2", "ma/cm2", "db", "-", "1", "k",
))  # fmt: skip

# Symbols are compared in lower case without spaces and underscores.
_FREQUENCY = re.compile(
    r"(?:ac|meas(?:ured)?|applied|excitation|test|signal)?(?:f|fr|freq|freque?ncy|frequencies|frequenz|fr[ée]quence"
    r"|frequenza|frecuencia|fréq|频率|周波数|частота|ν|hz|ƒ)(?:applied|meas(?:ured)?)?"
)
_ANGULAR_FREQUENCY = re.compile(r"ω|omega|w|angularfrequency|kreisfrequenz")
_LOGARITHM = re.compile(r"(?:log|lg|log10)\W*(?:f|freq|frequency|frequenz|hz)\W*")
_OF = r"(?:\(?(?:z|zs|zp|impedance|ztotal)\)?)"
_REAL = re.compile(
    rf"z[sp]?'|re{_OF}?|real{_OF}?|z(?:_?re|real|r|prime)|zs(?:re|real)|{_OF}(?:re|real|realpart|'|\(re\)|\(real\))"
    rf"|realpart(?:of)?{_OF}?|realteil(?:z)?|realimp(?:edance)?|impreal|实部|实部阻抗|阻抗实部|z实部|r(?:e)?impedance"
)
_IMAGINARY = re.compile(
    rf"z[sp]?''|im{_OF}?|imag{_OF}?|z(?:_?im|imag|img|imaginary|i|''|doubleprime|primeprime)|zs(?:im|imag)"
    rf"|imaginary{_OF}?|{_OF}(?:im|imag|imaginary|imagpart|imaginarypart|''|\(im\)|\(imag\))"
    rf"|imag(?:inary)?part(?:of)?{_OF}?|imaginärteil(?:z)?|imag(?:inary)?imp(?:edance)?|impimag|虚部|虚部阻抗|阻抗虚部|z虚部"
)
_MODULUS = re.compile(
    rf"\|z[sp]?\||(?:mod|abs|mag|modulus|magnitude|amplitude){_OF}|(?:zmod|zmag|zabs)"
    rf"|modulus|magnitude|(?:impedance|z)(?:modulus|magnitude|abs)|betrag(?:z)?|阻抗模|模值|阻抗模值|\|z\|模"
)
_WHOLE = re.compile(r"z|impedance|impedanz|complex(?:z|impedance)|z\*|z\(complex\)|zcomplex|阻抗")
_PHASE = re.compile(
    r"(?:phase|phaseangle|theta|θ|ϑ|phi|φ|ϕ|arg|angle|zphz|phz|phasez|zphase|zarg|argz|ztheta|thetaz|相位|相位角|相角)"
    r"(?:of)?(?:\(?(?:z|zs|impedance)\)?)?|(?:impedance|z)(?:phase|theta|angle|arg)(?:angle)?|phasewinkel|phasenwinkel"
)
_SIEMENS_SYMBOL = re.compile(
    r"y'{0,2}|(?:re|im|real|imag|mod|abs|phase|arg)\(?y\)?|\|y\||admittance|yre|yim|conductance"
)
_RESISTIVITY_SYMBOL = re.compile(r"(?:ρ|rho|resistivity)'{0,2}|(?:re|im|real|imag)\(?(?:ρ|rho)\)?|\|(?:ρ|rho)\|")
_RESISTANCE = re.compile(r"rs?|resistance|seriesresistance|widerstand")
_REACTANCE = re.compile(r"xs?|reactance|seriesreactance|reaktanz|blindwiderstand")
_TEMPERATURE = re.compile(r"t|temp|temperature|temperatur|celltemp(?:erature)?|温度")
_LOOP = re.compile(
    r"(?:cycle|loop|sweep|scan|repeat|repetition|spectrum|spectra|measurement)(?:number|no|nr|index|id|#)?\.?"
    r"|(?:loop|cycle|sweep)n(?:umber)?"
)
_NEGATIVE = re.compile(r"(?:-|neg(?:ative)?(?:of)?(?=[ _(])|minus(?=[ _(\w]))\s*")
_PREFIXES = re.compile(r"(?i)^(?:data|definition|measured|meas\.?|raw|channel \d{1,2})\s*[:=]\s*")
_MARKER = re.compile(r"\((?:a|b)\)\Z")


@dataclass(frozen=True)
class Unit:
    """A unit as a factor to the plain one of its kind."""

    kind: str
    factor: float = 1.0


@dataclass(frozen=True)
class Naming:
    """What a column holds: in its plain unit after `factor`, and turned when `negative`.

    `unit` is the kind of unit that the name states, empty when it states none. `whole` marks names such as Z that may
    mean a complex number or a modulus.
    """

    quantity: str
    factor: float = 1.0
    negative: bool = False
    unit: str = ""
    whole: bool = False

    @property
    def per_area(self) -> bool:
        """Whether figures are in ohm cm2."""
        return self.unit == OHM_AREA


def plain(name: str) -> str:
    """A name in one spelling: no quotes around it, one kind of prime, minus, micro and ohm, single spaces."""
    return _plain(name[:LONGEST_NAME])


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    name = unicodedata.normalize("NFKC", name.replace("´", "'").replace("`", "'")).strip()
    name = name.replace("\ufeff", "").strip()
    while len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].strip()
    for given, wanted in (
        ("″", "''"), ("′", "'"), ("’", "'"), ("‘", "'"), ("“", "''"), ("”", "''"), ('"', "''"), ("µ", "μ"), ("Ω", "Ω"),
        ("−", "-"), ("–", "-"), ("﹣", "-"), ("²", "2"), ("∣", "|"), ("ǀ", "|"),
    ):  # fmt: skip
        name = name.replace(given, wanted)
    return re.sub(r"\s+", " ", name)


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit | None:
    """The unit that a text is, or None for anything else.

    M and m are told apart; a k may be large.
    """
    text = text.strip()
    if not text or len(text) > 24:
        return None
    if found := _OHM.match(text):
        factor = _PREFIX[found["prefix"]] * _WORDS.get((found["word"] or "").lower(), 1.0)
        if not found["size"]:
            return Unit(OHM, factor)
        length = _LENGTH[found["size"]]
        if found["power"] == "2":
            return Unit(OHM_AREA, factor * length**2)
        return Unit(OHM_LENGTH, factor * length) if not found["power"] else Unit(OTHER)
    if found := _HERTZ.match(text):
        return Unit(HERTZ, _PREFIX[found["prefix"]] * _WORDS.get((found["word"] or "").lower(), 1.0))
    if _ANGULAR.match(text):
        return Unit(HERTZ, 1 / (2 * math.pi))
    if _DEGREES.match(text):
        return Unit(DEGREES)
    if found := _RADIANS.match(text):
        return Unit(DEGREES, math.degrees(1e-3 if found[1] else 1.0))
    if _CELSIUS.match(text):
        return Unit(CELSIUS)
    if text == "K":
        return Unit(KELVIN)
    if _SIEMENS.match(text):
        return Unit(SIEMENS)
    return Unit(OTHER) if text.lower() in _PLAIN_UNITS else None


def _parted(name: str) -> tuple[str, Unit | None]:
    """Symbol and unit of a plain name."""
    stripped = _MARKER.sub("", name)
    for pattern in (r"(.*?)[\s_,]*\[([^\[\]]*)\]\Z", r"(.*?)[\s_,]*\(([^()]*)\)\Z", r"(.*?)[\s_,]*\{([^{}]*)\}\Z",
                    r"(.*?)[\s_,]*<([^<>|]*)>\Z"):  # fmt: skip
        found = re.match(pattern, stripped)
        if found and found[1] and (known := unit(found[2].strip(" /"))):
            return found[1].rstrip(" /"), known
    for mark in ("/", " in ", ",", ":", "_", " "):
        places = [place for place in range(len(stripped)) if stripped.startswith(mark, place)][:4]
        for place in places:
            head, tail = stripped[:place].strip(), stripped[place + len(mark) :].strip(" ()[]")
            # After a space or an underscore a single letter is more often an index than a unit.
            if head and (mark not in "_ " or len(tail) > 1) and (known := unit(tail)):
                return head, known
    return stripped, None


@lru_cache(maxsize=8192)
def naming(name: str) -> Naming | None:
    """What a column of this name holds, or None when the name says nothing of an impedance.

    A unit that does not fit the symbol, as in `E Real (V)`, makes it none.
    """
    if len(name) > LONGEST_NAME:
        return None
    name = _PREFIXES.sub("", plain(name).lstrip("# "))
    if not name:
        return None
    if _LOGARITHM.fullmatch(name.lower().replace(" ", "").replace("/hz", "").replace("(hz)", "").replace("[hz]", "")):
        return Naming(LOGARITHM, unit=HERTZ)
    symbol, known = _parted(name)
    kind = known.kind if known else ""
    factor = known.factor if known else 1.0
    lower = symbol.lower().strip()
    negative = bool(found := _NEGATIVE.match(lower))
    if found:
        lower = lower[found.end() :]
        if lower.startswith("(") and lower.endswith(")") and lower.count("(") == 1:
            lower = lower[1:-1]
    short = re.sub(r"[\s_.]|(?<=[a-z])-(?=[a-z])", "", lower)
    short = short.replace("\\", "").replace("{", "").replace("}", "").replace("$", "")
    return _named(short, kind, factor, negative)


def _named(short: str, kind: str, factor: float, negative: bool) -> Naming | None:
    if not negative and kind in ("", HERTZ):
        if _FREQUENCY.fullmatch(short):
            return Naming(FREQUENCY, factor, unit=kind)
        if _ANGULAR_FREQUENCY.fullmatch(short) and (short != "w" or kind):
            # Whatever the unit is called, an angular frequency counts radians.
            return Naming(FREQUENCY, 1 / (2 * math.pi), unit=HERTZ)
    if kind in ("", OHM, OHM_AREA):
        for pattern, quantity in ((_REAL, REAL), (_IMAGINARY, IMAGINARY), (_MODULUS, MODULUS), (_WHOLE, MODULUS)):
            if pattern.fullmatch(short):
                return Naming(quantity, factor, negative, kind, pattern is _WHOLE)
        if kind:
            for pattern, quantity in ((_RESISTANCE, RESISTANCE), (_REACTANCE, REACTANCE)):
                if pattern.fullmatch(short):
                    return Naming(quantity, factor, negative, kind)
    if kind in ("", DEGREES) and _PHASE.fullmatch(short):
        return Naming(PHASE, factor, negative, kind)
    if kind == OHM_LENGTH or (not kind and _RESISTIVITY_SYMBOL.fullmatch(short)):
        return Naming(RESISTIVITY, factor, negative, kind)
    if kind == SIEMENS or (not kind and _SIEMENS_SYMBOL.fullmatch(short)):
        return Naming(SIEMENS, 1.0, negative, kind)
    if kind in (CELSIUS, KELVIN) and _TEMPERATURE.fullmatch(short):
        return Naming(TEMPERATURE, unit=kind)
    if not kind and _LOOP.fullmatch(short):
        return Naming(LOOP)
    return None
