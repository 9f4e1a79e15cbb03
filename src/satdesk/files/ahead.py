"""Blocks decoded before a job asks for them, while a core has nothing else to do.

A job that decodes a block only when it needs it leaves cores idle: one thread decodes and those
that want the same block wait, and while something is measured in one thread nobody decodes.
`decoding_ahead` does it beside the job, in the order that is told, and never far ahead
(`files.decoded.AHEAD_BYTES`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from satdesk.errors import InputError
from satdesk.files.decoded import Box, DecodedBlocks

__all__ = ["Wanted", "decoding_ahead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A window of a file that will be read.

    Attributes:
        path: The file.
        bands: How many of its first planes.
        box: ``left, top, right, bottom``; what lies outside the file is left out.
    """

    path: Path
    bands: int
    box: Box


@contextmanager
def decoding_ahead(blocks: DecodedBlocks, wanted: Iterable[Wanted], threads: int) -> Iterator[None]:
    """Decode what is `wanted`, in this order, beside what is done within the context.

    Where a block cannot be decoded, this one ends: who reads the block meets the error. At the end
    of the context nothing more is begun, and what was begun is waited for.

    Args:
        blocks: Those of the job.
        wanted: In the order in which it will be read; may be computed as it goes. Files that need
            no decoding cost nothing.
        threads: How many decode at once; 0 = none.
    """
    left, taking, stop = iter(wanted), threading.Lock(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            with taking:
                window = next(left, None)
            if window is None:
                return
            try:
                blocks.prepare(window.path, window.bands, window.box, stop)
            except (OSError, InputError):
                return

    if not threads:
        yield
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="satdesk-ahead") as pool:
        running = [pool.submit(work) for _ in range(threads)]
        try:
            yield
        finally:
            stop.set()
            blocks.wake()
    for each in running:
        each.result()
