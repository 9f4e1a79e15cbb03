"""Evaluating a layer with dask: on a cluster, or by one of dask's local schedulers.

A tile is a pure function of layer and grid, so a tile whose worker dies is simply computed again.
dask is an optional extra (``satdesk[dask]``) and is imported when an executor is made, not before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.errors import MachineError, UsageError

__all__ = ["Dask"]

_LOCAL = ("synchronous", "threads", "processes")
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Dask:
    """Tiles as tasks of dask.

    Attributes:
        scheduler: A ``distributed.Client``, or one of dask's local schedulers by name:
            ``synchronous``, ``threads``, ``processes``.
        ahead: How many tiles may be under way at once; this bounds memory.

    Raises:
        UsageError: dask is not installed, or the scheduler is unknown.
    """

    scheduler: Any
    ahead: int = 16

    def __post_init__(self) -> None:
        _module("dask")
        if isinstance(self.scheduler, str) and self.scheduler not in _LOCAL:
            raise UsageError(
                "unknown dask scheduler",
                found=self.scheduler,
                expected=f"{', '.join(_LOCAL)} or a distributed.Client",
            )
        if self.ahead < 1:
            raise UsageError("at least one tile must be under way", found=str(self.ahead))

    def rasters(self, layer: Layer, grids: Sequence[GeoBox]) -> Iterator[Raster]:
        """See `satdesk.scale.run.Executor`."""
        if isinstance(self.scheduler, str):
            return self._local(layer, grids)
        return self._distributed(layer, grids)

    def _local(self, layer: Layer, grids: Sequence[GeoBox]) -> Iterator[Raster]:
        dask = _module("dask")
        for start in range(0, len(grids), self.ahead):
            batch = grids[start : start + self.ahead]
            tasks = [dask.delayed(_attempt, pure=False)(layer, grid) for grid in batch]
            for outcome in dask.compute(*tasks, scheduler=self.scheduler):
                yield _raster_of(outcome)

    def _distributed(self, layer: Layer, grids: Sequence[GeoBox]) -> Iterator[Raster]:
        submit = _submitter(self.scheduler, layer)
        waiting: deque[Any] = deque()
        try:
            for grid in grids:
                waiting.append(submit(grid))
                if len(waiting) >= self.ahead:
                    yield _gathered(waiting.popleft())
            while waiting:
                yield _gathered(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def _submitter(client: Any, layer: Layer) -> Callable[[GeoBox], Any]:  # noqa: ANN401 - dask is untyped
    # The layer travels once; hash=False because a key from its content would outlive this run.
    remote = client.scatter(layer, broadcast=False, hash=False)

    def submit(grid: GeoBox) -> Any:  # noqa: ANN401 - a distributed.Future
        return client.submit(_attempt, remote, grid, pure=False, retries=_RETRIES)

    return submit


def _attempt(layer: Layer, grid: GeoBox) -> Raster | Exception:
    # Errors come back as values: dask would retry them, wrap them, or run on to the last tile.
    try:
        return layer.read(grid)
    except Exception as error:  # noqa: BLE001 - raised again by _raster_of
        return error


def _raster_of(outcome: Raster | Exception) -> Raster:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _gathered(future: Any) -> Raster:  # noqa: ANN401 - a distributed.Future
    try:
        outcome = future.result()
    except (OSError, _module("distributed").scheduler.KilledWorker) as error:
        raise MachineError(
            "the cluster failed",
            found=f"{type(error).__name__}: {error}",
            remedy="look at the workers' logs (memory is the commonest cause), then run it again",
        ) from error
    return _raster_of(outcome)


def _module(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            "dask is not installed", subject=name, remedy="pip install 'satdesk[dask]'"
        ) from error
