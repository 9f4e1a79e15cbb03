"""The work of tiles with dask: on a cluster, or by one of dask's local schedulers.

A tile is a pure function of layer and grid, so a tile whose worker dies is simply computed again.
dask is an optional extra (``satdesk[dask]``) and is imported when an executor is made, not before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from satdesk.core.arguments import require_able, require_count
from satdesk.errors import MachineError, UsageError
from satdesk.scale.run import Item, Result

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
        if not isinstance(self.scheduler, str):
            kinds = f"{', '.join(_LOCAL)} or a distributed.Client"
            require_able(self.scheduler, "Dask(scheduler)", kinds, "submit", "scatter")
        require_count(self.ahead, "Dask(ahead)")
        if self.ahead < 1:
            raise UsageError("at least one tile must be under way", found=str(self.ahead))

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """See `satdesk.scale.run.Executor`."""
        if isinstance(self.scheduler, str):
            return self._local(work, items)
        return self._distributed(work, items)

    def _local(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        dask = _module("dask")
        for start in range(0, len(items), self.ahead):
            batch = items[start : start + self.ahead]
            tasks = [dask.delayed(_attempt, pure=False)(work, item) for item in batch]
            for outcome in dask.compute(*tasks, scheduler=self.scheduler):
                yield _result_of(outcome)

    def _distributed(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result]:
        submit = _submitter(self.scheduler, work)
        waiting: deque[Any] = deque()
        try:
            for item in items:
                waiting.append(submit(item))
                if len(waiting) >= self.ahead:
                    yield _gathered(waiting.popleft())
            while waiting:
                yield _gathered(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def _submitter(client: Any, work: Callable[[Item], Any]) -> Callable[[Item], Any]:  # noqa: ANN401 - dask is untyped
    # The work travels once; hash=False because a key from its content would outlive this run.
    remote = client.scatter(_Work(work), broadcast=False, hash=False)

    def submit(item: Item) -> Any:  # noqa: ANN401 - a distributed.Future
        return client.submit(_attempt_remote, remote, item, pure=False, retries=_RETRIES)

    return submit


@dataclass(frozen=True, slots=True)
class _Work:
    """Dask would call a bare function that was scattered."""

    call: Callable[[Any], Any]


def _attempt_remote(work: _Work, item: Item) -> Any:  # noqa: ANN401 - a result or an error
    return _attempt(work.call, item)


def _attempt(work: Callable[[Item], Result], item: Item) -> Result | Exception:
    # Errors come back as values: dask would retry them, wrap them, or run on to the last tile.
    try:
        return work(item)
    except Exception as error:  # noqa: BLE001 - raised again by _result_of
        return error


def _result_of(outcome: Result | Exception) -> Result:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _gathered(future: Any) -> Any:  # noqa: ANN401 - a distributed.Future and its result
    try:
        outcome = future.result()
    except (OSError, _module("distributed").scheduler.KilledWorker) as error:
        raise MachineError(
            "the cluster failed",
            found=f"{type(error).__name__}: {error}",
            remedy="look at the workers' logs (memory is the commonest cause), then run it again",
        ) from error
    return _result_of(outcome)


def _module(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            "dask is not installed", subject=name, remedy="pip install 'satdesk[dask]'"
        ) from error
