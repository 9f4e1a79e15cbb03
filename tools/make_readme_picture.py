"""Make docs/images/release.jpg: the page of the simulated sample, half-way through its swipe.

    make demo
    python tools/make_readme_picture.py demo/release

Needs Chromium and playwright (the test group). The pictures on the page are simulated and say so.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images" / "release.jpg"
WINDOW = {"width": 1280, "height": 800}
MOST_BYTES = 250_000


def main() -> None:
    """Photograph the page of the release named on the command line."""
    release = Path(sys.argv[1])
    if not json.loads((release / "release.json").read_text(encoding="utf-8"))["simulated"]:
        sys.exit("only the simulated sample is shown in the documentation")
    picture = Image.open(io.BytesIO(_photograph(release / "index.html"))).convert("RGB")
    picture.save(TARGET, quality=80, optimize=True, progressive=True)
    size = TARGET.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{size} bytes are more than {MOST_BYTES}")
    print(TARGET, size)


def _photograph(page: Path) -> bytes:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport=WINDOW)
        tab.goto(page.resolve().as_uri())
        tab.wait_for_load_state("networkidle")
        tab.wait_for_timeout(1000)
        shot = tab.screenshot()
        browser.close()
        return shot


if __name__ == "__main__":
    main()
