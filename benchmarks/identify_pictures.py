"""The pictures of the benchmark of `satdesk identify`: what is done to published ones, and foreign ones."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from scipy.ndimage import gaussian_filter

from satdesk.files.digests import sha256
from satdesk.files.photographs import read_photograph

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


def published(folder: Path) -> list[str]:
    """The paths of the pictures of a release that a catalogue holds."""
    document = json.loads((folder / "release.json").read_text())
    return [
        artifact["path"]
        for artifact in document["artifacts"]
        if artifact["role"] in {"visual", "press", "plate"}
        and artifact["media_type"].startswith("image/")
    ]


def tried(folder: Path, path: str) -> Iterator[tuple[str, Image.Image, int | None]]:
    """The variants of one published picture, the same in every run."""
    chance = np.random.default_rng(zlib.crc32(f"{folder.name}/{path}".encode()))
    yield from variants(Image.fromarray(read_photograph(folder / path).rgb), chance)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where foreign pictures are cut from.

    Attributes:
        near: Other scenes of places of which the catalogue holds one.
        others: Real pictures of other places.
        simulated: Simulated pictures of other worlds.
    """

    near: tuple[Path, ...]
    others: tuple[Path, ...]
    simulated: tuple[Path, ...]

    def kinds(self) -> dict[str, tuple[Path, ...]]:
        """Kinds for which there is something to cut from; textures need nothing."""
        named = {
            "near neighbours": self.near,
            "other places": self.others,
            "other simulated worlds": self.simulated,
        }
        return {kind: paths for kind, paths in named.items() if paths} | {"textures": ()}


def foreign(sources: Sources, number: int) -> tuple[str, Image.Image]:
    """Foreign picture `number`: a cut of one kind after the other, turned unless it is near."""
    kinds = list(sources.kinds().items())
    kind, paths = kinds[number % len(kinds)]
    turn, chance = number // len(kinds), np.random.default_rng((2, number))
    picture = texture(number) if not paths else pool(paths)[turn % len(pool(paths))]
    piece = cut(picture, float(chance.uniform(0.4, 1.0)), chance)
    if kind != "near neighbours":
        piece = piece.rotate(90 * int(chance.integers(0, 4)), expand=True)
    return kind, piece


@cache
def pool(paths: Sequence[Path]) -> list[Image.Image]:
    """Those that show something, read once a process."""
    return [made for path in paths if (made := picture_of(path)) is not None]


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
