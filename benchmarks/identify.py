"""How surely `satdesk identify` knows published pictures again, and how often it errs on foreign ones.

    python benchmarks/identify.py --releases DEMO … --foreign FOLDER … [--count 1000] [--json FILE]

Every published picture of the releases is re-encoded, cut, shrunk and framed as a screenshot would;
`--foreign` folders hold pictures (PNG, JPEG, TIFF) of other places, from which `--count` cuts are
made. Prints how many of each kind were found, in the right picture's release, and how many foreign
ones were taken for published ones, with the wrongest.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

from satdesk.files.photographs import read_photograph
from satdesk.release.catalogue import Catalogue, add_release, opened_catalogue
from satdesk.release.identify import identify

SMALLEST = 160


def variants(
    picture: Image.Image, chance: np.random.Generator
) -> Iterator[tuple[str, Image.Image, int | None]]:
    """``kind, picture, JPEG quality`` (None = PNG) of everything that is tried with one picture."""
    yield "exact pixels", picture, None
    for quality in (90, 70, 50, 30):
        yield f"JPEG {quality}", picture, quality
    yield "half size", half(picture), 80
    for share in (0.5, 0.3):
        yield f"crop {share:.0%} of the edges", cut(picture, share, chance), None
    yield "crop 50 %, half size, JPEG 60", half(cut(picture, 0.5, chance)), 60
    yield "screenshot at half size", screenshot(half(picture)), 85
    yield "brighter, more contrast, JPEG 75", toned(picture), 75


def half(picture: Image.Image) -> Image.Image:
    return picture.resize(
        (max(picture.width // 2, 1), max(picture.height // 2, 1)), Image.Resampling.BICUBIC
    )


def cut(picture: Image.Image, share: float, chance: np.random.Generator) -> Image.Image:
    """A cut with something to see in it: of eight places the one with the most texture."""
    width, height = (max(int(size * share), SMALLEST) for size in picture.size)
    width, height = min(width, picture.width), min(height, picture.height)
    cuts = []
    for _ in range(8):
        left = int(chance.integers(0, picture.width - width + 1))
        top = int(chance.integers(0, picture.height - height + 1))
        cuts.append(picture.crop((left, top, left + width, top + height)))
    return max(cuts, key=lambda each: float(np.asarray(each.convert("L")).std()))


def screenshot(picture: Image.Image) -> Image.Image:
    """With a light frame, a dark bar and a button over it."""
    framed = Image.new("RGB", (picture.width + 60, picture.height + 110), (236, 238, 240))
    framed.paste((24, 26, 30), (0, 0, framed.width, 50))
    framed.paste(picture, (30, 80))
    framed.paste((250, 250, 250), (40, 90, 100, 150))
    return framed


def toned(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture, np.float32) / 255
    return Image.fromarray(np.uint8(np.clip(values**0.8 * 1.15, 0, 1) * 255))


def published(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    document = json.loads((folder / "release.json").read_text())
    for artifact in document["artifacts"]:
        if artifact["role"] in {"visual", "press", "plate"} and artifact["media_type"].startswith(
            "image/"
        ):
            yield artifact["path"], Image.fromarray(read_photograph(folder / artifact["path"]).rgb)


def foreign(folders: list[Path], count: int, chance: np.random.Generator) -> Iterator[Image.Image]:
    pictures = [
        p for f in folders for path in sorted(f.rglob("*")) if (p := picture_of(path)) is not None
    ]
    for number in range(count):
        picture = pictures[number % len(pictures)]
        share = float(chance.uniform(0.4, 1.0))
        piece = cut(picture, share, chance)
        if number % 3 == 1:
            piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        yield piece.rotate(90 * int(chance.integers(0, 4)), expand=True)


def picture_of(path: Path) -> Image.Image | None:
    """Anything that shows something, as 8-bit RGB; label masks do not."""
    if path.suffix.lower() not in {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}:
        return None
    try:
        with rasterio.open(path) as dataset:
            planes = dataset.read(
                out_shape=(dataset.count, min(dataset.height, 1500), min(dataset.width, 1500))
            )
    except rasterio.errors.RasterioError:
        return None
    if planes.ndim != 3 or min(planes.shape[1:]) < SMALLEST:
        return None
    shown = (
        planes[[2, 1, 0]]
        if len(planes) == 4
        else planes[:3]
        if len(planes) >= 3
        else planes[[0, 0, 0]]
    )
    shown = shown.astype(np.float32)
    if len(np.unique(shown[0])) < 32:
        return None
    low, high = np.percentile(shown, [1, 99])
    return Image.fromarray(
        np.uint8(np.clip((shown - low) / max(high - low, 1e-9), 0, 1) * 255).transpose(1, 2, 0)
    )


def saved(picture: Image.Image, quality: int | None, folder: Path) -> Path:
    file = io.BytesIO()
    picture.save(file, "PNG" if quality is None else "JPEG", quality=quality or 0)
    path = folder / ("query.png" if quality is None else "query.jpg")
    path.write_bytes(file.getvalue())
    return path


@dataclass
class Tally:
    """What was found of what was tried."""

    found: dict[str, list[bool]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0

    def add(self, kind: str, what: str, *, right: bool) -> None:
        self.asked += 1
        self.found.setdefault(kind, []).append(right)
        if not right:
            self.missed.append(what)


def try_published(
    folder: Path, every: int, scratch: Path, catalogue: Catalogue, tally: Tally
) -> None:
    chance = np.random.default_rng(1)
    release = json.loads((folder / "release.json").read_text())["id"]
    for path, picture in list(published(folder))[::every]:
        for kind, made, quality in variants(picture, chance):
            finds = identify(saved(made, quality, scratch), catalogue)
            right = bool(finds) and finds[0].picture.release == release
            tally.add(kind, f"{release} {path} {kind} {made.size}", right=right)


def try_foreign(
    folders: list[Path], count: int, scratch: Path, catalogue: Catalogue, tally: Tally
) -> None:
    for index, picture in enumerate(foreign(folders, count, np.random.default_rng(2))):
        tally.asked += 1
        finds = identify(saved(picture, 85, scratch), catalogue)
        if finds:
            tally.wrong.append(f"foreign {index} as {finds[0].picture.path}: {finds[0].likeness}")


def told(tally: Tally, count: int, each_s: float) -> None:
    every = [right for rights in tally.found.values() for right in rights]
    for kind, rights in tally.found.items():
        print(f"{kind:40} {sum(rights):4} of {len(rights):4}")
    print(f"{'all':40} {sum(every):4} of {len(every):4} = {np.mean(every):.2%}")
    print(f"foreign taken for published: {len(tally.wrong)} of {count}")
    print(f"{each_s:.2f} s a query", *tally.missed[:40], *tally.wrong[:20], sep="\n")


def facts(tally: Tally, count: int, each_s: float) -> dict[str, object]:
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "commit": revision.stdout.strip(),
        "python": sys.version.split()[0],
        "found": {kind: [sum(rights), len(rights)] for kind, rights in tally.found.items()},
        "foreign": count,
        "false": len(tally.wrong),
        "seconds_a_query": each_s,
    }


def wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--releases", type=Path, nargs="+", required=True)
    parser.add_argument("--foreign", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--every", type=int, default=1, help="try every n-th published picture")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    wish, tally = wishes(), Tally()
    count = wish.count if wish.foreign else 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with opened_catalogue(scratch / "catalogue.sqlite", create=True) as catalogue:
            print(
                sum(add_release(catalogue, folder) for folder in wish.releases),
                "published pictures",
            )
            begun = time.perf_counter()
            for folder in wish.releases:
                try_published(folder, wish.every, scratch, catalogue, tally)
            if count:
                try_foreign(wish.foreign, count, scratch, catalogue, tally)
            each_s = (time.perf_counter() - begun) / max(tally.asked, 1)
    told(tally, count, each_s)
    if wish.json:
        wish.json.write_text(json.dumps(facts(tally, count, each_s), indent=1) + "\n")


if __name__ == "__main__":
    main()
