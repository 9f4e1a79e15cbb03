"""Three ways to compare the dates, and what an audit of accessibility finds, in a real browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from release_content import make_content
from satdesk.release.content import Artifact
from satdesk.release.page import write_page

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
WAYS = ("swipe", "fade", "beside")


def _choose(page, way):
    page.locator(f"[data-way={way}]").click()
    page.wait_for_load_state("networkidle")


def _sources(page, selector):
    return page.locator(f"{selector} img").evaluate_all("e => e.map(i => i.src)")


def _opacity(page, side):
    script = (
        f"Number(getComputedStyle(document.querySelector('#map .leaflet-{side}-pane')).opacity)"
    )
    return page.evaluate(script)


def test_one_way_is_on_at_a_time(visit):
    page = visit("two")
    for way in (*WAYS, "swipe"):
        _choose(page, way)
        pressed = page.locator(".way[aria-pressed=true]")
        assert pressed.count() == 1
        assert pressed.get_attribute("data-way") == way
        assert page.get_by_role("slider").count() == {"swipe": 1, "fade": 1, "beside": 0}[way]
        assert page.locator("#map-right:visible").count() == (way == "beside")


def test_fading_shares_the_light_between_two_dates(visit):
    page = visit("two")
    _choose(page, "fade")
    slider = page.get_by_label("Fade between the dates")
    for value, share in ((0, 0.0), (30, 0.3), (100, 1.0)):
        slider.fill(str(value))
        assert _opacity(page, "left") == pytest.approx(1 - share)
        assert _opacity(page, "right") == pytest.approx(share)
    assert slider.get_attribute("aria-valuetext") == "After, 5 June 2021"
    slider.press("ArrowLeft")
    assert "Before, 14 September 2020 2 %" in slider.get_attribute("aria-valuetext")
    _choose(page, "swipe")
    assert (_opacity(page, "left"), _opacity(page, "right")) == (1, 1)


def test_what_one_date_lacks_is_not_filled_by_the_other(visit):
    """At one end of the slider nothing of the other date is left."""
    page = visit("two")
    _choose(page, "fade")
    mode = "getComputedStyle(document.querySelector('#map .leaflet-left-pane')).mixBlendMode"
    assert page.evaluate(mode) == "plus-lighter"
    page.get_by_label("Fade between the dates").fill("0")
    assert _opacity(page, "right") == 0


def test_of_three_dates_the_slider_runs_through_time(visit):
    page = visit("three")
    _choose(page, "fade")
    assert page.locator(".compare").is_hidden()
    slider = page.get_by_label("Fade between the dates")
    assert slider.get_attribute("max") == "200"
    for value, shown in ((40, ["before", "after"]), (160, ["after", "later"])):
        slider.fill(str(value))
        page.wait_for_load_state("networkidle")
        pairs = [_sources(page, f"#map .leaflet-{side}-pane") for side in ("left", "right")]
        assert all(
            f"/tiles/{date}/" in s for date, found in zip(shown, pairs, strict=True) for s in found
        )
        assert all(pairs)
        lines = page.locator(".date:visible").evaluate_all("e => e.map(i => i.dataset.date)")
        assert sorted(lines) == sorted(shown)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=lambda v: str(v["width"]))
def test_side_by_side_two_maps_move_together(visit, viewport):
    page = visit("two", viewport=viewport, reduced_motion="reduce")
    _choose(page, "beside")
    assert all("/tiles/before/" in source for source in _sources(page, "#map"))
    assert all("/tiles/after/" in source for source in _sources(page, "#map-right"))
    for keys in ((), ("+",), ("ArrowLeft", "ArrowUp")):
        for key in keys:
            page.locator("#map").press(key)
            page.wait_for_timeout(200)
        one, other = (_middles(page, selector) for selector in ("#map", "#map-right"))
        assert one == pytest.approx(other, abs=2)
    boxes = [page.locator(selector).bounding_box() for selector in ("#map", "#map-right")]
    assert boxes[0]["width"] == pytest.approx(boxes[1]["width"], abs=2)
    assert boxes[0]["height"] == pytest.approx(boxes[1]["height"], abs=2)


def _middles(page, selector):
    """Where the map's places stand, pixels from its own corner."""
    corner = page.locator(selector).bounding_box()
    boxes = [place.bounding_box() for place in page.locator(f"{selector} .site").all()]
    return [number for box in boxes for number in (box["x"] - corner["x"], box["y"] - corner["y"])]


def test_the_cursor_is_told_on_the_other_map(visit):
    page = visit("two")
    _choose(page, "beside")
    one, other = (page.locator(selector).bounding_box() for selector in ("#map", "#map-right"))
    page.mouse.move(one["x"] + 150, one["y"] + 300)
    echo = page.locator("#map-right .echo").bounding_box()
    assert (echo["x"] - other["x"], echo["y"] - other["y"]) == pytest.approx((150, 300), abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=lambda v: str(v["width"]))
def test_an_audit_finds_no_fault(visit, way, viewport, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-core is not installed"
    )
    page = visit("marked", viewport=viewport, color_scheme=scheme)
    _choose(page, way)
    if viewport is PHONE:
        page.get_by_role("button", name="Facts and downloads").click()
    options = {"resultTypes": ["violations"], "preload": False}  # the page lets nothing be fetched
    found = axe.Axe().run(page, options=options).response["violations"]
    faults = [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found]
    assert faults == []


def test_served_from_somewhere_the_frame_to_copy_has_that_address(visit, server, releases):
    page = visit("two", root=server)
    words = page.locator("#embed-snippet").text_content()
    assert words.startswith(f'<iframe src="{server}/two/index.html"')
    page = visit("two")
    assert 'src="ADDRESS-OF-THIS-PAGE"' in page.locator("#embed-snippet").text_content()


def test_a_known_address_gives_networks_a_picture(tmp_path):
    content = replace(make_content(tmp_path), address="https://example.org/kalbajar/")
    press = tuple(
        Artifact(path=f"press/k-{name}-16x9-{kind}.jpg", role="press", media_type="image/jpeg",
                 date_id=date)
        for name, date in (("before", "before"), ("comparison", None))
        for kind in ("annotated", "clean")
    )  # fmt: skip
    write_page(content, tmp_path, press)
    html = (tmp_path / "index.html").read_text("utf-8")
    at = "https://example.org/kalbajar"
    assert (
        f'<meta property="og:image" content="{at}/press/k-comparison-16x9-annotated.jpg">' in html
    )
    assert f'<meta property="og:url" content="{at}/index.html">' in html
    assert f"&lt;iframe src=&quot;{at}/index.html&quot;" in html
    write_page(replace(content, address=None), tmp_path, press)
    html = (tmp_path / "index.html").read_text("utf-8")
    assert "og:image" not in html
    assert '<meta property="og:title"' in html


@pytest.mark.parametrize("signed", [True, False])
def test_the_page_says_how_to_check_and_what_that_cannot_tell(tmp_path, signed):
    content = make_content(tmp_path)
    signature = Artifact(path="SHA256SUMS.p7s", role="signature", media_type="application/x")
    write_page(content, tmp_path, (signature,) if signed else ())
    html = (tmp_path / "index.html").read_text("utf-8")
    assert ("The checksums of this release are signed" in html) is signed
    assert ("Nothing in this release is signed" in html) is not signed
    for words in ("satdesk verify .", "sha256sum -c SHA256SUMS", "It does not say that what is"):
        assert words in html
