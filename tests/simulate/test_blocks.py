from __future__ import annotations

import hashlib
import weakref
from dataclasses import replace

import numpy as np
import pytest

import satdesk.simulate.take as take_module
from satdesk.errors import UsageError
from satdesk.simulate.camera import Attitude
from satdesk.simulate.cases import CASES
from satdesk.simulate.relief import HALF_M, make_relief
from satdesk.simulate.render import Block, Developed, develop
from satdesk.simulate.scenarios import PLANE, SCENARIOS
from satdesk.simulate.sensor import PAN_ARRAY, grain
from satdesk.simulate.sky import Clouds, Haze, Sky
from satdesk.simulate.take import aimed, take, world_of
from satdesk.simulate.write import Making, simulate

WEATHER = Sky(clouds=Clouds(share=0.3), haze=Haze(depth=0.2))
CASE = replace(
    CASES[3],
    name="blocks",
    pan_shape=(480, 640),
    attitude=Attitude(roll_deg=15.0, jitter_urad=(0.5, 0.5, 0.5)),
    sky=WEATHER,
)


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_threads_and_blocks_make_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(take_module, "BLOCK_PX", 160)
    made = {}
    for threads in (1, 3):
        folder = tmp_path / str(threads)
        folder.mkdir()
        simulate(CASE, folder, 1, Making(threads=threads))
        made[threads] = digests(folder)
    assert len(made[1]) > 8
    assert made[1] == made[3]


def test_another_division_into_blocks_moves_no_count_by_more_than_rounding(monkeypatch):
    # Without the mark: it is looked up by whole cells, so that 2 mm can choose its other cell.
    world = world_of(CASE, 1)
    whole = take(CASE, world, 1, mark=False)
    monkeypatch.setattr(take_module, "BLOCK_PX", 160)
    parts = take(CASE, world, 1, mark=False)
    for name in ("pan", "ms"):
        one, other = getattr(whole, name).astype(int), getattr(parts, name).astype(int)
        assert np.abs(one - other).max() <= 3
        assert np.mean(one != other) < 0.01
    assert np.mean(whole.pan_mask != parts.pan_mask) < 1e-3


class Watched(Developed):
    """A block that can be told to be alive: it takes weak references."""


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_than_two_blocks_a_thread_are_held_however_large_the_picture(monkeypatch, threads):
    monkeypatch.setattr(take_module, "BLOCK_PX", 64)
    alive, most = weakref.WeakSet(), 0
    original = take_module.develop

    def counted(exposure, block):
        made = original(exposure, block)
        watched = Watched(pan=made.pan, ms=made.ms, pan_mask=made.pan_mask, ms_mask=made.ms_mask)
        alive.add(watched)
        return watched

    monkeypatch.setattr(take_module, "develop", counted)
    shot = aimed(CASE, world_of(CASE, 1), 1)
    assert len(shot.blocks) > 40
    for _, made in shot.developed(threads):
        most = max(most, len(alive))
        del made
    assert 0 < most <= 2 * threads + 1


def test_a_block_needs_no_other_block():
    shot = aimed(CASE, world_of(CASE, 1), 1)
    block = Block(row=160, col=320, rows=160, cols=160)
    first, again = develop(shot.exposure, block), develop(shot.exposure, block)
    np.testing.assert_array_equal(first.pan, again.pan)
    np.testing.assert_array_equal(first.ms, again.ms)


def test_noise_is_fixed_to_the_detector():
    whole = grain(PAN_ARRAY, slice(-20, 600), slice(100, 500), 7)
    part = grain(PAN_ARRAY, slice(240, 300), slice(250, 270), 7)
    np.testing.assert_array_equal(part, whole[260:320, 150:170])
    assert abs(whole.mean()) < 0.01
    assert whole.std() == pytest.approx(1, abs=0.01)


def test_sizes_are_had_by_saying_so_and_within_reason():
    bench = SCENARIOS["bench"][0]
    assert bench.pan_shape == (12000, 12000)
    full = bench.sized(60.0)
    assert full.pan_shape == (40000, 40000)
    assert full.world_half_m > 40_000
    assert bench.sized(1.0).world_half_m == HALF_M
    with pytest.raises(UsageError, match="so large"):
        bench.sized(61.0)


def test_a_wide_world_has_wider_nodes_and_reaches_beyond_the_shipped_terrain():
    class Slope:
        def height(self, lon, lat):
            return 1500 + 100 * np.asarray(lon) + 0 * np.asarray(lat)

    relief = make_relief(Slope(), PLANE, 1, half_m=17_000.0)
    assert (relief.node_m, relief.cut_m) == (16.0, 64.0)
    assert -relief.west >= 17_000
    assert np.isfinite(relief.heights).all()
    x, _ = relief.axes
    assert x[-1] == -x[0]
    part = relief.part(-500, -700, 900, 300)
    inner_x, inner_y = np.meshgrid(np.arange(-500, 900, 33.0), np.arange(-700, 300, 33.0))
    np.testing.assert_array_equal(part.at(inner_x, inner_y), relief.at(inner_x, inner_y))
    assert part.heights.size < 0.01 * relief.heights.size


def test_people_live_in_the_middle_and_nowhere_near_a_real_named_site_however_wide_the_world():
    # Hamlets lie within 1,450 m of the middle of pictures, roads within the core of 7 km.
    reach = HALF_M + 100
    for lon, lat in (
        (46.28836, 40.16173),
        (46.53057, 40.05734),
        (45.96062, 39.94628),
        (46.04446, 40.10984),
    ):
        x, y = PLANE.from_lonlat(np.array(lon), np.array(lat))
        away = np.hypot(max(abs(float(x)) - reach, 0), max(abs(float(y)) - reach, 0))
        assert away > 3000
