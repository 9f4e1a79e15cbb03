"""The table of docs/explanation/accuracy.md: measured, written as JSON, and put into the page.

    python benchmarks/accuracy.py [--quick] [--parts ortho,refined,reference,pairs,share,times]
        [--data DATA] [--orthority OTY] [--arosics PYTHON]

``--quick`` measures a few rows in about a minute and writes nothing; else each part replaces its own
in ``docs/explanation/accuracy.json``, with the commit and the machine that it was measured on, and the
page's tables are made anew. OTY is the program of orthority in an environment of its own; PYTHON has
AROSICS and GDAL's binding (see ``make accuracy``). Where a program is absent its column is empty.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from accuracy_cases import Case
from accuracy_ortho import QUICK, REFINED, ortho_rows, prepared, refined_rows
from accuracy_page import tables
from accuracy_pairs import pair_rows
from accuracy_programs import gdal, orthority, ours
from accuracy_reference import reference_rows
from accuracy_share import share_that_holds

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/explanation/accuracy.md"
FACTS = PAGE.with_suffix(".json")
PARTS = ("ortho", "refined", "reference", "pairs", "share", "times")
MARKS = "<!-- measured: {} -->", "<!-- end -->"
RUNS = 3


def said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "absent"
    return (
        (done.stdout or done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else ""
    )


def about(wishes) -> dict:
    changed = said("git", "-C", str(ROOT), "status", "--porcelain", "--", "src", "benchmarks")
    commit = said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    version = "import importlib.metadata as m; print(m.version('arosics'))"
    return {
        "commit": commit + ("+" if changed else ""),
        "day": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "gdal": said("gdalinfo", "--version").split(",")[0],
        "orthority": said(wishes.orthority, "--version").split()[-1]
        if wishes.orthority
        else "absent",
        "arosics": said(wishes.arosics, "-c", version) if wishes.arosics else "absent",
    }


def times(folder: Path, oty: str | None) -> list[dict]:
    """Medians of whole processes in turn, on one larger picture."""
    case = Case(name="mountain, 15°, 2400 × 2400 px", roll_deg=15, size=2400)
    job, out, taken = prepared(case, folder), folder / "out.tif", {}
    for _ in range(RUNS):
        runs = {
            "ours": lambda: ours(job, out),
            "gdal": lambda: gdal(job, out),
            "gdal -et 0.125": lambda: gdal(job, out, "-et", "0.125"),
        }
        if oty:
            runs["orthority"] = lambda: orthority(job, out, oty)
        for name, run in runs.items():
            seconds, wrong = run()
            if wrong is None:
                taken.setdefault(name, []).append(seconds)
    return [{"case": case.name, "median_s": {n: statistics.median(t) for n, t in taken.items()}}]


def measured(part: str, wishes) -> list[dict]:
    quick = wishes.quick
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), []
        rows = {
            "ortho": lambda: ortho_rows(
                folder, wishes.orthority, wishes.data, QUICK if quick else None
            ),
            "refined": lambda: refined_rows(
                folder, wishes.orthority, (REFINED[1][0],) if quick else None
            ),
            "reference": lambda: reference_rows(folder, quick=quick),
            "pairs": lambda: pair_rows(wishes.data, wishes.arosics, quick=quick),
            "share": lambda: [share_that_holds(60 if quick else 1000)],
            "times": lambda: times(folder, wishes.orthority),
        }
        for row in rows[part]():
            print(json.dumps(row, ensure_ascii=False), file=sys.stderr, flush=True)
            found.append(row)
    return found


def written(facts: dict) -> None:
    FACTS.write_text(
        json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables(facts).items():
        begin, end = MARKS[0].format(name), MARKS[1]
        start = text.index(begin) + len(begin)
        text = text[:start] + "\n\n" + table + "\n\n" + text[text.index(end, start) :]
    PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--orthority")
    parser.add_argument("--arosics")
    wishes = parser.parse_args()
    facts = json.loads(FACTS.read_text(encoding="utf-8")) if FACTS.is_file() else {}
    parts = [p for p in wishes.parts.split(",") if not (wishes.quick and p == "times")]
    for part in parts:
        facts[part] = {"about": about(wishes), "rows": measured(part, wishes)}
    if wishes.quick:
        for name, table in tables({p: facts[p] for p in parts}).items():
            print(f"\n{name}\n\n{table}")
        return
    written(facts)


if __name__ == "__main__":
    main()
