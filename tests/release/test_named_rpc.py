"""An RPC that the user names for a bundle is used, and must agree with the bundle's own."""

from __future__ import annotations

import re

import numpy as np
import pytest

from satdesk.errors import BrokenInputError, UsageError
from satdesk.release.aim import aim
from satdesk.release.recipe import SceneChoice
from satdesk.release.scenes import open_scene
from satdesk.simulate.write import simulate_all

POINT = np.array([[100.5, 80.5, 2000.0]])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    out = tmp_path_factory.mktemp("named") / "scenes"
    return simulate_all("test", out).truths[0].bundle


@pytest.fixture
def rpc(bundle):
    return next(bundle.glob("IMG_*_P_*/RPC_*.XML"))


@pytest.fixture
def moved(rpc, tmp_path):
    text = rpc.read_text(encoding="utf-8")
    off = float(re.search(r"<SAMP_OFF>(.*?)</SAMP_OFF>", text)[1])
    path = tmp_path / rpc.name
    path.write_text(re.sub(r"<SAMP_OFF>.*?<", f"<SAMP_OFF>{off + 5}<", text), encoding="utf-8")
    return path


def test_an_rpc_that_agrees_is_taken(bundle, rpc):
    own, named = aim(bundle).locate(POINT), aim(bundle, rpc=rpc).locate(POINT)
    np.testing.assert_allclose(named, own, rtol=0, atol=1e-9)
    scene = open_scene(SceneChoice(bundle=bundle, rpc=rpc))
    assert scene.image("pan").model_source == rpc


def test_an_rpc_that_disagrees_is_refused(bundle, moved):
    with pytest.raises(BrokenInputError, match="disagree"):
        aim(bundle, rpc=moved)
    with pytest.raises(BrokenInputError, match="disagree"):
        open_scene(SceneChoice(bundle=bundle, rpc=moved))
    with pytest.raises(BrokenInputError, match="disagree"):
        open_scene(SceneChoice(bundle=bundle, ms_rpc=moved))


def test_bands_are_not_stated_of_a_bundle(bundle):
    with pytest.raises(UsageError, match="bands"):
        open_scene(SceneChoice(bundle=bundle, bands=("B",)))


@pytest.mark.parametrize("what", ["mission", "instrument"])
def test_a_statement_that_contradicts_the_files_is_refused(bundle, what):
    with pytest.raises(BrokenInputError, match=f"stated {what} contradicts"):
        open_scene(SceneChoice(bundle=bundle, **{what: "SPOT 7"}))
