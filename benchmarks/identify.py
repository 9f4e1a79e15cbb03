"""How surely `satdesk identify` knows published pictures again, and how often it errs on foreign ones.

    python benchmarks/identify.py --releases DEMO … --pairs CHANGE --foreign FOLDER … [--count 1000]

Every published picture of the releases is re-encoded, cut, shrunk, sent as messengers do and framed
as a screenshot would be. Foreign pictures are cut from three sources: near neighbours (`--pairs`
names a folder of before/after pairs; the earlier of every second pair is published, cuts of the later
are asked about: the same place by another scene is another picture), other places (both pictures of
the other pairs, and what lies in `--foreign`), and invented textures. Prints how many of each kind were found, in the right release,
and how many foreign ones were taken for published ones, with 95 % intervals (Wilson).
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
from scipy.ndimage import gaussian_filter
from scipy.stats import binomtest

from satdesk.files.digests import sha256
from satdesk.files.photographs import read_photograph
from satdesk.release.catalogue import Catalogue, add_release, opened_catalogue
from satdesk.release.identify import identify

SMALLEST = 160


def variants(
    picture: Image.Image, chance: np.random.Generator
) -> Iterator[tuple[str, Image.Image, int | None]]:
    """``kind, picture, JPEG quality`` (None = PNG) of everything that is tried with one picture."""
    yield "exact pixels", picture, None
    for quality in (95, 80, 65, 50, 40, 30):
        yield f"JPEG {quality}", picture, quality
    for share in (0.75, 0.5, 0.35, 0.25):
        yield f"crop of {share:.0%} of the edges, JPEG 85", cut(picture, share, chance), 85
    yield "half size, JPEG 80", half(picture), 80
    yield "crop of 50 % of the edges, half size, JPEG 60", half(cut(picture, 0.5, chance)), 60
    yield "screenshot at half size, JPEG 85", screenshot(half(picture)), 85
    yield "brighter, more contrast, JPEG 75", toned(picture), 75
    yield "messenger: at most 1280 px, JPEG 60", within(picture, 1280), 60
    yield "messenger: at most 1600 px, JPEG 75", within(picture, 1600), 75


def within(picture: Image.Image, edge: int) -> Image.Image:
    """No edge longer than `edge` pixels."""
    made = picture.copy()
    made.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return made


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


def pairs(folder: Path) -> list[tuple[Path, Path]]:
    """The earlier and the later picture of every pair of the sets that the tests read."""
    names = (("imgs_1_", "imgs_2_"), ("im1.", "im2."), ("/A/", "/B/"), ("_pre.", "_post."))
    found = []
    for path in sorted(folder.rglob("*")):
        for first, second in names:
            later = Path(str(path).replace(first, second))
            if first in str(path) and later.is_file() and "beirut" not in str(path):
                found.append((path, later))
    return found


def publish(firsts: list[Path], folder: Path) -> Path:
    """A folder like a release's, of pictures that are no release."""
    artifacts = []
    for number, path in enumerate(firsts):
        made = picture_of(path)
        if made is not None:
            name = f"{number}.png"
            made.save(folder / name)
            digest = sha256(folder / name)
            artifacts.append({"path": name, "role": "visual", "media_type": "image/png",
                              "date": None, "sha256": digest})  # fmt: skip
    facts = {"id": "pairs", "title": "pairs", "publisher": "nobody", "status": "draft"}
    document = {**facts, "simulated": False, "artifacts": artifacts}
    (folder / "release.json").write_text(json.dumps(document))
    return folder


def foreign(
    near: list[Path], others: list[Path], count: int, chance: np.random.Generator
) -> Iterator[tuple[str, Image.Image]]:
    """Cuts in turn of near neighbours, other places and textures; some mirrored, all turned."""
    pools = {
        "near neighbours": [p for path in near if (p := picture_of(path)) is not None],
        "other places": [p for path in others if (p := picture_of(path)) is not None],
    }
    for number in range(count):
        kind = ("near neighbours", "other places", "textures")[number % 3]
        pool = pools.get(kind)
        picture = pool[number // 3 % len(pool)] if pool else texture(number)
        piece = cut(picture, float(chance.uniform(0.4, 1.0)), chance)
        if kind != "near neighbours":
            piece = piece.rotate(90 * int(chance.integers(0, 4)), expand=True)
        yield kind, piece


def texture(seed: int) -> Image.Image:
    """An invented place: ground of several scales, fields, roofs."""
    chance, shape = np.random.default_rng(10_000 + seed), (700, 900)
    plane = sum(gaussian_filter(chance.standard_normal(shape), s) * s for s in (1.2, 3, 8, 20))
    for _ in range(int(chance.integers(20, 300))):
        row, col = chance.integers(0, 660, 2)
        height, width = chance.integers(4, 30, 2)
        plane[row : row + height, col : col + width] += chance.uniform(-2, 2)
    low, high = np.percentile(plane, [1, 99])
    shown = np.uint8(np.clip((plane - low) / (high - low), 0, 1) * 255)
    return Image.fromarray(shown).convert("RGB")


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
    if quality is None:
        picture.save(file, "PNG")
    else:  # colour at half the resolution, as nearly everybody saves it
        picture.save(file, "JPEG", quality=quality, subsampling=2)
    path = folder / ("query.png" if quality is None else "query.jpg")
    path.write_bytes(file.getvalue())
    return path


@dataclass
class Tally:
    """What was found of what was tried."""

    found: dict[str, list[bool]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    foreign: dict[str, list[bool]] = field(default_factory=dict)
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
        print(release, path, len(tally.missed), file=sys.stderr, flush=True)
        for kind, made, quality in variants(picture, chance):
            finds = identify(saved(made, quality, scratch), catalogue)
            right = bool(finds) and finds[0].picture.release == release
            tally.add(kind, f"{release} {path} {kind} {made.size}", right=right)


def try_foreign(
    near: list[Path],
    others: list[Path],
    count: int,
    scratch: Path,
    catalogue: Catalogue,
    tally: Tally,
) -> None:
    for index, (kind, picture) in enumerate(foreign(near, others, count, np.random.default_rng(2))):
        tally.asked += 1
        if index % 50 == 0:
            print(kind, index, len(tally.wrong), file=sys.stderr, flush=True)
        finds = identify(saved(picture, 85, scratch), catalogue)
        tally.foreign.setdefault(kind, []).append(bool(finds))
        if finds:
            tally.wrong.append(f"{kind} {index} as {finds[0].picture.path}: {finds[0].likeness}")


def rate(hits: list[bool]) -> str:
    """``12 of 13 = 92.3 % (95 %: 66.7–98.6 %)``."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(0.95, "wilson")
    share = 100 * sum(hits) / len(hits)
    return f"{sum(hits)} of {len(hits)} = {share:.2f} % (95 %: {100 * low:.2f}–{100 * high:.2f} %)"


def told(tally: Tally, each_s: float) -> None:
    for kind, rights in tally.found.items():
        print(f"{kind:48} {rate(rights)}")
    print(f"{'all':48} {rate([hit for hits in tally.found.values() for hit in hits])}")
    for kind, wrongs in tally.foreign.items():
        print(f"{'foreign, ' + kind:48} {rate(wrongs)}")
    if tally.foreign:
        print(f"{'foreign, all':48} {rate([h for hits in tally.foreign.values() for h in hits])}")
    print(f"{each_s:.2f} s a query", *tally.missed[:60], *tally.wrong[:20], sep="\n")


def facts(tally: Tally, each_s: float) -> dict[str, object]:
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "commit": revision.stdout.strip(),
        "python": sys.version.split()[0],
        "found": {kind: [sum(rights), len(rights)] for kind, rights in tally.found.items()},
        "foreign": {kind: [sum(wrongs), len(wrongs)] for kind, wrongs in tally.foreign.items()},
        "seconds_a_query": each_s,
    }


def wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--releases", type=Path, nargs="+", required=True)
    parser.add_argument("--foreign", type=Path, nargs="*", default=[])
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--catalogue", type=Path, help="kept; used again where it is there")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--every", type=int, default=1, help="try every n-th published picture")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    wish, tally = wishes(), Tally()
    couples = [] if wish.pairs is None else pairs(wish.pairs)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        path = wish.catalogue or scratch / "catalogue.sqlite"
        with opened_catalogue(path, create=True) as catalogue:
            (scratch / "pairs").mkdir()
            earlier = publish([first for first, _ in couples[::2]], scratch / "pairs")
            count = sum(add_release(catalogue, folder) for folder in (*wish.releases, earlier))
            print(count, "published pictures are new in the catalogue", flush=True)
            catalogue.connection.commit()
            begun = time.perf_counter()
            for folder in wish.releases:
                try_published(folder, wish.every, scratch, catalogue, tally)
            later = [second for _, second in couples[::2]]
            # the crops called Szada overlap: one of them lies in part in another, and is found there
            others = [p for couple in couples[1::2] for p in couple if "Szada" not in str(p)]
            others += [path for folder in wish.foreign for path in sorted(folder.rglob("*"))]
            try_foreign(later, others, wish.count, scratch, catalogue, tally)
            each_s = (time.perf_counter() - begun) / max(tally.asked, 1)
    told(tally, each_s)
    if wish.json:
        wish.json.write_text(json.dumps(facts(tally, each_s), indent=1) + "\n")


if __name__ == "__main__":
    main()
