"""What happens to a signed press picture in the wild, and what `verify` and `identify` say of it.

    python benchmarks/wild.py RELEASE --trust ROOT.pem --catalogue CATALOGUE [--markdown FILE]

Every way is done by the program that people use: exiftool, Pillow, ImageMagick, GDAL, cwebp, a
headless browser; a messenger's recompression is done as they do it, by size and quality. What is not
installed is said to be absent. `--markdown` writes the table of docs/explanation/wild.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from satdesk import desk

Way = Callable[[Path, Path], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was said of a picture after one way."""

    way: str
    verdict: str
    words: str
    found: str


class AbsentError(Exception):
    """A program is not on this machine."""


def ran(*command: object) -> None:
    """Run a program quietly."""
    program = str(command[0])
    if shutil.which(program) is None:
        raise AbsentError(program)
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def untouched(source: Path, folder: Path) -> Path:
    return Path(shutil.copy(source, folder / "copy.jpg"))


def edited(source: Path, folder: Path) -> Path:
    made = untouched(source, folder)
    words = "-XMP-dc:Description=Another place, another day"
    ran("exiftool", "-q", "-overwrite_original", words, made)
    return made


def stripped(source: Path, folder: Path) -> Path:
    made = untouched(source, folder)
    ran("exiftool", "-q", "-overwrite_original", "-all=", made)
    return made


def saved_again(source: Path, folder: Path) -> Path:
    made = folder / "saved.jpg"
    Image.open(source).save(made, quality=90)
    return made


def as_png(source: Path, folder: Path) -> Path:
    made = folder / "saved.png"
    Image.open(source).convert("RGB").save(made)
    return made


def magick(source: Path, folder: Path) -> Path:
    made = folder / "magick.jpg"
    ran(imagemagick(), source, "-resize", "90%", "-quality", "82", made)
    return made


def imagemagick() -> str:
    """Its command; another program may go by the name of ``convert``."""
    for program in ("convert-im6.q16", "magick", "convert"):
        if shutil.which(program) is None:
            continue
        told = subprocess.run([program, "-version"], check=False, capture_output=True, text=True)
        if "Version: ImageMagick" in told.stdout:
            return program
    raise AbsentError("ImageMagick")


def gdal(source: Path, folder: Path) -> Path:
    made = folder / "gdal.jpg"
    ran("gdal_translate", "-q", "-of", "JPEG", source, made)
    return made


def gdal_tiff(source: Path, folder: Path) -> Path:
    made = folder / "gdal.tif"
    ran("gdal_translate", "-q", "-of", "GTiff", source, made)
    return made


def webp(source: Path, folder: Path) -> Path:
    made = folder / "made.webp"
    ran("cwebp", "-quiet", "-q", "75", source, "-o", made)
    return made


def messenger(edge: int, quality: int) -> Way:
    """Shrunk to `edge` pixels, JPEG of `quality`, colour at half the resolution, nothing else kept."""

    def sent(source: Path, folder: Path) -> Path:
        made = folder / "sent.jpg"
        picture = Image.open(source).convert("RGB")
        picture.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        picture.save(made, quality=quality, subsampling=2, progressive=True)
        return made

    return sent


def twice(source: Path, folder: Path) -> Path:
    first = messenger(1600, 75)(source, folder).rename(folder / "first.jpg")
    return messenger(1280, 60)(first, folder)


def screenshot(source: Path, folder: Path) -> Path:
    """Of a page with a headline, a border and the picture at half its size, in Chromium."""
    page, made = folder / "page.html", folder / "shot.png"
    page.write_text(
        f"<body style='margin:40px;background:#ddd;font:20px sans-serif'><h1>Breaking</h1>"
        f"<img src='{source.resolve().as_uri()}' style='width:820px;border:6px solid #444'>"
    )
    more = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    size = ("--window-size=960,720", f"--screenshot={made}")
    ran("chromium", *more, *size, "--allow-file-access-from-files", page.resolve().as_uri())
    return made


def cropped(source: Path, folder: Path) -> Path:
    made = folder / "crop.jpg"
    picture = Image.open(source).convert("RGB")
    width, height = picture.size
    box = (width // 4, height // 4, width // 4 + width // 2, height // 4 + height // 2)
    picture.crop(box).save(made, quality=75)
    return made


WAYS: dict[str, Way] = {
    "not touched": untouched,
    "caption edited (exiftool)": edited,
    "all metadata removed (exiftool -all=)": stripped,
    "opened and saved, JPEG 90 (Pillow)": saved_again,
    "opened and saved as PNG (Pillow)": as_png,
    "resized to 90 %, JPEG 82 (ImageMagick)": magick,
    "gdal_translate to JPEG": gdal,
    "gdal_translate to GeoTIFF": gdal_tiff,
    "cwebp, quality 75": webp,
    "messenger: 1600 px, JPEG 75": messenger(1600, 75),
    "messenger: 1280 px, JPEG 60": messenger(1280, 60),
    "passed on twice: 1600, then 1280 px": twice,
    "crop of half the edges, JPEG 75": cropped,
    "screenshot of a page, half size, border": screenshot,
}
"""What is done to a picture, in the order of the table."""


def told(source: Path, trust: Path, catalogue: Path) -> Iterator[Told]:
    """What `verify` and `identify` say after each way."""
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                made = way(source, Path(folder))
            except AbsentError as absent:
                yield Told(way=name, verdict="–", words=f"{absent} is not installed", found="–")
                continue
            answer = desk.verify(made, trust=[trust])
            found = desk.identify(made, catalogue)["found"]
            words = answer["files"][0]["words"]
            yield Told(way=name, verdict=answer["verdict"], words=words, found=known(found))


def known(found: list[dict]) -> str:
    """The first find in words."""
    if not found:
        return "not recognised"
    first = found[0]
    how = {"file": "the very file", "pixels": "the very pixels"}.get(first["how"])
    alike = f"alike: {first['alike'] or 0:.0%} of {first['blocks']} parts"
    return f"{first['release']}: {how or alike}"


def table(rows: list[Told]) -> str:
    """A table in Markdown."""
    lines = ["| what was done | `verify` | in words | `identify` |", "|---|---|---|---|"]
    lines += [f"| {r.way} | {r.verdict} | {r.words} | {r.found} |" for r in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", type=Path)
    parser.add_argument("--trust", type=Path, required=True)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--markdown", type=Path)
    wish = parser.parse_args()
    source = min(wish.release.glob("press/*16x9-clean*.jpg"))
    made = table(list(told(source, wish.trust, wish.catalogue)))
    print(made)
    if wish.markdown:
        wish.markdown.write_text(made)


if __name__ == "__main__":
    main()
