"""Vendor the parts of Leaflet that the page needs, from its npm package.

Usage: ``python tools/make_leaflet.py [FOLDER]`` (needs ``npm`` and a registry that it can reach).

The script and the style sheet are taken as they are published, but for the last line of the script,
which names a source map that is not shipped. The pictures of Leaflet's own markers are left out:
the page draws its own.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.9.4"
TARGET = Path(__file__).resolve().parent.parent / "src" / "satdesk" / "data" / "page" / "leaflet"
FILES = {
    "package/dist/leaflet.js": "leaflet.js",
    "package/dist/leaflet.css": "leaflet.css",
    "package/LICENSE": "LICENSE.txt",
}
SOURCE_MAP = b"\n//# sourceMappingURL=leaflet.js.map"


def main(target: Path) -> None:
    """Fetch the package, take the files, print their digests."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        archive = _pack(Path(scratch))
        with tarfile.open(archive) as package:
            for member, name in FILES.items():
                stream = package.extractfile(member)
                if stream is None:
                    sys.exit(f"{archive.name} holds no file {member}")
                _write(target / name, stream.read().replace(SOURCE_MAP, b""))


def _pack(folder: Path) -> Path:
    """Let npm download ``leaflet-VERSION.tgz`` into `folder`; npm checks its integrity."""
    subprocess.run(["npm", "pack", f"leaflet@{VERSION}", "--silent"], cwd=folder, check=True)
    return folder / f"leaflet-{VERSION}.tgz"


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {len(content):>7}  {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
