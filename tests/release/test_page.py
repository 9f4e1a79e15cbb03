"""What the page says, what it loads, and what nobody can smuggle into it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from release_content import make_content
from satdesk.core.place import Name, Publication, Site, Source
from satdesk.errors import UsageError
from satdesk.release.content import Artifact, Licence
from satdesk.release.descriptions import accuracy_words
from satdesk.release.page import ASSETS, write_page
from satdesk.release.page_facts import fact_words, label
from satdesk.release.page_html import el, embed_json

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Every element with its attributes and its text; fails on a tag that does not close."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            e
            for e in self.elements
            if e["tag"] == tag and all(e.get(k.rstrip("_")) == v for k, v in attributes.items())
        ]

    def one(self, tag, **attributes):
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def words(self):
        return self.one("body")["text"]

    @property
    def data(self):
        return json.loads(self.one("script", id="data")["text"])


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return make_content(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="module")
def release(content, tmp_path_factory):
    """Folder, artifacts and page of the plain content, written once."""
    folder = tmp_path_factory.mktemp("release")
    artifacts = write_page(content, folder)
    return folder, artifacts, Page((folder / "index.html").read_text(encoding="utf-8"))


@pytest.fixture
def plain(release):
    return release[2]


def page_of(content, folder, artifacts=()):
    write_page(content, folder, artifacts)
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def test_the_artifacts_are_exactly_the_files(release):
    out, artifacts, _ = release
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {artifact.path for artifact in artifacts} == files
    assert len(artifacts) == len(files)
    assert {a.role for a in artifacts} == {"page", "page-asset", "tile"}
    assert {a.date_id for a in artifacts if a.role == "tile"} == {"before", "after"}


def test_the_same_content_gives_the_same_bytes(content, release, tmp_path):
    folder, artifacts, _ = release
    again = write_page(content, tmp_path)
    assert again == artifacts
    for artifact in artifacts:
        path = artifact.path
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes(), path


def test_the_page_is_small_before_its_imagery(release):
    folder, artifacts, _ = release
    sizes = [(folder / a.path).stat().st_size for a in artifacts if a.role != "tile"]
    assert sum(sizes) < 300_000


def test_nothing_is_loaded_from_elsewhere(release):
    folder, _, page = release
    loaded = [e["src"] for e in page.elements if "src" in e]
    loaded += [e["href"] for e in page.all("link") if e["href"] != "data:,"]
    written_with_the_status = "status.js"
    assert written_with_the_status in loaded
    assert all((folder / path).is_file() for path in loaded if path != written_with_the_status)
    for name in ASSETS:
        if name.endswith(".css"):
            styles = (folder / "page" / name).read_text(encoding="utf-8")
            assert "@import" not in styles
            assert not re.search(r"url\(\s*[\"']?(https?:)?//", styles)


def test_the_policy_forbids_what_is_inline_and_what_is_foreign(plain):
    policy = plain.one("meta", **{"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not [e for e in plain.elements for key in e if key.startswith("on") or key == "style"]
    assert all(e.get("type") == "application/json" for e in plain.all("script") if "src" not in e)


def test_a_screen_reader_hears_the_right_language(content, tmp_path):
    page = page_of(replace(content, language="az-Latn", languages=("az-Latn", "fa")), tmp_path)
    assert (page.one("html")["lang"], page.one("html")["dir"]) == ("az", "ltr")
    captions = {tag: page.all("p", lang=tag) for tag in ("az", "fa")}
    assert {e["dir"] for e in captions["az"]} == {"ltr"}
    assert {e["dir"] for e in captions["fa"]} == {"rtl"}
    assert any("14 sentyabr 2020" in e["text"] for e in captions["az"])
    assert any("unreviewed" in e["text"] for e in captions["fa"])


@pytest.mark.parametrize("number", [0, 1])
def test_date_times_satellite_and_credit_stand_below_the_map(plain, number):
    line = plain.all("p", class_="date")[number]
    times = (
        ("14 September 2020", "07:33:20 UTC", "11:33:20"),
        ("5 June 2021", "07:41:09 UTC", "11"),
    )
    expected = (*times[number], "local time", "SPOT 7", "© Test Provider 2020")
    assert all(words in line["text"] for words in expected)


def test_a_day_stays_a_day(tmp_path):
    page = page_of(make_content(tmp_path, day_only=True), tmp_path)
    line = page.all("p", class_="date")[1]["text"]
    assert "5 June 2021" in line
    assert "time not known" in line
    assert "UTC" not in line
    assert [e["datetime"] for e in page.all("time")] == ["2020-09-14T07:33:20Z", "2021-06-05"]


def test_draft_and_simulated_cannot_be_overlooked(tmp_path):
    page = page_of(make_content(tmp_path, draft=True, simulated=True), tmp_path)
    assert "DRAFT" in page.one("p", class_="banner draft")["text"]
    assert "SIMULATED" in page.one("p", class_="banner simulated")["text"]
    assert page.one("title")["text"].startswith("SIMULATED · DRAFT")
    assert page.one("meta", name="robots")["content"] == "noindex"
    assert all("SIMULATED" in line["text"] for line in page.all("p", class_="date"))


def test_an_issued_release_of_a_real_camera_says_neither(plain):
    assert not plain.all("p", class_="banner draft") + plain.all("p", class_="banner simulated")
    assert "DRAFT" not in plain.words
    assert not plain.all("meta", name="robots")


@pytest.mark.parametrize("kind", ["draft", "simulated"])
def test_the_mark_is_in_the_pixels_of_every_zoom(release, tmp_path, kind):
    clean, artifacts, _ = release
    marked = tmp_path / "marked"
    marked.mkdir()
    tiles = [a.path for a in artifacts if a.role == "tile"]
    write_page(make_content(tmp_path, **{kind: True}), marked)
    differs = {}
    for path in tiles:
        one, two = (
            np.asarray(Image.open(folder / path).convert("RGBA"), int) for folder in (clean, marked)
        )
        np.testing.assert_array_equal(one[..., 3], two[..., 3])
        zoom = path.split("/")[3]
        differs[zoom] = max(differs.get(zoom, 0), (np.abs(one - two) > 40).any(-1).mean())
    assert len(differs) > 2
    coarsest, *_, finest = (differs[zoom] for zoom in sorted(differs, key=int))
    assert coarsest > 0.005
    # At the finest zoom SIMULATED is that of visual.tif itself, shown at its own size.
    assert min(differs.values()) > 0.005
    assert finest > 0.005


def test_a_simulated_draft_says_draft_at_its_finest_zoom_too(release, tmp_path):
    clean, artifacts, _ = release
    write_page(make_content(tmp_path, draft=True, simulated=True), tmp_path)
    tiles = [a.path for a in artifacts if a.role == "tile"]
    finest = max(int(path.split("/")[3]) for path in tiles)
    for path in (path for path in tiles if path.split("/")[3] == str(finest)):
        assert (clean / path).read_bytes() != (tmp_path / path).read_bytes()


def test_a_licence_without_tiles_gets_none_and_the_page_says_so(content, tmp_path):
    before, after = content.dates
    kept = replace(before, licence=Licence(name="No tiles", press=True, tiles=False))
    page = page_of(replace(content, dates=(kept, after)), tmp_path)
    assert not (tmp_path / "page/tiles/before").exists()
    assert (tmp_path / "page/tiles/after").is_dir()
    assert "does not allow it to be shown here" in page.words
    assert page.data["dates"][0]["rows"] == {}


def test_the_script_is_told_exactly_the_tiles_that_exist(release):
    folder, _, page = release
    for date in page.data["dates"]:
        told = {
            f"{date['path']}/{zoom}/{x}/{y}.webp"
            for zoom, rows in date["rows"].items()
            for y, runs in rows.items()
            for first, last in runs
            for x in range(first, last + 1)
        }
        root = folder / date["path"]
        assert told == {p.relative_to(folder).as_posix() for p in root.rglob("*.webp")}


def test_two_dates_need_no_menu_and_three_get_two(content, plain, tmp_path):
    assert not plain.all("select")
    third = replace(content.dates[1], id="later")
    page = page_of(replace(content, dates=(*content.dates, third)), tmp_path)
    assert [e["id"] for e in page.all("select")] == ["choose-left", "choose-right"]
    assert len(page.all("option")) == 6


def test_the_publishers_words_are_quoted_attributed_and_apart(content, tmp_path):
    page = page_of(replace(content, assertion="The town is safe."), tmp_path)
    assert page.one("blockquote")["text"] == "“The town is safe.”"
    assert content.publisher in page.one("figcaption")["text"]
    facts = [e["text"] for e in page.all("dd")]
    assert not [words for words in facts if "The town is safe" in words]


def test_facts_notices_and_boundary_are_printed(content, plain):
    words = plain.words
    for expected in (
        "10 m product, about 12 m native",
        "97.0 % of the district",
        "not measured; the provider states 3.5 % of the whole scene",
        "incidence 7.9°",
        "elevation 50.1°",
        "dx 1.4\u00a0px",
        "residual 0.04\u00a0px",
        "not checked; the provider states nothing",
        "SCENE_BEFORE_1",
        content.notices[0].text,
        content.dates[0].notices[0].text,
        "viewpoint unknown",
        "Boundary: A polygon drawn for tests",
        "Corrections: corrections@example.org",
    ):
        assert expected in words


def test_all_names_are_there(content, plain):
    for place in (content.district, *content.sites):
        for name in place.names:
            assert [e for e in plain.all("span", lang=name.language) if e["text"] == name.text]


def test_only_a_contested_boundary_carries_the_disclaimer(content, plain, tmp_path):
    disclaimer = "Other sources draw it otherwise"
    assert disclaimer in plain.words
    assert plain.data["district"]["contested"] is True
    district = replace(content.district, contested=False)
    settled = page_of(replace(content, district=district), tmp_path)
    assert disclaimer not in settled.words
    assert settled.data["district"]["contested"] is False


def test_a_site_that_is_not_located_is_named_and_not_drawn(content, tmp_path):
    museum = Site(
        id="museum",
        names=(Name(text="A museum"),),
        kind="museum",
        geometry=None,
        publication=Publication.NOT_IDENTIFIED,
    )
    page = page_of(replace(content, sites=(*content.sites, museum)), tmp_path)
    assert "A museum" in page.words
    assert "museum" not in [site["id"] for site in page.data["sites"]]
    assert not page.all("button", **{"data-site": "museum"})


def test_downloads_are_relative_with_sizes(content, tmp_path):
    (tmp_path / "plates").mkdir()
    (tmp_path / "plates" / "a plate #1.png").write_bytes(b"x" * 2_345_678)
    plate = Artifact(path="plates/a plate #1.png", role="plate", media_type="image/png")
    item = Artifact(path="stac/item.json", role="stac-item", media_type="application/json")
    page = page_of(content, tmp_path, (plate, item))
    links = {e["href"]: e for e in page.all("a") if e["href"].startswith("./")}
    assert set(links) == {"./plates/a%20plate%20%231.png", "./release.json", "./SHA256SUMS"}
    assert "2.3 MB" in page.words
    assert "stac/item.json" not in page.words


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script><!--</script>\u2028\u202e${x}'


def test_hostile_words_stay_words(content, tmp_path):
    site = replace(
        content.sites[0],
        id=HOSTILE,
        names=(Name(text=HOSTILE, language=HOSTILE, source=HOSTILE),),
        kind=HOSTILE,
        notes=HOSTILE,
        sources=(Source(title=HOSTILE), Source(title=HOSTILE, reference="javascript:alert(1)")),
    )
    before, after = content.dates
    date = replace(
        before,
        mission=HOSTILE,
        credit=HOSTILE,
        scene_ids=(HOSTILE,),
        facts=((HOSTILE, {HOSTILE: [HOSTILE]}),),
    )
    hostile = replace(
        content,
        title=HOSTILE,
        publisher=HOSTILE,
        contact=HOSTILE,
        assertion=HOSTILE,
        sites=(site,),
        dates=(date, after),
    )
    artifact = Artifact(
        path='x" onclick="y/../z', role="press", media_type=HOSTILE, title="javascript:alert(1)"
    )
    page = page_of(hostile, tmp_path, (artifact,))
    assert len(page.all("script")) == 5
    assert not page.all("img")
    assert not [key for e in page.elements for key in e if key.startswith("on")]
    assert not [e for e in page.elements if e.get("href", "").lower().startswith("javascript")]
    assert "<script>alert(2)</script>" in page.one("h1")["text"]
    assert "\u202e" not in page.words.replace(page.one("script", id="data")["text"], "")
    assert page.data["sites"][0]["title"] == HOSTILE


@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_json_survives_its_embedding_and_cannot_leave_it(value):
    text = embed_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf"])))
def test_text_comes_back_from_an_element_as_it_went_in(text):
    element = Page(el("p", text, title=text)).one("p")
    assert element["text"] == text
    assert element["title"] == text


@pytest.mark.parametrize("date_id", ["../escape", "a/b", "", ".hidden", "a b"])
def test_a_date_cannot_leave_its_folder(content, tmp_path, date_id):
    dates = (replace(content.dates[0], id=date_id),)
    with pytest.raises(UsageError, match="name a folder"):
        write_page(replace(content, dates=dates), tmp_path)


def test_a_checked_accuracy_is_told(content):
    image = content.dates[0]
    figures = {"ce90_m": 2.1, "n": 14, "how": "leave-one-out", "against": "points"}
    statement = "within about 2.1 m (CE90, 14 independent points)"
    checked = replace(image, facts=(("accuracy", {"checked": True, **figures}),))
    assert accuracy_words(image) == "not checked; the provider states nothing"
    assert accuracy_words(checked) == statement
    assert fact_words(checked) == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("residual_px", ("Residual", "px")),
        ("sun_elevation_deg", ("Sun elevation", "°")),
        ("terrain", ("Terrain", "")),
        ("m", ("M", "")),
        ("voids-filled", ("Voids filled", "")),
        ("pan_ms_alignment_px", ("PAN MS alignment", "px")),
    ],
)
def test_labels_take_the_unit_from_the_name(name, expected):
    assert label(name) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner),
        max_leaves=20,
    )
)
def test_a_fact_of_any_shape_has_words(value):
    words = fact_words(_WithFacts(facts=(("anything_m", value),)))
    assert len(words) == 1
    assert words[0][0] == "Anything"
    assert isinstance(words[0][1], str)


def test_progress_counts_over_all_dates(content, tmp_path):
    told = []
    write_page(content, tmp_path, progress=lambda *pair: told.append(pair))
    total = told[0][1]
    assert told == [(done, total) for done in range(1, total + 1)]


class _WithFacts:
    scene_ids = ("SCENE_1",)

    def __init__(self, facts):
        self.facts = facts


def test_facts_of_several_scenes_keep_the_scenes_names():
    words = fact_words(_WithFacts(facts=(("SCENE_1", {"residual_px": 0.2}),)))
    assert words == (("SCENE_1", "residual 0.2\u00a0px"),)


def test_bands_keep_their_capitals_and_quantities_get_words():
    facts = (("weights", {"NIR": 0.25, "R": 0.5, "noise": 1}), ("quantity", "toa"))
    assert fact_words(_WithFacts(facts=facts)) == (
        ("Weights", "NIR 0.25; R 0.5; noise 1"),
        ("Quantity", "top-of-atmosphere reflectance"),
    )


def test_files_of_one_title_are_told_apart(content, tmp_path):
    plates = [
        Artifact(path=f"plates/a.{kind}", role="plate", media_type="image/png", title="A plate")
        for kind in ("png", "pdf")
    ]
    links = {e["text"] for e in page_of(content, tmp_path, plates).all("a")}
    assert {"A plate (PNG)", "A plate (PDF)"} <= links


def test_dates_are_told_apart_without_an_event(content, tmp_path):
    bare = tuple(replace(image, relation=None) for image in content.dates)
    two = page_of(replace(content, event=None, dates=bare), tmp_path)
    assert [date["side"] for date in two.data["dates"]] == ["Earlier", "Later"]
    one_day = (bare[0], replace(bare[0], id="again"))
    same = page_of(replace(content, event=None, dates=one_day), tmp_path)
    assert [date["side"] for date in same.data["dates"]] == [None, None]
    titles = [date["title"] for date in same.data["dates"]]
    assert titles == ["14 September 2020 (before)", "14 September 2020 (again)"]
