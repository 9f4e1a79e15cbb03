"""A real browser that visits releases made for it, and complains of every error."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from release_content import make_content
from satdesk.release.page import write_page

NO_STATUS = "window.satdeskStatus = null;\n"
"""What is written beside a page last of all; here nothing is to be said."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """One folder with four releases below it."""
    root = tmp_path_factory.mktemp("releases")
    contents = {
        "two": make_content(root / "two"),
        "marked": make_content(root / "marked", draft=True, simulated=True, day_only=True),
        "one": make_content(root / "one", dates=1),
    }
    before, after = contents["two"].dates
    contents["three"] = replace(contents["two"], dates=(before, after, replace(after, id="later")))
    for name, content in contents.items():
        (root / name).mkdir(exist_ok=True)
        write_page(content, root / name)
        (root / name / "status.js").write_text(NO_STATUS)
    return root


@pytest.fixture(scope="module")
def server(releases):
    handler = partial(_Quiet, directory=str(releases))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def visit(browser, releases):
    """Opens a release; afterwards no error may have been reported and nothing asked of others."""
    contexts, complaints = [], []

    def opened(name, *, root=None, viewport=None, touch=False, waits=True, **options):
        root = root or releases.as_uri()
        context = browser.new_context(
            viewport=viewport or DESK, has_touch=touch, is_mobile=touch, **options
        )
        context.set_default_timeout(120_000)  # a busy machine is slow, and no fault of the page
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.extend(_lost(request)))
        page.on("response", lambda reply: complaints.append(reply.url) if not reply.ok else None)
        page.on("request", lambda request: complaints.extend(_foreign(request.url, root)))
        page.goto(f"{root}/{name}/index.html")
        if waits:
            page.wait_for_function("document.querySelectorAll('.leaflet-tile-loaded').length > 0")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def _lost(request):
    """A tile that is no longer wanted is called off: that is no loss."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.failure} {request.url}"]


def _foreign(url, root):
    """`url` in a list if it is neither below `root` nor inside the page itself."""
    inside = url.startswith(root) or urlsplit(url).scheme in {"data", "blob"}
    return [] if inside else [url]
