"""The table of docs/explanation/pansharpening.md: our methods, GDAL's and OTB's on the same scenes.

    python benchmarks/sharpening.py [--ms PIXELS] [--write PAGE]

Simulated scenes of ``PIXELS`` (1024) MS pixels squared with known truth, in memory; every method is
fitted on the whole scene and scored by the product's own code: at reduced resolution on the whole
scene, at full resolution on 16 windows spread over it. ``truth`` are SAM, ERGAS and Q4 of the
picture at full resolution against what an MS camera with PAN's pixel would have taken (means over
the windows). A chart a quarter as wide shows what happens beside bright roads and in deep shade
(`sharpening_faults`). ``--write`` puts the tables between the page's markers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sharpening_faults import Mask, chart, colour_off
from sharpening_others import gdal_brovey, otb
from sharpening_scenes import BANDS, RATIO, Scene, simulated

from satdesk.core.mtf import mtf_of
from satdesk.radiometry.lowpass import upsampled
from satdesk.radiometry.quality import ReferenceBlocks, reference_blocks
from satdesk.radiometry.sharpen_methods import METHODS, TITLES, fit_method
from satdesk.radiometry.sharpen_scores import (
    Bench,
    FusionSample,
    Scores,
    sharpened,
    summed_up,
)

HEAD = (
    "| method | SAM ° | ERGAS | Q4 | D_λ | D_S | HQNR | composite | truth SAM ° | ERGAS | Q4 |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
FAULTS = (
    "| method | composite | truth SAM ° | ERGAS | Q4 | beside bright | coloured roofs "
    "| rim of shade | deep shade | its saturation |\n|---|---|---|---|---|---|---|---|---|---|"
)
START, END = "<!-- scores: benchmarks/sharpening.py -->", "<!-- end of scores -->"
WINDOW_MS, ACROSS = 128, 4
"""Scores at full resolution are taken on 4 × 4 windows of 128 MS pixels."""
Maker = Callable[[FusionSample], np.ndarray | None]


def bench_of(scene: Scene) -> Bench:
    """The whole scene as one sample."""
    ms = scene.ms.astype(np.float64)
    on_pan = np.array([upsampled(band, RATIO) for band in ms])
    mtf = mtf_of("SIMULATED")
    return Bench(
        samples=(FusionSample(pan=scene.pan.astype(np.float64), ms=on_pan, native=ms),),
        bands=BANDS,
        gains=tuple(mtf.gain(band) for band in BANDS),
        pan_gain=mtf.pan,
        ratio=RATIO,
    )


def windows_of(scene: Scene) -> list[tuple[slice, slice]]:
    """Rows and columns of the windows in MS pixels."""
    size = min(WINDOW_MS, scene.ms.shape[1])
    starts = np.linspace(0, scene.ms.shape[1] - size, ACROSS).round().astype(int)
    return [(slice(r, r + size), slice(c, c + size)) for r in starts for c in starts]


def cut(whole: Bench, windows: list[tuple[slice, slice]]) -> Bench:
    """The windows of a scene as samples."""
    (sample,) = whole.samples
    return replace(
        whole,
        samples=tuple(
            FusionSample(
                pan=sample.pan[fine(window)],
                ms=sample.ms[(slice(None), *fine(window))],
                native=sample.native[(slice(None), *window)],
            )
            for window in windows
        ),
    )


def fine(window: tuple[slice, slice]) -> tuple[slice, slice]:
    """A window in PAN pixels."""
    rows, cols = (slice(part.start * RATIO, part.stop * RATIO) for part in window)
    return rows, cols


def others(weights: tuple[float, ...]) -> dict[str, Maker]:
    """The other programs; GDAL also with the weights that we fitted."""
    return {
        "GDAL Brovey": lambda sample: gdal_brovey(sample.pan, sample.native),
        "GDAL Brovey, our weights": lambda sample: gdal_brovey(sample.pan, sample.native, weights),
        "OTB RCS": lambda sample: otb("rcs", sample.pan, sample.ms),
        "OTB LMVM": lambda sample: otb("lmvm", sample.pan, sample.ms),
    }


Row = tuple[str, Scores, tuple[float, float, float]]


def pictures_of(whole: Bench) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Title of every method and program, and its pictures at reduced and at full resolution."""
    coarse, training = whole.reduced(), whole.training()
    for name in METHODS:
        (small,) = sharpened(fit_method(name, coarse.training()), coarse)
        (large,) = sharpened(fit_method(name, training), whole)
        yield TITLES[name], small, large
    for title, make in others(fit_method("brovey", training).weights).items():
        theirs = make(coarse.samples[0]), make(whole.samples[0])
        if theirs[0] is None or theirs[1] is None:
            print(f"{title}: not installed", flush=True)
        else:
            yield title, *theirs


def rows_of(scene: Scene) -> list[Row]:
    """Name, scores, and SAM, ERGAS and Q4 against the truth."""
    whole = bench_of(scene)
    windows = windows_of(scene)
    parts = cut(whole, windows)
    truth = [scene.truth[(slice(None), *fine(window))].astype(np.float64) for window in windows]
    rows = []
    for title, small, large in pictures_of(whole):
        cuts = [large[(slice(None), *fine(window))] for window in windows]
        rows.append(scored(title, whole.reference_blocks([small]), parts, cuts, truth))
        print(line(rows[-1]), flush=True)
    return rows


def scored(
    title: str,
    reduced: tuple[ReferenceBlocks, int],
    parts: Bench,
    pictures: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
) -> Row:
    """One row."""
    full, edge = parts.full_blocks(pictures)
    true = [
        reference_blocks(t, p, block=32, ratio=RATIO) for t, p in zip(truth, pictures, strict=True)
    ]
    found = np.mean([[b.sam_deg(), b.ergas(), b.q2n()] for b in true], axis=0)
    return title, summed_up(reduced[0], full, (reduced[1], edge)), tuple(map(float, found))


def line(row: Row) -> str:
    """One line of the table."""
    title, s, truth = row
    return (
        f"| {title} | {s.sam_deg:.2f} | {s.ergas:.2f} | {s.q2n:.3f} | {s.d_lambda:.3f} "
        f"| {s.d_s:.3f} | {s.hqnr:.3f} | {s.composite:.4f} "
        f"| {truth[0]:.2f} | {truth[1]:.2f} | {truth[2]:.3f} |"
    )


def fault_lines(scene: Scene, places: dict[str, Mask]) -> list[str]:
    """The chart's table: scores, ΔC*ab in four places, and C*ab of deep shade over the truth's."""
    whole, truth, lines = bench_of(scene), scene.truth.astype(np.float64), []
    for title, small, large in pictures_of(whole):
        row = scored(title, whole.reference_blocks([small]), whole, [large], [truth])
        off = [colour_off(large, truth, where) for where in places.values()]
        numbers = [f"{row[1].composite:.4f}", *(f"{v:.2f}" for v in row[2][:2]), f"{row[2][2]:.3f}"]
        numbers += [*(f"{each[0]:.1f}" for each in off), f"{off[-1][1]:.2f}"]
        lines.append(f"| {title} | {' | '.join(numbers)} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Simulate, score, print, and write where it is asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ms", type=int, default=1024, help="MS pixels along an edge")
    parser.add_argument("--write", type=Path, help="page that carries the table")
    wish = parser.parse_args()
    parts = []
    for role, words in (("before", "dry grass"), ("after", "snow on the heights")):
        print(HEAD, flush=True)
        table = [line(row) for row in rows_of(simulated(role, wish.ms, (0.0, 0.0)))]
        size = f"{wish.ms}² MS pixels"
        parts.append("\n".join([f"SIMULATED, {words}, {size}:", "", HEAD, *table]))
    edge = wish.ms // 4
    print(FAULTS, flush=True)
    lines = fault_lines(*chart(edge))
    parts.append("\n".join([f"SIMULATED, the chart, {edge}² MS pixels:", "", FAULTS, *lines]))
    if wish.write is not None:
        text = wish.write.read_text(encoding="utf-8")
        before, after = text.split(START)[0], text.split(END)[1]
        body = "\n\n".join(parts)
        wish.write.write_text(f"{before}{START}\n\n{body}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
