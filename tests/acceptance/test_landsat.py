"""A Landsat product from folder to picture: both levels, the provider's masks, the ground's own."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from acceptance.commandline import refused, satdesk, told
from corpus import deliveries

DN = 12_000
"""The count of band 2."""


def made(root, out, *more):
    given = ("--product", "ms", "--resampling", "nearest", "--out", out, *more)
    return told(satdesk("ortho", root, *given, "--json"), "ortho")


def blue(path):
    with rasterio.open(path) as file:
        plane = file.read(1)
        return float(np.median(plane[plane > 0])) / 1e4


@pytest.mark.parametrize(("level", "quantity"), [("L1TP", "toa"), ("L2SP", "boa")])
def test_each_level_keeps_its_own_meaning(tmp_path, level, quantity):
    root, out = deliveries.landsat(tmp_path, level=level), tmp_path / "o.tif"
    facts = made(root, out)
    assert (facts["quantity"], facts["bands"]) == (quantity, ["B", "G", "R", "NIR"])
    sun = np.sin(np.radians(41.46228969))
    wanted = (2e-5 * DN - 0.1) / sun if level == "L1TP" else 2.75e-5 * DN - 0.2
    assert blue(out) == pytest.approx(wanted, abs=1e-4)
    assert "surface-estimate" not in [notice["code"] for notice in facts["notices"]]


def test_level_1_can_be_carried_down_and_says_what_it_lacks(tmp_path):
    root, out = deliveries.landsat(tmp_path), tmp_path / "o.tif"
    facts = made(root, out, "--quantity", "boa", "--height", "900")
    assert facts["quantity"] == "boa"
    assert 0.08 < blue(out) < (2e-5 * DN - 0.1) / np.sin(np.radians(41.46228969)) - 0.03
    codes = [notice["code"] for notice in facts["notices"]]
    assert {"surface-estimate", "view-overhead", "haze-not-estimated"} <= set(codes)


def test_without_a_terrain_or_from_level_2_upwards_it_is_refused(tmp_path):
    level_1 = deliveries.landsat(tmp_path)
    call = ("--product", "ms", "--out", tmp_path / "o.tif", "--quantity")
    refused("ortho", level_1, *call, "boa", code=3, says=("height of the ground",), around=tmp_path)
    level_2 = deliveries.landsat(tmp_path, level="L2SP")
    refused("ortho", level_2, *call, "toa", code=2, says=("took the air off",), around=tmp_path)


def test_the_provider_s_masks_are_told(tmp_path):
    root, out = deliveries.landsat(tmp_path), tmp_path / "cover.tif"
    answer = told(satdesk("mask", root, "--method", "provider", "--out", out, "--json"), "mask")
    shares = answer["cover"]["sources"]["provider"]["shares_of_imaged"]
    assert shares["cloud"] == pytest.approx(3 / 47, abs=1e-3)
    assert shares["cloud_shadow"] == shares["saturated"] == pytest.approx(1 / 47, abs=1e-3)
