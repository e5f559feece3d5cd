"""Files of impedance as instruments and people write them, made from a spectrum that is known."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def synthetic(points: int = 25, high_Hz: float = 1e6, low_Hz: float = 0.1) -> tuple[Reals, Complexes]:
    """Frequencies by falling order and the impedance of R + R|C + R|C + C, in Hz and ohm."""
    frequency = np.geomspace(high_Hz, low_Hz, points)
    omega = 2j * np.pi * frequency
    arcs = 120 / (1 + omega * 120 * 2e-9) + 300 / (1 + omega * 300 * 1e-6)
    return frequency, 40 + arcs + 1 / (omega * 5e-3)


@dataclass(frozen=True)
class Layout:
    """How a text is written: signs, separators, names and what stands between the columns."""

    separator: str = ","
    comma: bool = False
    encoding: str = "utf-8"
    ending: str = "\n"
    order: tuple[int, int, int] = (0, 1, 2)
    names: tuple[str, str, str] = ("Frequency (Hz)", "Z' (ohm)", "Z'' (ohm)")
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)
    polar: bool = False
    before: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    digits: int = 9
    header: bool = True


def written(frequency: Reals, impedance: Complexes, layout: Layout) -> bytes:
    """A spectrum as text. Figures in the file are those in Hz, ohm and degrees times `factors`."""
    if layout.polar:
        parts = (frequency, np.abs(impedance), np.degrees(np.angle(impedance)))
    else:
        parts = (frequency, impedance.real, impedance.imag)
    columns = [parts[place] * layout.factors[place] for place in layout.order]
    names = [layout.names[place] for place in layout.order]
    lines = list(layout.before)
    if layout.header:
        lines.append(layout.separator.join([*names, *layout.extra]))
    for row, values in enumerate(zip(*columns, strict=True)):
        cells = [f"{value:.{layout.digits}e}" for value in values] + [str(row + 1) for _ in layout.extra]
        if layout.comma:
            cells = [cell.replace(".", ",") for cell in cells]
        lines.append(layout.separator.join(cells))
    return (layout.ending.join(lines) + layout.ending).encode(layout.encoding)


def _rows(columns: Sequence[Reals], separator: str, form: str = ".9g", lead: str = "") -> list[str]:
    return [lead + separator.join(format(value, form) for value in row) for row in zip(*columns, strict=True)]


def biologic_text(frequency: Reals, impedance: Complexes, sweeps: int = 1, comma: bool = False) -> bytes:
    """EC-Lab ASCII (.mpt) with a cycle number, in Latin-1."""
    count = len(frequency)
    rows: list[str] = []
    for sweep in range(sweeps):
        cycle = np.full(count, sweep + 1.0)
        columns = (frequency, impedance.real * (1 + sweep / 100), -impedance.imag, np.full(count, -0.05), cycle)
        rows += _rows(columns, "\t", ".8E")
    if comma:
        rows = [row.replace(".", ",") for row in rows]
    head = [
        "EC-Lab ASCII FILE",
        "Nb header lines : 7",
        "",
        "Potentio Electrochemical Impedance Spectroscopy",
        "Electrode surface area : 0.001 cm²",
        "",
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t<Ewe>/V\tcycle number\t",
    ]
    return "\r\n".join([*head, *rows]).encode("latin-1")


def biologic_binary(frequency: Reals, impedance: Complexes) -> bytes:
    """A BioLogic .mpr with columns as EC-Lab 11.6 writes them."""
    codes = (32, 37, 38, 36, 35, 4, 24, 131)
    body = bytearray(struct.pack(f"<IH{len(codes)}H", len(frequency), len(codes), *codes))
    body += bytes(1007 - len(body))
    for number, (hertz, value) in enumerate(zip(frequency, impedance, strict=True)):
        angle = np.degrees(np.angle(value))
        body += struct.pack("<5fddH", hertz, value.real, -value.imag, abs(value), angle, number, 1.0, 0)

    def module(short: bytes, content: bytes, version: int) -> bytes:
        head = short.ljust(10) + short.ljust(25) + b"\xff\xff\xff\xff"
        return b"MODULE" + head + struct.pack("<IIII", len(content), 0, version, 0)[:12] + b"05.15.25" + content

    start = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
    return start + module(b"VMP Set", b"\x1d" + bytes(300), 10) + module(b"VMP data", bytes(body), 11)


def gamry(frequency: Reals, impedance: Complexes, comma: bool = False) -> bytes:
    """Gamry .DTA with a record of the open-circuit voltage before the spectrum."""
    count = np.arange(len(frequency), dtype=np.float64)
    columns = (count, count, frequency, impedance.real, impedance.imag, np.abs(impedance))
    lines = [
        "EXPLAIN",
        "TAG\tEISPOT",
        "TITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier",
        "AREA\tQUANT\t2.00000E+000\t&Area (cm^2)",
        "OCVCURVE\tTABLE\t3",
        "\tPt\tT\tVf\tVm",
        "\t#\ts\tV\tV",
    ]
    lines += [f"\t{place}\t{place / 2}\t-3.46699E-001\t-3.46E-001" for place in range(3)]
    lines += ["ZCURVE\tTABLE", "\tPt\tTime\tFreq\tZreal\tZimag\tZmod", "\t#\ts\tHz\tohm\tohm\tohm"]
    lines += _rows(columns, "\t", lead="\t")
    text = "\r\n".join(lines) + "\r\n"
    return (text.replace(".", ",") if comma else text).encode("latin-1")


def zplot(frequency: Reals, impedance: Complexes, comments: bool = True) -> bytes:
    """Scribner ZPlot .z, with or without its block of comments."""
    zeros = np.zeros(len(frequency))
    columns = (frequency, zeros, zeros, zeros, impedance.real, impedance.imag, zeros, zeros, zeros)
    if comments:
        head = [
            "ZPLOT2 ASCII",
            "  Measured Data, ZPlot:       3.2c",
            "    Surface Area:             1",
            f"  Data Points:                {len(frequency)}",
            "  Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange",
            "End Comments",
        ]
        return "\n".join([*head, *_rows(columns, "\t", ".8E")]).encode()
    head = [
        '"ZPlotW Data File: Version 3.2c"',
        '"Raw Data"',
        '"Sweep Frequency: Control Voltage"',
        "0,3,0,1,300000,0.005",
        str(len(frequency)),
        "\"  Freq(Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\"",
    ]
    return "\n".join([*head, *_rows(columns, ", ", ".8E")]).encode()


def autolab(frequency: Reals, impedance: Complexes) -> bytes:
    """Autolab text in the manner of Z60W."""
    zeros = np.zeros(len(frequency))
    columns = (frequency, zeros, zeros, zeros, impedance.real, impedance.imag, zeros, zeros, zeros)
    head = [
        '"Z60W Data File: Version 1.1"',
        *['""'] * 7,
        "0,2,0,1,0.1,10000",
        str(len(frequency)),
        "\"  Freq (Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\"",
    ]
    return "\n".join([*head, *_rows(columns, ",", ".10g")]).encode("utf-8-sig")


def versastudio(frequency: Reals, impedance: Complexes) -> bytes:
    """VersaStudio .par."""
    zeros = np.zeros(len(frequency))
    columns = (zeros, np.arange(len(frequency)), zeros, frequency, impedance.real, impedance.imag, zeros)
    head = [
        "<Application>",
        "Name=VersaStudio",
        "</Application>",
        "Working Electrode Area (cm2)=1",
        "<Segment1>",
        "Type=2",
        "Definition=Segment #, Point #, E(V), Frequency(Hz), Z Real, Z Imag, AC Amplitude, 0",
    ]
    return "\n".join([*head, *_rows(columns, ",", ".9g"), "</Segment1>"]).encode()


def ch_instruments(frequency: Reals, impedance: Complexes) -> bytes:
    """CH Instruments text."""
    columns = (frequency, impedance.real, impedance.imag, np.abs(impedance), np.degrees(np.angle(impedance)))
    head = [
        "Feb. 20, 2020   15:55:08",
        "A.C. Impedance",
        "Instrument Model:  CHI660E",
        "",
        "Init E (V) = 0",
        "",
        "Freq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg",
        "",
    ]
    return "\n".join([*head, *_rows(columns, ", ", ".9e")]).encode()


def parstat(frequency: Reals, impedance: Complexes) -> bytes:
    """Parstat text: rows of direct current at a frequency of 0 come first."""
    zeros = np.zeros(len(frequency))
    head = ["Potential (V)\tCurrent (A)\tElapsed Time (s)\tFrequency (Hz)\tZre (ohms)\tZim (ohms)\t|Vac| (V)\t"]
    head += [f"3.49\t-0.1499\t{10 * place}\t0\t0\t0\t0\t" for place in range(5)]
    columns = (zeros + 3.4, zeros - 0.1, zeros, frequency, impedance.real, impedance.imag, zeros)
    return "\n".join([*head, *_rows(columns, "\t", ".12g")]).encode()


def powersuite(frequency: Reals, impedance: Complexes) -> bytes:
    """PowerSuite text by rising frequency, with two carriage returns at each end of line."""
    columns = (frequency[::-1], impedance.real[::-1], impedance.imag[::-1])
    return "\r\r\n".join(["Frequency\t Zre\t Zimg", *_rows(columns, "\t ", ".9g")]).encode()


def novocontrol(frequency: Reals, impedance: Complexes) -> bytes:
    """Novocontrol text with the geometry of the sample in its header."""
    columns = (frequency, impedance.real, impedance.imag)
    head = [
        "s05751_25deg, 26.02.2025, 15:11",
        "Diameter[mm]: 1.000e+01  Thickness[mm]: 7.500e-01  Spacer Area[mm^2] 0.0",
        "Fixed value(s) :  AC Volt  [Vrms]=7.1000e-03  ",
        "     Freq.[Hz]\t      Zs'[ohm]\t     Zs''[ohm]",
    ]
    return "\n".join([*head, *_rows(columns, "\t ", ".9e", " ")]).encode()


def relaxis(frequency: Reals, impedance: Complexes) -> bytes:
    """RelaxIS export by rising frequency."""
    columns = (frequency, impedance.real, impedance.imag, np.abs(impedance), np.degrees(np.angle(impedance)))
    head = [
        "RelaxIS 3.0 Spectrum export",
        "Date: 12/16/2025 2:29:15 PM",
        "Data: Frequency\tData: Z'\tData: Z''\tData: |Z|\tData: Theta (Z)",
        "DC=-0.080042, TM=33.741076, J=-5E-6, FV2=1\tModel: Unassigned Spectra\tPEIS_C01.mpr_1\t\t",
    ]
    return "\n".join([*head, *_rows([each[::-1] for each in columns], "\t", ".12g")]).encode()


def ivium(frequency: Reals, impedance: Complexes) -> bytes:
    """Figures without names, real and imaginary part before the frequency."""
    columns = (impedance.real, impedance.imag, frequency)
    head = ["Title=Impedance", "primary_data", "3", str(len(frequency))]
    return "\n".join([*head, *_rows(columns, "  ", ".9e", "  ")]).encode()


def palmsens(frequency: Reals, impedance: Complexes) -> bytes:
    """A session of PalmSens, UTF-16."""

    def array(kind: str, symbol: str, values: Reals) -> dict[str, object]:
        return {"description": kind, "unit": {"q": symbol}, "datavalues": [{"v": float(value)} for value in values]}

    arrays = [
        array("Frequency", "f", frequency),
        array("ZRe", "Z'", impedance.real),
        array("ZIm", "-Z''", -impedance.imag),
    ]
    one = {"title": "Impedance Spectroscopy", "dataset": {"values": arrays}}
    return json.dumps({"type": "PalmSens", "measurements": [one]}).encode("utf-16")


def opendocument(frequency: Reals, impedance: Complexes) -> bytes:
    """A sheet of OpenDocument."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = "".join(
        f"<table:table-cell><text:p>{name}</text:p></table:table-cell>"
        for name in ("freq/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm")
    )
    rows = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value="{value!r}"/>' for value in row)
        + "</table:table-row>"
        for row in zip(frequency.tolist(), impedance.real.tolist(), impedance.imag.tolist(), strict=True)
    )
    xml = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><table:table table:name="Cell 1"><table:table-row>{names}</table:table-row>'
        f"{rows}</table:table></office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("content.xml", (2025, 1, 1, 0, 0, 0)), xml)
    return stream.getvalue()


def _layouts() -> dict[str, Layout]:
    """Texts that people write."""
    return {
        "plain.csv": Layout(),
        "bare.txt": Layout(separator="\t", header=False),
        "german.csv": Layout(
            separator=";",
            comma=True,
            encoding="utf-8-sig",
            names=("f / Hz", "Re(Z) / Ω", "-Im(Z) / Ω"),
            factors=(1, 1, -1),
        ),
        "polar.txt": Layout(
            separator="\t", polar=True, names=("freq", "|Z| (kohm)", "-Phase (deg)"), factors=(1, 1e-3, -1)
        ),
        "wide.csv": Layout(
            names=("f (kHz)", "Zreal", "Zimag"), factors=(1e-3, 1, 1), extra=("n", "m"), order=(2, 0, 1)
        ),
        "utf16.csv": Layout(encoding="utf-16", ending="\r\n"),
        "comments.csv": Layout(before=("# Area: 0.785 cm2", "# Temperature: 25 °C"), names=("# freq", "Z_re", "Z_im")),
    }


Writer = Callable[[Reals, Complexes], bytes]
WRITERS: dict[str, Writer] = {
    "biologic.mpt": biologic_text,
    "biologic_comma.mpt": lambda frequency, impedance: biologic_text(frequency, impedance, comma=True),
    "biologic.mpr": biologic_binary,
    "gamry.DTA": gamry,
    "gamry_comma.DTA": lambda frequency, impedance: gamry(frequency, impedance, comma=True),
    "zplot.z": zplot,
    "zplot_plain.z": lambda frequency, impedance: zplot(frequency, impedance, comments=False),
    "autolab.txt": autolab,
    "versastudio.par": versastudio,
    "chi.txt": ch_instruments,
    "parstat.txt": parstat,
    "powersuite.txt": powersuite,
    "novocontrol.txt": novocontrol,
    "relaxis.txt": relaxis,
    "ivium.idf": ivium,
    "palmsens.pssession": palmsens,
    "sheet.ods": opendocument,
}


def samples(points: int = 25) -> dict[str, bytes]:
    """A file of each kind, by name, all of the spectrum of `synthetic`."""
    frequency, impedance = synthetic(points)
    found = {name: write(frequency, impedance) for name, write in WRITERS.items()}
    return found | {name: written(frequency, impedance, layout) for name, layout in _layouts().items()}
