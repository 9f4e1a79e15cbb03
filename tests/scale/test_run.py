import threading

import pytest

from layers import BGRN, Failing, Flat, Texture, same, utm_grid
from satdesk.core.raster import Raster
from satdesk.errors import BrokenInputError, UsageError
from satdesk.scale.run import Serial, Threads, run, stream

EXECUTORS = [Serial(), Threads(1), Threads(3)]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_run_equals_reading_the_whole(executor):
    layer = Texture(grid=utm_grid(70, 41))
    assert same(run(layer, executor, tile=16), layer.read(layer.grid))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_stream_is_in_row_major_order(executor):
    layer = Texture(grid=utm_grid(40, 33))
    places = [at for at, _ in stream(layer, executor, tile=16)]
    assert places == [(r, c) for r in (0, 16, 32) for c in (0, 16, 32)]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_first_failing_tile_tells_its_error_once(executor):
    layer = Failing(source=Texture(grid=utm_grid(64, 32)), from_row=32)
    done = []
    with pytest.raises(BrokenInputError) as caught:
        done.extend(at for at, _ in stream(layer, executor, tile=16))
    assert caught.value.subject == "32,0"


def test_progress_counts_every_tile():
    calls = []
    run(Texture(grid=utm_grid(40, 20)), Threads(2), tile=16, progress=lambda *n: calls.append(n))
    assert calls == [(k, 6) for k in range(1, 7)]


class Counting:
    """A layer that knows how far the computation ran ahead of the reader."""

    bands = BGRN
    quantity = Texture(grid=utm_grid(1, 1)).quantity

    def __init__(self, grid):
        self.grid = grid
        self.started = 0
        self.lock = threading.Lock()

    def read(self, grid) -> Raster:
        with self.lock:
            self.started += 1
        return Texture(grid=self.grid).read(grid)


def test_threads_run_only_a_bounded_distance_ahead():
    layer = Counting(utm_grid(800, 8))
    for taken, _ in enumerate(stream(layer, Threads(2), tile=8), start=1):
        assert layer.started <= taken + 4


def test_closing_the_stream_stops_the_work():
    layer = Counting(utm_grid(800, 8))
    parts = stream(layer, Threads(2), tile=8)
    next(parts)
    parts.close()
    started = layer.started
    assert started <= 5
    assert not [t for t in threading.enumerate() if t.name.startswith("satdesk-tile")]


def test_an_error_of_the_reader_stops_the_threads():
    def read_and_fail():
        for _ in stream(Texture(grid=utm_grid(80, 8)), Threads(2), tile=8):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_and_fail()
    assert not [t for t in threading.enumerate() if t.name.startswith("satdesk-tile")]


def test_no_thread_is_no_executor():
    with pytest.raises(UsageError, match="at least one thread"):
        Threads(0)


class Fickle:
    bands = Flat(grid=utm_grid(1, 1)).bands
    quantity = Flat(grid=utm_grid(1, 1)).quantity
    grid = utm_grid(20, 10)

    def read(self, grid):
        top = grid.affine.f == self.grid.affine.f
        return Flat(grid=self.grid, dtype="uint8" if top else "uint16").read(grid)


def test_tiles_of_different_number_types_are_refused():
    with pytest.raises(UsageError, match="one number type"):
        run(Fickle(), Serial(), tile=10)


@pytest.mark.parametrize("tile", [64.5, "64", None, True])
def test_a_tile_that_is_not_whole_is_named(tile):
    with pytest.raises(UsageError, match="tile: an argument is of another kind"):
        run(Texture(grid=utm_grid(20, 10)), Serial(), tile=tile)


@pytest.mark.parametrize("count", [1.5, "2", None])
def test_threads_that_are_not_whole_are_named(count):
    with pytest.raises(UsageError, match=r"Threads\(count\): an argument is of another kind"):
        Threads(count)


@pytest.mark.parametrize("executor", [None, Serial, "threads"])
def test_what_is_no_executor_is_named(executor):
    with pytest.raises(UsageError, match="executor: an argument is of another kind"):
        run(Texture(grid=utm_grid(20, 10)), executor)


def test_what_is_no_layer_is_named():
    with pytest.raises(UsageError, match="layer: an argument is of another kind"):
        run("scene.tif", Serial())
