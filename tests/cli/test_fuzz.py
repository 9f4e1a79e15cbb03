"""Mutated inputs through the command line: a documented exit code, never a bug."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acceptance.commandline import satdesk
from corpus import deliveries

DOCUMENTED = {0, 2, 3, 4}
QUICK = settings(
    max_examples=35, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 60), st.binary(max_size=12)),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, edits) -> bytes:
    for place, length, new in edits:
        at = int(place * len(data))
        data = data[:at] + new + data[at + length :]
    return data


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return deliveries.bundle(tmp_path_factory.mktemp("fuzz") / "delivery")


def ends_well(*arguments) -> None:
    ended = satdesk(*arguments, "--json")
    assert ended.code in DOCUMENTED, ended.err
    if ended.code:
        assert ended.error["exit_code"] == ended.code


@QUICK
@given(edits=EDITS)
def test_dimap_xml(made, edits):
    copy = made.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(made, copy)
    path = next(copy.glob("IMG_MS/DIM_*.XML"))
    path.write_bytes(mutated(path.read_bytes(), edits))
    ends_well("inspect", copy)
    ends_well("locate", copy, "--image", "ms", "--colrow", 3, 3, "--height", 1500)


@QUICK
@given(edits=EDITS, kind=st.sampled_from(["xml", "txt"]))
def test_rpc(made, edits, kind):
    from corpus import rpc_dialects  # noqa: PLC0415 - only here

    text = rpc_dialects.text() if kind == "txt" else rpc_dialects.dimap("S7_SENSOR", first=1)
    path = made.parent / f"model_RPC.{kind}"
    path.write_bytes(mutated(text.encode(), edits))
    ends_well("locate", path, "--colrow", 3, 3, "--height", 1500)
    ends_well("project", path, "--lonlat", 46, 40.1, "--height", 1500)


@QUICK
@given(edits=EDITS)
def test_recipe(made, edits):
    text = (Path(__file__).parents[2] / "examples" / "beirut.toml").read_bytes()
    path = made.parent / "recipe.toml"
    path.write_bytes(mutated(text.replace(b"../../shared", b"nowhere"), edits))
    ends_well("issue", path, "--out", made.parent / "never")
    assert not (made.parent / "never").exists()


@QUICK
@given(edits=EDITS)
def test_points(made, edits):
    path = made.parent / "points.csv"
    path.write_bytes(mutated(b"lon,lat,height\n46.0,40.1,1500\n46.01,40.11,1400\n", edits))
    ends_well("project", made, "--points", path)


@QUICK
@given(edits=EDITS)
def test_boundary(made, edits):
    text = (
        b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"X"},'
        b'"geometry":{"type":"Polygon","coordinates":[[[46,40],[46.1,40],[46.1,40.1],[46,40]]]}}]}'
    )
    (made.parent / "b.geojson").write_bytes(mutated(text, edits))
    recipe = made.parent / "boundary.toml"
    recipe.write_text(
        '[release]\nid = "x"\ntitle = "X"\npublisher = "X"\n[district]\nfile = "b.geojson"\n'
        'source = "x"\n[sites]\nnone = true\n[[scenes]]\nbundle = "delivery"\n'
    )
    # Without a terrain the job must end after the boundary was read, whatever it says.
    ended = satdesk("issue", recipe, "--out", made.parent / "never", "--json")
    assert ended.code in {2, 3}, ended.err
