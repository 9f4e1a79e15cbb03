"""The comparison of the flows as a table, and its place in the documentation."""

from __future__ import annotations

import platform
import statistics
import subprocess
from pathlib import Path

from flows import CODEC, OURS, Scene

BEGIN, END = "<!-- bench: written by make bench -->", "<!-- bench: end -->"
HEAD = (
    "flow", "runs", "wall s", "CPU s", "peak MB", "written MB", "× ours", "px off: median, worst",
    "counts off: mean, RMS",
)  # fmt: skip


def told_of(scene: Scene, root: Path) -> dict:
    """The machine, the versions and the task."""
    cpu = next((line for line in _said("lscpu").splitlines() if "Model name" in line), ":")
    return {
        "commit": _said("git", "-C", str(root), "rev-parse", "--short", "HEAD"),
        "gdal": _said("gdalinfo", "--version"),
        "otb": _said("dpkg-query", "-W", "-f", "${Version}", "otb-bin"),
        "machine": f"{cpu.split(':')[1].strip() or platform.machine()}, {_said('nproc')} cores",
        "python": platform.python_version(),
        "megapixels": round(scene.megapixels, 1),
        "codec": CODEC,
    }


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not here"
    return done.stdout.strip()


def medians(runs: list[dict]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(figures: dict) -> str:
    about, runs = figures["about"], figures.get("runs", {})
    ours = medians(runs[OURS])["wall_s"] if runs.get(OURS) else float("nan")
    lines = [row(HEAD), row(["---"] * len(HEAD))]
    lines += [_flow(figures, name, taken, ours) for name, taken in runs.items()]
    for name, taken in figures.get("floors", {}).items():
        cost = medians(taken)
        share = f"{cost['wall_s'] / ours:.2f}"
        taken_s = (f"{cost['wall_s']:.1f}", f"{cost['cpu_s']:.1f}")
        lines.append(row((name, len(taken), *taken_s, "", "", share, "", "")))
    failed = [f"\n{name} did not finish: {why}" for name, why in figures.get("failed", {}).items()]
    told = (
        f"\nMedians, at commit `{about['commit']}`; {about['megapixels']:.0f} megapixels of canvas, "
        f"{about['codec']}; {about['machine']}; Python {about['python']}; {about['gdal']}; OTB "
        f"{about['otb']}."
    )
    return "\n".join([*lines, *failed, told])


def _flow(figures: dict, name: str, taken: list[dict], ours: float) -> str:
    cost = medians(taken)
    off, apart = figures.get("geometry", {}).get(name), figures.get("counts", {}).get(name)
    placed = "" if not off else (
        f"{off['median_px']:.3f}, {off['largest_px']:.3f}" if off["matched"] else "not matched"
    )  # fmt: skip
    valued = f"{apart['mean_absolute']:.1f}, {apart['root_mean_square']:.1f}" if apart else ""
    numbers = [f"{cost[key]:.{digits}f}" for key, digits in
               (("wall_s", 1), ("cpu_s", 1), ("peak_mb", 0), ("written_mb", 0))]  # fmt: skip
    return row([name, len(taken), *numbers, f"{cost['wall_s'] / ours:.1f}", placed, valued])


def row(cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def put(page: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Put a table between the marks of a page."""
    before, rest = page.read_text().split(begin)
    _, after = rest.split(end)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")
