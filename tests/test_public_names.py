"""The public names, pinned: a change here is a change for users."""

from __future__ import annotations

import subprocess
import sys

import satdesk

NAMES = [
    "RPC",
    "Acquisition",
    "Band",
    "District",
    "InputError",
    "Layer",
    "LimitError",
    "Lineage",
    "MachineError",
    "Quantity",
    "Raster",
    "Recipe",
    "SatdeskError",
    "Scene",
    "SensorModel",
    "Site",
    "SourceImage",
    "Terrain",
    "UsageError",
    "__version__",
    "inspect",
    "issue",
    "lineage",
    "load_recipe",
    "locate",
    "open_bundle",
    "open_images",
    "ortho",
    "project",
]


def test_the_public_names_are_these():
    assert sorted(satdesk.__all__) == sorted(NAMES)
    for name in NAMES:
        assert getattr(satdesk, name) is not None


def test_importing_satdesk_and_its_help_loads_nothing_heavy():
    code = (
        "import sys, satdesk.cli.app as app; app.run(['--help']); "
        "print(sorted({'numpy', 'rasterio', 'matplotlib', 'scipy', 'PIL'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
