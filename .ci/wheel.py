"""Checks an installed wheel: one top-level name, all the data, a light import. `python wheel.py FILE.whl`."""

import sys
import zipfile
from pathlib import PurePosixPath

names = [PurePosixPath(name) for name in zipfile.ZipFile(sys.argv[1]).namelist()]
tops = {name.parts[0] for name in names if not name.parts[0].endswith(".dist-info")}
if tops != {"diagnose"}:
    sys.exit(f"the wheel has other top-level names than diagnose: {sorted(tops)}")
folders = {"/".join(name.parts[:4]) for name in names if name.parts[:2] == ("diagnose", "_data")}
for wanted in ("rules/causes", "rules/findings", "rules/remedies", "knowledge/vocabulary", "knowledge/materials", "knowledge/cases"):
    if not any(f"diagnose/_data/{wanted}" == folder or folder.startswith(f"diagnose/_data/{wanted}/") for folder in folders):
        sys.exit(f"the wheel lacks {wanted}")

import diagnose  # noqa: E402

heavy = {"numpy", "scipy", "experta", "pint", "yaml", "pydantic"} & set(sys.modules)
if heavy:
    sys.exit(f"import diagnose loads {sorted(heavy)}")
if "site-packages" not in str(diagnose.__file__):
    sys.exit(f"diagnose was imported from {diagnose.__file__}, not from the wheel")
