"""Finding a material by what people call it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import diagnose
from diagnose.data import load
from diagnose.knowledge import Knowledge, spelling

ELECTROLYTES = {
    "llzo": [
        "LLZO",
        "llzo",
        "L L Z O",
        "Li7La3Zr2O12",
        "Li₇La₃Zr₂O₁₂",
        "Al-LLZO",
        "Al-doped LLZO",
        "LLZO:Al",
    ],
    "llzto": [
        "LLZTO",
        "Ta-LLZO",
        "Li6.4La3Zr1.4Ta0.6O12",
        "Li6.35La3Zr1.35Ta0.65O12",
        "LLZTO pellet",
    ],
    "llzo-nb": ["LLCZN", "Nb-LLZO", "Li7La2.75Ca0.25Zr1.75Nb0.25O12"],
    "llzo-ga": ["Ga-LLZO", "Ga0.25-LLZO"],
    "latp": ["LATP", "Li1.3Al0.3Ti1.7(PO4)3", "LICGC", "LATP glass ceramic"],
    "lagp": ["LAGP", "Li1.5Al0.5Ge1.5(PO4)3"],
    "llto": ["LLTO", "Li0.33La0.56TiO3", "Li0.29La0.57TiO3"],
    "lipon": ["LiPON", "LIPON", "LiPON film"],
    "lpo": ["LPO", "Li3PO4", "amorphous Li3PO4", "a-Li3PO4", "Li2.8PO3.9"],
    "lps-glass": ["LPS", "75Li2S-25P2S5", "70 Li2S - 30 P2S5", "Li2S–P2S5"],
    "li3ps4": ["Li3PS4", "beta-Li3PS4", "β-Li3PS4", "b-Li3PS4"],
    "lpscl": ["argyrodite", "LPSCl", "Li6PS5Cl", "Li_6PS_5Cl", "Li6PS5Cl (coarse)"],
    "lpscl15": ["Li5.5PS4.5Cl1.5", "Cl-rich argyrodite", "Li5.4PS4.4Cl1.6", "Li5.7PS4.7Cl1.3"],
    "lgps": ["LGPS", "Li10GeP2S12"],
    "lspscl": ["Li9.54Si1.74P1.44S11.7Cl0.3", "LSPSCl"],
    "li3ycl6": ["Li3YCl6", "LYC"],
    "li3ybr6": ["Li3YBr6"],
    "li3incl6": ["Li3InCl6", "LIC"],
    "li2zrcl6": ["Li2ZrCl6", "Li2.2Zr0.8In0.2Cl6"],
    "libh4": ["LiBH4"],
    "li2ohcl": ["Li2OHCl"],
    "li3ocl": ["Li3OCl"],
    "peo": ["PEO", "PEO-LiTFSI", "PEO20-LiTFSI", "P(EO)20LiTFSI"],
    "pvdf": ["PVDF-LiFSI", "PVDF", "PVDF-HFP"],
    "peo-llzo": ["PEO-LLZTO", "PEO/LLZO", "LLZTO in PEO"],
    "liquid-electrolyte": ["LP30", "ether electrolyte", "1 M LiPF6"],
}
ELECTRODES = {
    "nmc811": [
        "NMC811",
        "NCM811",
        "SC-NMC811",
        "LiNbO3-coated NCM811",
        "LiNi0.8Mn0.1Co0.1O2",
        "NMC 811",
    ],
    "nmc622": ["NMC622", "NCM622"],
    "nmc-nickel-rich": [
        "NMC701515",
        "Ni-rich NMC",
        "NCM83",
        "NMC90",
        "NCM9055",
        "LiNi0.88Co0.09Mn0.03O2",
    ],
    "nmc": ["NMC", "NCM", "NMC433"],
    "lco": ["LCO", "LiCoO2", "LiCoO2 (001)", "Li0.5CoO2"],
    "lfp": ["LFP", "LiFePO4", "C-LFP"],
    "lmfp": ["LMFP", "LiMn0.7Fe0.3PO4"],
    "olivine": ["LiFeCoPO4", "LiNiPO4", "LiFe0.5Co0.5PO4"],
    "lnmo": ["LNMO", "LiNi0.5Mn1.5O4"],
    "rock-salt": ["Li1.2Ni0.3Ti0.3Nb0.2O2", "Li1.25Nb0.25Mn0.5O2", "disordered rock salt", "DRX"],
    "lrmo": ["Li1.2Ni0.13Co0.13Mn0.54O2", "LRMO", "Li-rich NMC"],
    "sulfur": ["S", "sulfur", "S8"],
    "li2s": ["Li2S"],
    "fes2": ["FeS2"],
    "tis2": ["TiS2"],
    "li": ["Li", "lithium", "Li metal", "Li foil"],
    "li-in": ["Li-In", "InLi", "LiIn", "In", "In/InLi", "Li0.5In"],
    "li-mg": ["Li-Mg", "Li0.9Mg0.1"],
    "li-al": ["Li-Al", "LiAl"],
    "li-sn": ["Sn", "Li-Sn"],
    "si": ["Si", "silicon", "µSi".replace("µ", "u")],
    "graphite": ["graphite", "Gr"],
    "lto": ["LTO", "Li4Ti5O12"],
    "collector": ["Cu", "SS", "stainless steel", "anode-free", "anode free Cu", "Ni"],
}
COATINGS = {
    "linbo3": ["LiNbO3", "LNO", "lithium niobate"],
    "li3po4": ["Li3PO4", "LPO"],
    "al2o3": ["Al2O3", "alumina", "ALD Al2O3"],
    "au": ["Au", "gold"],
    "zno": ["ZnO"],
    "ag-c": ["Ag-C"],
    "liquid": ["few uL liquid electrolyte", "ionic liquid"],
    "soft-polymer": ["PEO", "polymer interlayer"],
}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load().knowledge


@pytest.mark.parametrize(
    ("kind", "known"),
    [("electrolyte", ELECTROLYTES), ("electrode", ELECTRODES), ("coating", COATINGS)],
)
def test_common_names_are_found(knowledge: Knowledge, kind: str, known: dict[str, list[str]]) -> None:
    """Abbreviations, formulas, dopings and ways of writing lead to the material a chemist means."""
    found = {
        name: (material.id if (material := knowledge.find(kind, name)) else None)
        for names in known.values()
        for name in names
    }
    assert found == {name: expected for expected, names in known.items() for name in names}


def test_kinds_that_rules_rely_on(knowledge: Knowledge) -> None:
    """Generic entries carry the kind by which the rules judge them."""
    kinds = {
        "Li1.2Ni0.3Ti0.3Nb0.2O2": "rock_salt",
        "LiFeCoPO4": "olivine",
        "NMC701515": "layered_oxide",
    }
    for name, kind in kinds.items():
        material = knowledge.find("electrode", name)
        assert material is not None
        assert material.electrode_kind == kind


def test_no_name_is_claimed_twice(knowledge: Knowledge) -> None:
    """Within a kind every spelling belongs to one material."""
    for kind, materials in knowledge.materials.items():
        owners: dict[str, set[str]] = {}
        for material in materials.values():
            for name in material.names:
                owners.setdefault(spelling(name), set()).add(material.id)
        assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}, kind


def test_patterns_never_beat_exact_names(knowledge: Knowledge) -> None:
    """Every exact name of a material finds that material, whatever patterns others have."""
    for kind in ("electrolyte", "electrode", "coating"):
        for material in knowledge.materials[kind].values():
            for name in material.names:
                found = knowledge.find(kind, name)
                assert (found and found.id) == material.id, name


@given(st.text(max_size=30))
def test_any_text_may_be_asked_for(name: str) -> None:
    """Any text gives a material or nothing, never an error, and the nearest names are known names."""
    knowledge = load().knowledge
    for kind in ("electrolyte", "electrode", "coating"):
        knowledge.find(kind, name)
        assert set(knowledge.nearest(kind, name)) <= set(knowledge.material_names(kind))


@pytest.mark.parametrize(
    ("word", "meant"),
    [("LLZOO", "LLZO"), ("Li6PS5C", "Li6PS5Cl"), ("LAPT", "LATP"), ("argirodite", "argyrodite")],
)
def test_a_slip_of_the_pen_gets_a_suggestion(knowledge: Knowledge, word: str, meant: str) -> None:
    """The nearest names offered for a misspelling hold the right one."""
    close = {spelling(name) for name in knowledge.nearest("electrolyte", word)}
    assert spelling(meant) in close


def test_nonsense_is_not_a_material(knowledge: Knowledge) -> None:
    """A name that means nothing, or a material of another kind, is not found."""
    assert knowledge.find("electrolyte", "unobtainium") is None
    assert knowledge.find("electrolyte", "NMC811") is None
    assert knowledge.find("electrode", "") is None


def test_spelling_ignores_what_people_vary() -> None:
    """Case, spaces, hyphens, underscores, subscripts and Greek letters do not matter."""
    assert {spelling(name) for name in ("β-Li₃PS₄", "beta Li3PS4", "BETA_li3ps4", "beta–Li3PS4")} == {"betali3ps4"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("electrolyte", "LiCoO2"),
        ("electrolyte", "LiClO4"),
        ("electrolyte", "LLZOx"),
        ("electrolyte", "LATPP"),
        ("electrode", "LiMgPO4"),
        ("electrode", "SiO2"),
        ("electrode", "Austenitic steel"),
        ("coating", "LiFePO4"),
        ("coating", "Austenitic steel"),
    ],
)
def test_a_name_is_not_the_start_of_another_word(knowledge: Knowledge, kind: str, name: str) -> None:
    """What begins like a known name and goes on with letters is another material, and not known."""
    assert knowledge.find(kind, name) is None


def test_no_cathode_is_read_as_an_electrolyte(knowledge: Knowledge) -> None:
    """No name of an electrode with a transition metal is that of an electrolyte."""
    for material in knowledge.materials["electrode"].values():
        if material.electrode_kind in ("layered_oxide", "spinel", "olivine", "rock_salt"):
            for name in material.names:
                assert knowledge.find("electrolyte", name) is None, name


def test_a_name_read_by_its_pattern_is_told() -> None:
    """The answer says as what it read a name that it does not know letter by letter."""
    notes = diagnose({"electrolyte": "Li6PS5Cl (coarse)", "electrode": "Li", "electrode_role": "anode"}).notes
    assert any(note.startswith("The electrolyte Li6PS5Cl (coarse) was read as ") for note in notes)
    exact = diagnose({"electrolyte": "Li6PS5Cl", "electrode": "Li", "electrode_role": "anode"}).notes
    assert not any("was read as" in note for note in exact)
