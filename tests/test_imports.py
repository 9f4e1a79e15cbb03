"""The import contracts of pyproject.toml hold, and importing satdesk stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_imports_go_down_only():
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


HEAVY = ("rasterio", "matplotlib", "scipy", "dask", "pyogrio", "jsonschema", "PIL", "numpy")


@pytest.mark.parametrize("what", ["import satdesk", "import satdesk.cli.app"])
def test_importing_the_front_door_loads_nothing_heavy(what):
    code = f"{what}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
