"""The table of docs/explanation/pansharpening.md: our methods, GDAL's and OTB's on the same scenes.

    python benchmarks/sharpening.py [--ms PIXELS] [--write PAGE]

Simulated scenes of ``PIXELS`` (1024) MS pixels squared with known truth, in memory; every method is
scored by the product's own code on the whole scene. ``truth`` are SAM, ERGAS and Q4 of the picture
at full resolution against what an MS camera with PAN's pixel would have taken. ``--write`` puts the
tables between the page's markers. Takes about half an hour on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sharpening_others import gdal_brovey, otb
from sharpening_scenes import BANDS, RATIO, Scene, simulated

from satdesk.core.mtf import mtf_of
from satdesk.radiometry.lowpass import upsampled
from satdesk.radiometry.quality import reference_blocks
from satdesk.radiometry.sharpen_methods import METHODS, TITLES, fit_method
from satdesk.radiometry.sharpen_scores import (
    Bench,
    FusionSample,
    Scores,
    measured_scores,
    sharpened,
    summed_up,
)

HEAD = (
    "| method | SAM ° | ERGAS | Q4 | D_λ | D_S | HQNR | composite | truth SAM ° | ERGAS | Q4 |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
START, END = "<!-- scores: benchmarks/sharpening.py -->", "<!-- end of scores -->"
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


def others() -> dict[str, Maker]:
    """The other programs."""
    return {
        "GDAL Brovey": lambda sample: gdal_brovey(sample.pan, sample.native),
        "OTB RCS": lambda sample: otb("rcs", sample.pan, sample.ms),
        "OTB LMVM": lambda sample: otb("lmvm", sample.pan, sample.ms),
    }


def rows_of(scene: Scene) -> list[tuple[str, Scores, tuple[float, float, float]]]:
    """Name, scores, and SAM, ERGAS and Q4 against the truth."""
    bench = bench_of(scene)
    coarse = bench.reduced()
    training = bench.training()
    rows = []
    for name in METHODS:
        method = fit_method(name, training)
        picture = sharpened(method, bench)[0]
        scores = measured_scores(name, method, bench, coarse)
        rows.append((TITLES[name], scores, against_truth(scene, picture)))
        print(line(rows[-1]), flush=True)
    for title, make in others().items():
        fine, small = make(bench.samples[0]), make(coarse.samples[0])
        if fine is None or small is None:
            print(f"{title}: not installed", flush=True)
            continue
        reference, edge = bench.reference_blocks([small])
        full, full_edge = bench.full_blocks([fine])
        scores = summed_up(reference, full, (edge, full_edge))
        rows.append((title, scores, against_truth(scene, fine)))
        print(line(rows[-1]), flush=True)
    return rows


def against_truth(scene: Scene, picture: np.ndarray) -> tuple[float, float, float]:
    """SAM, ERGAS and Q4 of a picture at full resolution."""
    blocks = reference_blocks(scene.truth.astype(np.float64), picture, block=32, ratio=RATIO)
    return float(blocks.sam_deg()), float(blocks.ergas()), float(blocks.q2n())


def line(row: tuple[str, Scores, tuple[float, float, float]]) -> str:
    """One line of the table."""
    title, s, truth = row
    return (
        f"| {title} | {s.sam_deg:.2f} | {s.ergas:.2f} | {s.q2n:.3f} | {s.d_lambda:.3f} "
        f"| {s.d_s:.3f} | {s.hqnr:.3f} | {s.composite:.4f} "
        f"| {truth[0]:.2f} | {truth[1]:.2f} | {truth[2]:.3f} |"
    )


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
    if wish.write is not None:
        text = wish.write.read_text(encoding="utf-8")
        before, after = text.split(START)[0], text.split(END)[1]
        body = "\n\n".join(parts)
        wish.write.write_text(f"{before}{START}\n\n{body}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
