import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from layers import Blurred, Texture, utm_grid
from satdesk.core.lineage import lineage, plain
from satdesk.products.clipped import Clipped
from satdesk.products.mosaic import Mosaic

GRID = utm_grid(12, 17)


def tree(seed=0):
    layers = tuple(Blurred(source=Texture(grid=GRID, seed=seed + k)) for k in range(2))
    return Clipped(source=Mosaic(layers=layers), polygon=box(45, 39, 46.5, 41))


ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv[1])
from test_lineage import tree
from satdesk.core.lineage import lineage
print(lineage(tree()).digest)
"""


@pytest.mark.parametrize("hash_seed", ["0", "77"])
def test_the_digest_is_the_same_in_every_process(hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(Path(__file__).parent)],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
    )
    assert done.stdout.strip() == lineage(tree()).digest


def test_the_fold_follows_the_tree():
    told = lineage(tree()).to_dict()
    assert told["step"] == "clipped"
    assert told["parameters"]["crs"] == "OGC:CRS84"
    mosaic = told["inputs"][0]
    assert mosaic["step"] == "mosaic"
    assert [blurred["step"] for blurred in mosaic["inputs"]] == ["blurred", "blurred"]
    assert [b["inputs"][0]["parameters"]["seed"] for b in mosaic["inputs"]] == [0, 1]
    json.dumps(told, allow_nan=False)


@settings(deadline=None)
@given(one=st.integers(0, 50), other=st.integers(0, 50))
def test_equal_work_and_only_equal_work_has_equal_digests(one, other):
    assert (lineage(tree(one)).digest == lineage(tree(other)).digest) == (one == other)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Facts:
    name: str
    colour: Colour = Colour.RED


class Short:
    def lineage_digest(self):
        return "short"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("ə", "ə"),
        (Colour.RED, "red"),
        (Path("/one/machine/only/image.tif"), "image.tif"),
        (date(2020, 11, 25), "2020-11-25"),
        (Affine(1, 2, 3, 4, 5, 6), [1, 2, 3, 4, 5, 6]),
        (np.float32(0.5), 0.5),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (Facts("x"), {"name": "x", "colour": "red"}),
        (Short(), "short"),
    ],
)
def test_parameters_become_json(value, expected):
    assert plain(value) == expected
    json.dumps(plain(value))


def test_a_geometry_is_told_whatever_its_first_point():
    assert plain(box(0, 0, 1, 1)) == plain(box(0, 0, 1, 1, ccw=False))


def test_arrays_are_told_by_their_content():
    assert plain(np.arange(6).reshape(2, 3).T) == plain(np.arange(6).reshape(2, 3).T.copy())
    assert plain(np.arange(6)) != plain(np.arange(7))


def test_what_has_no_form_is_refused():
    with pytest.raises(TypeError, match="lineage_digest"):
        plain(object())


def test_every_parameter_counts():
    @dataclass(frozen=True)
    class Layered(Texture):
        extra: int = field(default=0)

    one, other = Layered(grid=GRID), Layered(grid=GRID, extra=1)
    assert lineage(one).digest != lineage(other).digest
    assert lineage(one).step == "layered"
