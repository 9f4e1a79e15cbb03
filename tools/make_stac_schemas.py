"""Make ``src/satdesk/schemas/stac/``: the JSON schemas of STAC and of the extensions that we use.

Run from the root of the checkout; pip fetches the packages by name::

    python tools/make_stac_schemas.py

The wheel pystac-core carries the schemas of STAC 1.1.0 and of GeoJSON. Those of the extensions
stand word for word in the recorded answers that the source packages of PySTAC's extensions use in
their tests. All are Apache-2.0. ``index.json`` maps each schema's identifier to its file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

CORE = "pystac-core==1.15.2"
EXTENSIONS = {
    "pystac-ext-eo==1.1.1": ("eo/v1.1.0",),
    "pystac-ext-file==2.1.1": ("file/v2.1.0",),
    "pystac-ext-projection==2.0.1": ("projection/v2.0.0", "proj.org/en/latest/schemas/v0.7"),
    "pystac-ext-raster==1.1.1": ("raster/v1.1.0", "processing/v1.0.0"),
    "pystac-ext-view==1.0.1": ("view/v1.0.0",),
}
TARGET = Path("src/satdesk/schemas/stac")


def main() -> None:
    """Fetch, pick, write."""
    schemas = dict(core_schemas())
    for package, wanted in EXTENSIONS.items():
        schemas |= {
            identifier(uri, text): text
            for uri, text in recorded(package)
            if any(part in uri for part in wanted)
        }
    TARGET.mkdir(parents=True, exist_ok=True)
    for uri, text in schemas.items():
        (TARGET / file_name(uri)).write_text(text.rstrip() + "\n", "utf-8")
    names = {uri: file_name(uri) for uri in sorted(schemas)}
    (TARGET / "index.json").write_text(json.dumps(names, indent=2) + "\n", "utf-8")
    print(f"{TARGET}: {len(names)} schemas")


def download(package: str, folder: Path, *options: str) -> Path:
    """The one archive that pip fetches for `package`."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    subprocess.run([*command, *options, package], check=True)
    (archive,) = folder.iterdir()
    return archive


def core_schemas() -> Iterator[tuple[str, str]]:
    """Name and text of the schemas in the wheel of pystac-core."""
    with tempfile.TemporaryDirectory() as folder, open_wheel(Path(folder)) as wheel:
        for name in wheel.namelist():
            if "/jsonschemas/" in name and name.endswith(".json"):
                text = wheel.read(name).decode()
                # Its references go by file name, which one identifier ("commonjson") misspells.
                yield re.sub(r"[^/]+$", PurePosixPath(name).name, identifier(name, text)), text


def open_wheel(folder: Path) -> zipfile.ZipFile:
    """The wheel of pystac-core."""
    return zipfile.ZipFile(download(CORE, folder))


def recorded(package: str) -> Iterator[tuple[str, str]]:
    """Address and text of every schema that the package's tests recorded."""
    name = package.partition("==")[0]
    with tempfile.TemporaryDirectory() as folder:
        archive = download(package, Path(folder), "--no-binary", name)
        with tarfile.open(archive) as source:
            members = [m for m in source.getmembers() if m.name.endswith(".yaml")]
            tapes = [yaml.safe_load(source.extractfile(m) or b"{}") for m in members]
    for tape in tapes:
        for exchange in tape.get("interactions", ()):
            yield from schema_of(exchange)


def schema_of(exchange: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Address and text, if the answer was a schema."""
    text = exchange["response"]["body"]["string"]
    if exchange["request"]["uri"].endswith("schema.json") and text:
        yield exchange["request"]["uri"], text if isinstance(text, str) else text.decode()


def identifier(uri: str, text: str) -> str:
    """What the schema calls itself, else where it was."""
    return str(json.loads(text).get("$id", uri)).rstrip("#")


def file_name(uri: str) -> str:
    """A flat file name for an identifier."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", uri.partition("://")[2]).removesuffix(".json") + ".json"


if __name__ == "__main__":
    main()
