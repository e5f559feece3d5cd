"""Compares the scores of `diagnose validate --json` with their floors. `python floors.py SCORES.json FLOORS.yaml`."""

import json
import sys
from pathlib import Path

import yaml

scores = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
floors = yaml.safe_load(Path(sys.argv[2]).read_text(encoding="utf-8"))
failed = False
for name, floor in floors.items():
    value = scores[name]["value"] if isinstance(scores[name], dict) else scores[name]
    failed = failed or value < floor
    sys.stdout.write(f"{name} {value:.3f}, at least {floor}{' BROKEN' if value < floor else ''}\n")
sys.exit(1 if failed else 0)
