"""The page in a real browser: from a disk and from a server, by keyboard, by mouse, on a phone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from shapely import Point

from release_content import _lonlat, make_content
from satdesk.core.place import Name
from satdesk.release.page import write_page

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
SIDEWAYS = {"width": 844, "height": 390}
SMALL = {"width": 320, "height": 568}


def _clips(page):
    """Where the left date ends and the right one begins, pixels of the window."""
    script = """side => {
      const pane = document.querySelector('.leaflet-' + side + '-pane');
      const shift = pane.getBoundingClientRect().left;
      const xs = [...pane.style.clipPath.matchAll(/(-?[\\d.]+)px -?[\\d.]+px/g)].map(m => +m[1]);
      return [Math.min(...xs) + shift, Math.max(...xs) + shift];
    }"""
    return page.evaluate(script, "left"), page.evaluate(script, "right")


def _handle(page):
    return page.get_by_role("slider")


def _middle(page):
    box = _handle(page).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("name", ["two", "marked", "one", "three"])
def test_it_opens_from_a_disk(visit, name):
    page = visit(name)
    assert page.locator(".date").first.is_visible()


@pytest.mark.parametrize("name", ["two", "one"])
def test_it_opens_from_any_server(visit, server, name):
    page = visit(name, root=server)
    assert page.locator(".leaflet-tile-loaded").first.is_visible()


def test_walking_about_asks_for_no_tile_that_is_missing(visit, server):
    page = visit("two", root=server)
    for key in ("+", "+", "ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp", "-", "-", "-", "-"):
        page.locator("#map").press(key)
        page.wait_for_timeout(120)
    page.wait_for_load_state("networkidle")
    assert page.locator(".leaflet-tile-loaded").count() > 0


def test_the_divider_moves_by_keyboard(visit):
    page = visit("two")
    width = page.locator("#map").bounding_box()["width"]
    handle = _handle(page)
    assert handle.get_attribute("aria-valuenow") == "50"
    for key, value in (
        ("ArrowLeft", 48),
        ("ArrowRight", 50),
        ("Shift+ArrowRight", 60),
        ("PageDown", 50),
        ("Home", 0),
        ("End", 100),
        ("PageDown", 90),
    ):
        handle.press(key)
        assert handle.get_attribute("aria-valuenow") == str(value)
        left, right = _clips(page)
        assert left == pytest.approx([0, width * value / 100], abs=1)
        assert right == pytest.approx([width * value / 100, width], abs=1)
    assert "Before, 14 September 2020" in handle.get_attribute("aria-valuetext")


def test_the_divider_moves_by_mouse_and_the_map_stays(visit):
    page = visit("two", reduced_motion="reduce")
    site = page.locator(".site").last
    before = site.bounding_box()
    x, y = _middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 200, y, steps=5)
    page.mouse.up()
    page.mouse.move(x + 100, y)
    left, right = _clips(page)
    assert left[1] == pytest.approx(x - 200, abs=2)
    assert right[0] == pytest.approx(x - 200, abs=2)
    assert site.bounding_box() == before


def test_the_divider_moves_by_touch(visit):
    page = visit("two", viewport=PHONE, touch=True)
    x, y = _middle(page)
    touch = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + 60, "y": y}]),
        ("touchMove", [{"x": x + 120, "y": y}]),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_timeout(100)
    assert _clips(page)[0][1] == pytest.approx(x + 120, abs=2)


def test_the_divider_stays_in_the_window_while_the_map_moves(visit):
    page = visit("two", reduced_motion="reduce")
    x, _ = _middle(page)
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.move(180, 380, steps=6)
    assert _middle(page)[0] == pytest.approx(x, abs=1)
    assert _clips(page)[0][1] == pytest.approx(x, abs=1)
    page.mouse.up()
    page.locator("#map").press("+")
    page.wait_for_timeout(200)
    assert _clips(page)[0][1] == pytest.approx(x, abs=1)


def test_the_two_sides_show_two_dates(visit):
    page = visit("two")
    page.wait_for_load_state("networkidle")
    for side, date in (("left", "before"), ("right", "after")):
        sources = page.locator(f".leaflet-{side}-pane img").evaluate_all("e => e.map(i => i.src)")
        assert sources
        assert all(f"/page/tiles/{date}/" in source for source in sources)


def test_one_date_has_no_divider(visit):
    page = visit("one")
    assert _handle(page).count() == 0
    assert page.locator(".date:visible").count() == 1


def test_of_three_dates_two_are_chosen(visit):
    page = visit("three")
    page.wait_for_load_state("networkidle")
    assert page.locator(".date:visible").count() == 2
    page.get_by_label("Left").select_option("later")
    page.get_by_label("Right").select_option("before")
    page.wait_for_load_state("networkidle")
    sources = page.locator(".leaflet-left-pane img").evaluate_all("e => e.map(i => i.src)")
    assert sources
    assert all("/page/tiles/later/" in source for source in sources)
    shown = page.locator(".date:visible").evaluate_all("e => e.map(i => i.dataset.date)")
    assert sorted(shown) == ["before", "later"]


@pytest.mark.parametrize("viewport", [DESK, PHONE, SIDEWAYS, SMALL], ids=lambda v: str(v["width"]))
@pytest.mark.parametrize(("name", "banners"), [("two", 0), ("marked", 2)])
def test_dates_and_credit_are_in_sight_at_every_size(visit, name, banners, viewport):
    page = visit(name, viewport=viewport, touch=viewport is not DESK)
    tall, wide = viewport["height"], viewport["width"]
    assert page.locator(".banner").count() == banners
    for selector in (".date time", ".date .utc", ".date .satellite", ".date .credit"):
        assert page.locator(selector).count() == 2
    for selector in (".date > *", ".banner"):
        found = page.locator(selector)
        for box in (found.nth(i).bounding_box() for i in range(found.count())):
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= tall
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= wide
    assert page.locator(".date .local").first.is_visible()
    assert page.locator("#map").bounding_box()["height"] > 0.3 * tall
    assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_dates_stay_in_sight_when_the_facts_are_open(visit):
    page = visit("two", viewport=PHONE, touch=True)
    page.get_by_role("button", name="Facts and downloads").click()
    assert page.locator("#downloads-title").count() == 1
    page.locator("#downloads-title").scroll_into_view_if_needed()
    box = page.locator(".date .credit").last.bounding_box()
    assert box["y"] + box["height"] <= PHONE["height"]
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()


def test_sites_are_labelled_and_tell_all_their_names(visit):
    page = visit("two")
    assert page.locator(".site").count() == 2
    assert "Invented monastery" in page.locator(".site-label:visible").all_inner_texts()
    page.get_by_role("button", name="Invented monastery, monastery").press("Enter")
    popup = page.locator(".leaflet-popup-content")
    popup.wait_for()
    words = popup.inner_text()
    for expected in ("Uydurma monastır", "Հորինված վանք", "Вымышленный монастырь", "coarsened"):
        assert expected in words


def test_a_long_name_stays_on_a_phone(visit, releases):
    content = make_content(releases / "long")
    town, monastery = content.sites
    names = (Name(text="Invented monastery of the upper valley and its bell tower", language="en"),)
    long = (replace(town, names=names), replace(monastery, names=names))
    (releases / "long").mkdir(exist_ok=True)
    write_page(replace(content, sites=long), releases / "long")
    (releases / "long" / "status.js").write_text("window.satdeskStatus = null;\n")
    page = visit("long", viewport=SMALL, touch=True)
    boxes = [label.bounding_box() for label in page.locator(".site-label").all()]
    assert len(boxes) == 2
    for box in boxes:
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SMALL["width"]


def test_no_label_lies_under_a_button_or_outside_the_map(visit, releases):
    content = make_content(releases / "edges")
    town, _ = content.sites
    names = (Name(text="Invented hamlet B (simulated)", language="en"),)
    places = [(588_950, 4_442_150), (588_950, 4_440_100)]
    sites = tuple(
        replace(town, id=f"s{i}", names=names, geometry=_lonlat(Point(*place)))
        for i, place in enumerate(places)
    )
    write_page(replace(content, sites=sites), releases / "edges")
    (releases / "edges" / "status.js").write_text("window.satdeskStatus = null;\n")
    low = {"width": 390, "height": 620}
    page = visit("edges", viewport=low, touch=True)
    boxes = [label.bounding_box() for label in page.locator(".site-label:visible").all()]
    assert boxes
    for control in page.locator("#map .leaflet-control").all():
        button = control.bounding_box()
        assert not any(_meet(button, box) for box in boxes)
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= low["width"] for box in boxes)


def _meet(one, other):
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size]
        for at, size in (("x", "width"), ("y", "height"))
    )


def test_a_site_is_reached_from_the_list(visit):
    page = visit("two", reduced_motion="reduce")
    page.locator("[data-site=town]").click()
    popup = page.locator(".leaflet-popup-content")
    popup.wait_for()
    assert "Kəlbəcər" in popup.inner_text()


def test_a_contested_boundary_is_dashed(visit):
    page = visit("two")
    dashes = page.locator(".leaflet-overlay-pane path").evaluate_all(
        "e => e.map(p => p.getAttribute('stroke-dasharray'))"
    )
    assert dashes
    assert all(dashes)


def test_the_keyboard_reaches_everything_in_order(visit):
    page = visit("two")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "(e => e.id || e.className.split(' ').pop() || e.tagName)(document.activeElement)"
            )
        )
    wanted = ["skip", "panel-toggle", "map", "handle", "leaflet-control-zoom-in"]
    places = [reached.index(name) for name in wanted]
    assert places == sorted(places)
    assert any(name.startswith("leaflet-interactive") for name in reached)


def test_targets_are_large_enough_for_a_thumb(visit):
    page = visit("two", viewport=PHONE, touch=True)
    targets = page.locator("button:visible, select:visible, .leaflet-bar a, .site, [role=slider]")
    boxes = [targets.nth(i).bounding_box() for i in range(targets.count())]
    assert len(boxes) > 5
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, scheme):
    page = visit("marked", color_scheme=scheme)
    faint = [
        (words, round(_contrast(ink, ground), 2))
        for words, ink, ground in page.evaluate(_COLOURS)
        if _contrast(ink, ground) < 4.5
    ]
    assert faint == []


def test_a_map_that_opens_without_a_size_shows_the_district_once_it_has_one(visit):
    page = visit("two", viewport={"width": 1280, "height": 120}, waits=False)
    page.set_viewport_size(DESK)
    page.wait_for_timeout(300)
    stage = page.locator("#map").bounding_box()
    line = page.locator(".leaflet-overlay-pane path").first.bounding_box()
    assert stage["height"] > 500
    assert line["height"] > 0.6 * stage["height"] or line["width"] > 0.6 * stage["width"]
    assert line["x"] >= stage["x"]
    assert line["x"] + line["width"] <= stage["x"] + stage["width"]


def test_in_an_article_the_wheel_belongs_to_the_article_first(visit, releases):
    (releases / "frame").mkdir(exist_ok=True)
    frame = '<!doctype html><iframe src="../two/index.html" width="900" height="700"></iframe>'
    (releases / "frame" / "index.html").write_text(frame, encoding="utf-8")
    page = visit("frame", waits=False)
    scale = page.frame_locator("iframe").locator(".leaflet-control-scale-line")
    before = scale.inner_text()
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(500)
    assert scale.inner_text() == before
    page.mouse.click(200, 250)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(800)
    assert scale.inner_text() != before


def test_copying_takes_the_caption(visit):
    page = visit("two")
    page.locator("[data-copy=caption-before]").click()
    assert page.locator("[data-copy=caption-before]").inner_text() == "Copied"
    selected = page.evaluate("window.getSelection().toString()")
    assert "© Test Provider 2020" in selected


def test_without_scripts_every_word_is_there(visit, browser, releases):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{releases.as_uri()}/two/index.html")
    words = page.locator("body").inner_text()
    context.close()
    for expected in ("needs JavaScript", "14 September 2020", "© Test Provider 2020", "SHA256SUMS"):
        assert expected in words


_COLOURS = """() => {
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    if (!words || !element.checkVisibility() || element.closest('.site-label, script')) continue;
    let ground = element;
    const bare = e => getComputedStyle(e).backgroundColor === 'rgba(0, 0, 0, 0)';
    while (ground.parentElement && bare(ground)) ground = ground.parentElement;
    const styles = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
    out.push([words, ...styles]);
  }
  return out;
}"""


def _contrast(ink, ground):
    """WCAG 2's ratio of two CSS colours; a translucent ground is taken over white, its worst."""
    one, two = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (one + 0.05) / (two + 0.05)


def _luminance(colour):
    red, green, blue, *alpha = (float(n) for n in re.findall(r"[\d.]+", colour))
    share = alpha[0] if alpha else 1.0
    channels = [(share * c + (1 - share) * 255) / 255 for c in (red, green, blue)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_withdrawn_release_says_so_on_top_of_its_page(releases, visit):
    script = releases / "two" / "status.js"
    before = script.read_text()
    script.write_text(
        'window.satdeskStatus = {"status": "withdrawn", "embargo_until": null, '
        '"replaced_by": null, "reason": "The boundary was wrong"};'
    )
    try:
        line = visit("two").locator(".banner.standing")
        assert line.inner_text().split() == ["WITHDRAWN", "The", "boundary", "was", "wrong"]
    finally:
        script.write_text(before)
