"""Checks an installed wheel: one top-level name, all the data, a light import. `python wheel.py FILE.whl`."""

import sys
import zipfile
from pathlib import PurePosixPath

names = [PurePosixPath(name) for name in zipfile.ZipFile(sys.argv[1]).namelist()]
tops = {name.parts[0] for name in names if not name.parts[0].endswith(".dist-info")}
if tops != {"diagnose"}:
    sys.exit(f"the wheel has other top-level names than diagnose: {sorted(tops)}")
files = {str(name) for name in names}
wanted = ("rules/scale.yaml", "rules/causes/", "rules/findings/", "rules/remedies/", "rules/verdicts.yaml")
wanted += ("knowledge/vocabulary/", "knowledge/materials/", "knowledge/references/", "knowledge/cases/")
wanted += ("knowledge/texts/",)
if "diagnose/py.typed" not in files:
    sys.exit("the wheel lacks py.typed, so its types are not seen")
missing = [each for each in wanted if not any(file.startswith(f"diagnose/_data/{each}") for file in files)]
if missing:
    sys.exit(f"the wheel lacks {missing}")

import diagnose  # noqa: E402

heavy = {"numpy", "scipy", "experta", "pint", "yaml", "pydantic"} & set(sys.modules)
if heavy:
    sys.exit(f"import diagnose loads {sorted(heavy)}")
if "site-packages" not in str(diagnose.__file__):
    sys.exit(f"diagnose was imported from {diagnose.__file__}, not from the wheel")
