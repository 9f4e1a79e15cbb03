"""Progress on stderr: a bar with a rate and the time left, silent where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Progress", "progress_bar"]

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how many of its parts are done, and how many there are."""


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Yield a function that draws progress while stderr is a terminal and else does nothing."""
    if not sys.stderr.isatty():
        yield lambda _step, _done, _total: None
        return
    from rich import progress as rich_progress  # noqa: PLC0415 - as above
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks

    columns = (
        rich_progress.TextColumn(f"{title} {{task.description}}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, rich_progress.TaskID] = {}

        def advance(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total, rate="")
            speed = bars.tasks[tasks[step]].speed
            rate = "" if speed is None else f"{speed:.1f}/s"
            bars.update(tasks[step], completed=done, total=total, rate=rate)

        yield advance
