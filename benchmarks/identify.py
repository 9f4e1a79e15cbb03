"""How surely `satdesk identify` knows published pictures again, and how often it errs on foreign ones.

    python benchmarks/identify.py --releases DEMO … --pairs CHANGE --foreign FOLDER … \
        --catalogue C.sqlite --kept OUTCOMES.jsonl [--count 1000] [--processes 2]

Every published picture of the releases is re-encoded, cut, shrunk, sent as messengers do and framed
as a screenshot would be. Foreign pictures are cut from four sources: near neighbours (`--pairs`
names a folder of before/after pairs; the earlier of every second pair is published, cuts of the later
are asked about: the same place by another scene is another picture), other places (both pictures of
the other pairs, and what lies in `--foreign`), other simulated worlds (`--simulated`) and invented
textures. Prints how many of each kind were found, in the right release, and how many foreign ones
were taken for published ones, with 95 % intervals (Wilson).

Outcomes are written to `--kept` as they come: a run that was stopped goes on where it was, as long as
neither the catalogue nor the code of the search has changed. Pictures that were missed or wrongly
found are left in `--look`, to be looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from identify_pictures import Sources, foreign, pairs, publish, published, saved, tried
from scipy.stats import binomtest

import satdesk.release
from satdesk.release.catalogue import add_release, opened_catalogue
from satdesk.release.identify import Find, identify

BATCH = 20
"""Foreign pictures of one unit of work."""
SEARCH = ("catalogue", "consensus", "fingerprint", "identify", "index", "views")
"""Modules of which the outcomes are outcomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One published picture in all its variants, or some foreign ones."""

    name: str
    folder: Path | None = None
    path: str = ""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every process knows."""

    catalogue: Path
    sources: Sources
    look: Path | None


def outcomes(work: Work, unit: Unit) -> list[dict[str, Any]]:
    """What was found for every picture of one unit."""
    with tempfile.TemporaryDirectory() as name, opened_catalogue(work.catalogue) as catalogue:
        made = []
        for kind, picture, quality in pictures(work, unit):
            query = saved(picture, quality, Path(name))
            began = time.process_time()
            finds = identify(query, catalogue)
            cost = time.process_time() - began
            outcome = judged(unit, finds) | {"size": picture.size, "cpu_s": round(cost, 4)}
            if work.look is not None and not outcome["right"]:
                shutil.copy(query, work.look / f"{slug(unit, kind)}-{len(made)}{query.suffix}")
            made.append({"unit": unit.name, "kind": kind} | outcome)
    return made


def pictures(work: Work, unit: Unit) -> Iterator[tuple[str, Any, int | None]]:
    if unit.folder is not None:
        yield from tried(unit.folder, unit.path)
    for number in unit.numbers:
        yield *foreign(work.sources, number), 85


def judged(unit: Unit, finds: Sequence[Find]) -> dict[str, Any]:
    """Whether it is right, and the surest find."""
    told = None
    if finds:
        first = finds[0]
        told = {
            "release": first.picture.release,
            "path": first.picture.path,
            "alike": first.likeness and round(first.likeness.alike, 3),
            "blocks": first.likeness and first.likeness.blocks,
        }
    if unit.folder is None:
        return {"foreign": True, "right": told is None, "found": told}
    release = json.loads((unit.folder / "release.json").read_text())["id"]
    right = told is not None and told["release"] == release
    return {"foreign": False, "right": right, "found": told}


def slug(unit: Unit, kind: str) -> str:
    kept = "".join(c if c.isalnum() else "-" for c in f"{unit.name} {kind}")
    return "-".join(part for part in kept.split("-") if part)


_work: list[Work] = []
"""Of this process."""


def begin(work: Work) -> None:
    """A process takes one core: its libraries start no threads beside it."""
    import cv2  # noqa: PLC0415 - after the environment was set

    cv2.setNumThreads(1)
    _work[:] = [work]


def done(unit: Unit) -> tuple[Unit, list[dict[str, Any]]]:
    return unit, outcomes(_work[0], unit)


def units(wish: argparse.Namespace) -> list[Unit]:
    """Published and foreign ones in turn, so that a part of a run is a fair sample."""
    ours = [
        Unit(name=f"{folder.name}/{path}", folder=folder, path=path)
        for folder in wish.releases
        for path in published(folder)[:: wish.every]
    ]
    theirs = [
        Unit(name=f"foreign {first}", numbers=tuple(range(first, min(first + BATCH, wish.count))))
        for first in range(0, wish.count, BATCH)
    ]
    placed = [
        ((n + 0.5) / len(some), unit) for some in (ours, theirs) for n, unit in enumerate(some)
    ]
    return [unit for _, unit in sorted(placed, key=lambda each: each[0])]


def prepared(wish: argparse.Namespace) -> Sources:
    """The catalogue is made where it is not there."""
    couples = [] if wish.pairs is None else pairs(wish.pairs)
    with (
        tempfile.TemporaryDirectory() as scratch,
        opened_catalogue(wish.catalogue, create=True) as catalogue,
    ):
        earlier = publish([first for first, _ in couples[::2]], Path(scratch))
        count = sum(add_release(catalogue, folder) for folder in (*wish.releases, earlier))
        print(count, "published pictures are new in the catalogue", file=sys.stderr, flush=True)
    # the crops called Szada overlap: one of them lies in part in another, and is found there
    others = [p for couple in couples[1::2] for p in couple if "Szada" not in str(p)]
    return Sources(
        near=tuple(second for _, second in couples[::2]),
        others=(*others, *inside(wish.foreign)),
        simulated=inside(wish.simulated),
    )


def inside(folders: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(path for folder in folders for path in sorted(folder.rglob("*")))


def revision() -> str:
    """The commit, and the digest of the code of the search."""
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    folder = Path(satdesk.release.__path__[0])
    code = hashlib.sha256(b"".join((folder / f"{name}.py").read_bytes() for name in SEARCH))
    return f"{said.stdout.strip()} {code.hexdigest()[:12]}"


def earlier(kept: Path, head: dict[str, Any]) -> list[dict[str, Any]]:
    """Outcomes of a run that was stopped; whole units only."""
    if not kept.is_file():
        kept.write_text(json.dumps(head) + "\n")
        return []
    first, *lines = [json.loads(line) for line in kept.read_text().splitlines()]
    if first["revision"].split()[1] != head["revision"].split()[1]:
        raise SystemExit(f"{kept} holds outcomes of other code; name another file")
    return [outcome for line in lines for outcome in line["outcomes"]]


def told(found: Sequence[dict[str, Any]]) -> None:
    for strangers in (False, True):
        some = [o for o in found if o["foreign"] is strangers]
        for kind in (*dict.fromkeys(o["kind"] for o in some), None):
            hits = [o["right"] != strangers for o in some if kind in {None, o["kind"]}]
            name = f"{'foreign, ' if strangers else ''}{kind or 'all'}"
            if hits:
                print(f"{name:54} {rate(hits)}")
    costs = sorted(o["cpu_s"] for o in found)
    print(f"{costs[len(costs) // 2]:.2f} s of one core a query in the median")
    for outcome in found:
        if not outcome["right"]:
            print(outcome["unit"], outcome["kind"], outcome["size"], outcome["found"], sep=" | ")


def rate(hits: Sequence[bool]) -> str:
    """``12 of 13 = 92.31 % (95 %: 66.69–98.63 %)``."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(0.95, "wilson")
    share = 100 * sum(hits) / len(hits)
    return f"{sum(hits)} of {len(hits)} = {share:.2f} % (95 %: {100 * low:.2f}–{100 * high:.2f} %)"


def wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--releases", type=Path, nargs="+", required=True)
    parser.add_argument("--catalogue", type=Path, required=True, help="used again if it is there")
    parser.add_argument("--kept", type=Path, required=True, help="outcomes, one unit a line")
    parser.add_argument("--look", type=Path, help="folder for what was judged wrongly")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--foreign", type=Path, nargs="*", default=[])
    parser.add_argument("--simulated", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--every", type=int, default=1, help="try every n-th published picture")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    wish = wishes()
    work = Work(catalogue=wish.catalogue, sources=prepared(wish), look=wish.look)
    if wish.look is not None:
        wish.look.mkdir(parents=True, exist_ok=True)
    head = {"revision": revision(), "python": sys.version.split()[0], "cores": os.cpu_count()}
    found = earlier(wish.kept, head)
    known = {outcome["unit"] for outcome in found}
    left = [unit for unit in units(wish) if unit.name not in known]
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # of the processes to come
    context = multiprocessing.get_context("spawn")
    with context.Pool(wish.processes, begin, (work,)) as pool, wish.kept.open("a") as kept:
        for number, (unit, made) in enumerate(pool.imap_unordered(done, left), 1):
            kept.write(json.dumps({"unit": unit.name, "outcomes": made}) + "\n")
            kept.flush()
            found += made
            wrong = sum(not outcome["right"] for outcome in found)
            print(f"{number}/{len(left)} {unit.name}: {wrong} wrong", file=sys.stderr, flush=True)
    told(found)


if __name__ == "__main__":
    main()
