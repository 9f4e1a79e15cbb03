from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.core.sensor import SensorModel
from satdesk.errors import BrokenInputError
from satdesk.geometry.rpc import RPC, Domain, max_difference
from worlds import made_up_rpc, monomials, read_dimap_rpc, read_text_rpc

UNIT = st.floats(-1, 1)
XML = (
    "rpc/rpc_SPOT6.xml",
    "rpc/rpc_PLEIADES.xml",
    "phr_ventoux/RPC_PHR1B_P_201308051042194_SEN_690908101-001.XML",
)
TEXT = ("rpc/rpc_IKONOS.txt", "rpc/rpc_PLANET_L1A.txt")


def in_image(rpc, u, v, w):
    return (
        rpc.samp_off + rpc.samp_scale * u,
        rpc.line_off + rpc.line_scale * v,
        rpc.height_off + rpc.height_scale * w,
    )


def inside(rpc, n=2000, seed=7):
    return in_image(rpc, *np.random.default_rng(seed).uniform(-1, 1, (3, n)))


@pytest.fixture(params=[*XML, *TEXT])
def real(request, shared_data):
    path = shared_data / request.param
    return read_text_rpc(path) if path.suffix == ".txt" else read_dimap_rpc(path)[0]


def test_it_is_the_formula_spelled_out():
    rpc = made_up_rpc()
    rng = np.random.default_rng(3)
    L, P, H = rng.uniform(-1, 1, (3, 500))
    terms = monomials(L, P, H)
    value = {
        name: sum(c * t for c, t in zip(getattr(rpc, name), terms, strict=True))
        for name in ("line_num", "line_den", "samp_num", "samp_den")
    }
    col, row = rpc.project(
        rpc.lon_off + L * rpc.lon_scale,
        rpc.lat_off + P * rpc.lat_scale,
        rpc.height_off + H * rpc.height_scale,
    )
    expected_col = rpc.samp_off + rpc.samp_scale * value["samp_num"] / value["samp_den"]
    expected_row = rpc.line_off + rpc.line_scale * value["line_num"] / value["line_den"]
    np.testing.assert_allclose(col, expected_col, atol=1e-8)
    np.testing.assert_allclose(row, expected_row, atol=1e-8)


@given(UNIT, UNIT, UNIT)
def test_locate_inverts_project(u, v, w):
    rpc = made_up_rpc()
    col, row, height = in_image(rpc, 0.7 * u, 0.7 * v, 0.7 * w)
    back_col, back_row = rpc.project(*rpc.locate(col, row, height), height)
    assert abs(back_col - col) <= 1e-6
    assert abs(back_row - row) <= 1e-6


def test_locate_inverts_project_for_real_cameras(real):
    col, row, height = inside(real, 20_000)
    lon, lat = real.locate(col, row, height)
    back_col, back_row = real.project(lon, lat, height)
    assert np.nanmax(np.hypot(back_col - col, back_row - row)) <= 1e-6
    assert not np.isnan(lon).any()


@pytest.mark.parametrize(
    ("name", "rms_m"),
    list(zip(XML, (0.014, 0.001, 0.001), strict=True)),
    ids=("spot6", "phr", "ventoux"),
)
def test_the_providers_own_way_back_agrees(shared_data, name, rms_m):
    rpc, direct = read_dimap_rpc(shared_data / name)
    col, row, height = inside(rpc)
    lon, lat = rpc.locate(col, row, height)
    other_lon, other_lat = direct(col, row, height)
    east = (lon - other_lon) * 111_320 * np.cos(np.radians(lat))
    assert math.sqrt(np.mean(east**2 + ((lat - other_lat) * 111_000) ** 2)) <= rms_m


@pytest.mark.oracle
def test_gdal_counts_corners_as_we_do(shared_data):
    """GDAL takes offsets that count from 0 at a pixel's centre and answers from the corner."""
    transform = pytest.importorskip("rasterio.transform")
    rpcs = pytest.importorskip("rasterio.rpc")

    rpc = read_text_rpc(shared_data / "rpc/rpc_IKONOS.txt")
    theirs = rpcs.RPC(
        height_off=rpc.height_off,
        height_scale=rpc.height_scale,
        lat_off=rpc.lat_off,
        lat_scale=rpc.lat_scale,
        line_den_coeff=list(rpc.line_den),
        line_num_coeff=list(rpc.line_num),
        line_off=rpc.line_off - 0.5,
        line_scale=rpc.line_scale,
        long_off=rpc.lon_off,
        long_scale=rpc.lon_scale,
        samp_den_coeff=list(rpc.samp_den),
        samp_num_coeff=list(rpc.samp_num),
        samp_off=rpc.samp_off - 0.5,
        samp_scale=rpc.samp_scale,
    )
    lon, lat, height = -56.18, -34.91, 51.5
    with transform.RPCTransformer(theirs) as gdal:
        rows, cols = gdal.rowcol([lon], [lat], [height], op=lambda x: x)
    col, row = rpc.project(lon, lat, height)
    assert (float(col), float(row)) == pytest.approx((cols[0], rows[0]), abs=1e-3)


def test_a_point_does_not_depend_on_its_neighbours():
    rpc = made_up_rpc()
    col, row, height = inside(rpc, 501)
    whole = rpc.locate(col, row, height)
    apart = [rpc.locate(*p) for p in zip(col, row, height, strict=True)]
    np.testing.assert_array_equal(whole, np.array(apart).T)


def test_large_arrays_are_chunked_without_a_trace():
    rpc = made_up_rpc()
    col, row, height = inside(rpc, 70_001)
    lon, lat = rpc.locate(col, row, height)
    whole = np.array(rpc.project(lon, lat, height))
    np.testing.assert_array_equal(whole[:, -5:], rpc.project(lon[-5:], lat[-5:], height[-5:]))


def test_shapes_broadcast():
    col, row = made_up_rpc().project(np.full((3, 1), 46.1), np.full(4, 40.05), 1500)
    assert col.shape == row.shape == (3, 4)
    assert np.ndim(made_up_rpc().project(46.1, 40.05, 1500)[0]) == 0


def test_longitudes_wrap_at_the_antimeridian():
    rpc = replace(made_up_rpc(), lon_off=179.995)
    col, row = rpc.project(np.array([-179.995, 180.005, 540.005]), 40.05, 1500)
    assert np.ptp(col) < 1e-6
    assert col[0] > rpc.samp_off + 400
    lon, _ = rpc.locate(col, row, 1500)
    np.testing.assert_allclose(lon, -179.995, atol=1e-9)


@pytest.mark.parametrize(
    "place",
    [
        (46.14, 40.05, 1500.0),
        (46.1, 40.08, 1500.0),
        (46.1, 40.05, 9000.0),
        (math.nan, 40.05, 0.0),
        (46.1, 40.05, math.nan),
    ],
)
def test_outside_the_domain_is_nan(place):
    assert np.isnan(made_up_rpc().project(*place)).all()


@given(st.floats(), st.floats(), st.floats())
def test_whatever_is_asked_the_answer_is_a_place_or_nan(a, b, c):
    rpc = made_up_rpc()
    col, row = rpc.project(a, b, c)
    lon, lat = rpc.locate(a, b, c)
    for one, other in ((col, row), (lon, lat)):
        assert np.isnan(one) == np.isnan(other)
        assert not np.isinf(one)
    assert np.isnan(lon) or (abs(lon - 46.1) < 0.03 and abs(lat - 40.05) < 0.02)


def test_slightly_outside_the_domain_still_answers():
    rpc = made_up_rpc()
    assert np.isfinite(rpc.project(46.1 + 1.4 * rpc.lon_scale, 40.05, 4000.0)).all()


def test_pixels_far_outside_the_image_are_nan():
    assert np.isnan(made_up_rpc().locate([1e6, -1e5, 5e9, math.nan], 0.5, 1500.0)).all()


def test_a_declared_domain_replaces_the_normalisation():
    domain = Domain(
        lon_min=46.09, lon_max=46.11, lat_min=40.04, lat_max=40.06, height_min=0, height_max=3000
    )
    rpc = made_up_rpc(domain=domain)
    assert np.isfinite(rpc.project(46.114, 40.05, 1500)).all()
    assert np.isnan(rpc.project(46.116, 40.05, 1500)).all()
    assert np.isnan(rpc.project(46.1, 40.05, 4600)).all()


def test_a_domain_may_cross_the_antimeridian():
    domain = Domain(
        lon_min=179.98, lon_max=-179.98, lat_min=40, lat_max=40.1, height_min=0, height_max=3000
    )
    rpc = made_up_rpc(lon_off=180, domain=domain)
    assert np.isfinite(rpc.project([-179.99, 179.99], 40.05, 1500)).all()


def test_a_swapped_domain_is_broken():
    swapped = Domain(
        lon_min=40, lon_max=40.1, lat_min=46, lat_max=46.2, height_min=0, height_max=3000
    )
    with pytest.raises(BrokenInputError, match="swapped"):
        made_up_rpc(domain=swapped)


def test_a_vanishing_denominator_is_nan():
    rpc = made_up_rpc(samp_den=(1.0, 2.0, *([0.0] * 18)))
    lon = rpc.lon_off + rpc.lon_scale * np.array([-0.9, -0.5, 0.5])
    col, _ = rpc.project(lon, rpc.lat_off, rpc.height_off)
    assert np.isnan(col).tolist() == [True, True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"lat_scale": 0.0},
        {"line_scale": math.nan},
        {"lon_off": math.inf},
        {"lat_off": 140.0},
        {"samp_num": (0.0,) * 20},
        {"line_den": (0.0, *([1.0] * 19))},
        {"line_num": (1.0,) * 19},
        {"line_num": (math.nan,) * 20},
        {k: (1.0, *([0.0] * 19)) for k in ("line_num", "line_den")},
    ],
)
def test_a_broken_model_is_an_error(change):
    with pytest.raises(BrokenInputError, match=r"found: .*expected: "):
        made_up_rpc(**change)


def test_negative_scales_mirror_the_axis():
    rpc = made_up_rpc()

    def mirrored(cubic):
        odd_in_lat = {2, 4, 6, 10, 14, 15, 16}
        return tuple(-c if k in odd_in_lat else c for k, c in enumerate(cubic))

    names = ("line_num", "line_den", "samp_num", "samp_den")
    other = replace(rpc, lat_scale=-rpc.lat_scale, **{n: mirrored(getattr(rpc, n)) for n in names})
    assert max_difference(rpc, other) < 1e-6


def test_difference_of_two_models():
    rpc = made_up_rpc()
    assert max_difference(rpc, rpc) < 1e-6
    assert max_difference(rpc, replace(rpc, samp_off=rpc.samp_off + 1)) == pytest.approx(1)
    assert max_difference(rpc, replace(rpc, lon_off=rpc.lon_off + 1)) == math.inf


def test_it_is_a_value():
    rpc = made_up_rpc()
    assert isinstance(rpc, SensorModel)
    assert isinstance(rpc, RPC)
    assert pickle.loads(pickle.dumps(rpc)) == rpc  # noqa: S301 - our own bytes
    assert hash(rpc) == hash(made_up_rpc())


@pytest.mark.parametrize("kind", [list, np.array])
def test_coefficients_in_a_list_or_an_array_are_the_same_camera(kind):
    rpc = made_up_rpc()
    same = replace(rpc, line_num=kind(rpc.line_num), samp_den=kind(rpc.samp_den))
    assert same == rpc
    assert hash(same) == hash(rpc)
