"""Hectares that changed: held to pairs whose change is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from scipy import ndimage
from shapely import Polygon

from satdesk import desk
from satdesk.cli.app import app
from satdesk.core.bands import BLUE, GREEN, NIR, RED
from satdesk.errors import (
    BrokenInputError,
    DisjointInputError,
    LimitError,
    UndeclaredInputError,
    UsageError,
)
from satdesk.files.cog import write_cog
from satdesk.files.vectors import read_features
from satdesk.geometry.frames import from_lonlat, to_lonlat
from satdesk.geometry.pieces import edge_px, sieved
from satdesk.radiometry.area_estimate import Judged, estimated
from satdesk.radiometry.change_kinds import KINDS
from satdesk.release.change_wish import AreaWish
from satdesk.release.mask_classes import CLASSES

UTM = "EPSG:32638"
BANDS = (BLUE, GREEN, RED, NIR)
PIXEL = 6.0
GROUND = {
    "forest": (0.04, 0.06, 0.05, 0.34),
    "grass": (0.06, 0.10, 0.09, 0.30),
    "soil": (0.11, 0.14, 0.17, 0.22),
    "water": (0.07, 0.06, 0.04, 0.02),
    "char": (0.05, 0.05, 0.06, 0.08),
    "roofs": (0.24, 0.26, 0.28, 0.30),
}
CHANGES = {
    "flooded": ("grass", "water"),
    "cleared": ("forest", "soil"),
    "burnt": ("forest", "char"),
    "built": ("grass", "roofs"),
}


def blob(rng, shape, share):
    """A compact patch of about `share` of the picture."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), 12, mode="wrap")
    return field > np.quantile(field, 1 - share)


def picture(ground, rng, noise=0.006):
    values = np.array(ground)[..., :].transpose(2, 0, 1)
    texture = ndimage.gaussian_filter(rng.standard_normal(values.shape[1:]), 1)
    return values * (1 + 0.12 * texture) + noise * rng.standard_normal(values.shape)


def pair(kind, seed=0, size=(260, 300), share=0.06, gain=1.0):
    """``before, after (band, y, x)`` and where the ground changed; half of the ground is neither."""
    rng = np.random.default_rng([seed, len(kind)])
    first, second = CHANGES[kind]
    changed = blob(rng, size, share)
    other = blob(rng, size, 0.4) & ~changed
    ground = np.where(other[..., None], GROUND["soil"], GROUND[first])
    later = np.where(changed[..., None], GROUND[second], ground)
    return picture(ground, rng), gain * picture(later, rng), changed


def write(path, values, *, valid=None, when="2020-07-01T08:00:00+00:00", west=600_000, **tags):
    usable = np.ones(values.shape[1:], bool) if valid is None else valid
    stored = np.where(usable, np.clip(np.rint(values * 1e4), 1, 65_535), 0).astype(np.uint16)
    grid = GeoBox(usable.shape, Affine(PIXEL, 0, west, 0, -PIXEL, 4_400_000), UTM)
    write_cog(
        path, [((0, 0), stored)], grid=grid, bands=BANDS, dtype="uint16", nodata=0, scale=1e-4,
        offset=0.0, tags={"QUANTITY": "toa", "ACQUISITION": when} | tags,
    )  # fmt: skip
    return path


def measure(folder, kind, values, out=None, wish=None, **options):
    before = write(folder / "before.tif", values[0])
    after = write(folder / "after.tif", values[1], when="2020-07-20T08:00:00+00:00")
    wish = wish or AreaWish(kind=kind)
    return desk.area(before, after, out, wish, **options)


def hectares(mask):
    return mask.sum() * PIXEL**2 / 1e4


def test_pictures_of_one_grid_are_counted_on_it_wherever_it_lies(tmp_path):
    """No pixel is mixed from two: what changed is counted to the pixel."""
    rng = np.random.default_rng(8)
    changed = np.zeros((200, 220), bool)
    changed[60:100, 90:140] = changed[150:162, 20:50] = True
    ground = np.where(changed[..., None], GROUND["soil"], GROUND["forest"])
    forest = np.broadcast_to(GROUND["forest"], ground.shape)
    paths = [
        write(tmp_path / f"{n}.tif", picture(values, rng, noise=0.002), west=600_002.5)
        for n, values in enumerate((forest, ground))
    ]
    answer = desk.area(*paths, None, AreaWish(kind="cleared"))
    assert answer["area"]["ha"] == pytest.approx(hectares(changed), rel=1e-3)
    assert answer["grid"]["bounds"] == [600_002.5, 4_398_800, 601_322.5, 4_400_000]


@pytest.mark.parametrize("kind", sorted(CHANGES))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_changed_lies_in_the_range(kind, seed, tmp_path):
    before, after, changed = pair(kind, seed)
    answer = measure(tmp_path, kind, (before, after))
    area, truth = answer["area"], hectares(changed)
    assert area["low_ha"] <= truth <= area["high_ha"]
    assert area["ha"] == pytest.approx(truth, rel=0.06)
    assert area["high_ha"] - area["low_ha"] < 0.6 * truth


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_where_nothing_changed_nothing_is_found(kind, tmp_path):
    before, after, _ = pair(kind, 5, share=0.0)
    answer = measure(tmp_path, kind, (before, after), accept=())
    assert answer["area"]["ha"] == 0
    assert answer["files"] == []


@pytest.mark.parametrize("kind", ["cleared", "flooded"])
def test_a_difference_of_the_whole_pair_is_no_change(kind, tmp_path):
    """Haze and gain move all of the ground; the change stands out against that."""
    before, after, changed = pair(kind, 4)
    answer = measure(tmp_path, kind, (before, 0.9 * after + 0.01))
    assert answer["area"]["ha"] == pytest.approx(hectares(changed), rel=0.1)
    assert answer["measure"]["middle"] != 0


def test_two_kinds_do_not_share_their_ground(tmp_path):
    """What was flooded was not burnt, and what was built on was not flooded."""
    values = pair("built", 6)
    assert measure(tmp_path, "flooded", values)["area"]["ha"] == 0
    (tmp_path / "b").mkdir()
    assert measure(tmp_path / "b", "burnt", values)["area"]["ha"] == 0


def test_what_is_not_usable_is_not_told(tmp_path):
    before, after, changed = pair("cleared", 7)
    cloud = np.zeros(changed.shape, bool)
    cloud[:, :100] = True
    first = write(tmp_path / "before.tif", before)
    second = write(tmp_path / "after.tif", after, valid=~cloud)
    answer = desk.area(first, second, None, AreaWish(kind="cleared"))
    assert answer["not_told"]["percent"] == pytest.approx(100 * cloud.mean(), abs=1.5)
    assert answer["area"]["ha"] == pytest.approx(hectares(changed & ~cloud), rel=0.06)
    assert f"{answer['not_told']['percent']:.1f} % of the area is not told" in answer["statement"]


def test_files_tell_the_same(tmp_path):
    before, after, _ = pair("cleared", 8)
    out = tmp_path / "out"
    answer = measure(tmp_path, "cleared", (before, after), out, AreaWish(kind="cleared", draw=60))
    assert sorted(path.name for path in out.iterdir()) == sorted(answer["files"])
    with rasterio.open(out / "change.tif") as file:
        classes = file.read(1)
        assert file.nodata == 0
        assert (classes == 2).sum() * PIXEL**2 / 1e4 == pytest.approx(
            answer["area"]["ha"], rel=1e-3
        )
    drawn = read_features(out / "change.geojson")
    assert sum(f.get("ha") for f in drawn) == pytest.approx(answer["area"]["ha"], rel=2e-3)
    assert min(f.get("ha") for f in drawn) >= 0.05
    written = json.loads((out / "area.json").read_text(encoding="utf-8"))
    assert written == answer
    points = read_features(out / "points.geojson")
    assert len(points) == 60
    assert {f.get("changed") for f in points} == {None}


def judge(path, changed, folder, wrong=0.0, seed=0):
    """Points judged by the truth; `wrong` of them otherwise."""
    rng = np.random.default_rng(seed)
    document = json.loads((folder / "points.geojson").read_text(encoding="utf-8"))
    for feature in document["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        x, y = metres_of(lon, lat)
        said = changed[int((4_400_000 - y) / PIXEL), int((x - 600_000) / PIXEL)]
        said = said != (rng.random() < wrong)
        feature["properties"]["changed"] = "yes" if said else "no"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def metres_of(lon, lat):
    x, y = from_lonlat(UTM, np.array([lon]), np.array([lat]))
    return float(x[0]), float(y[0])


def test_judged_points_correct_the_map(tmp_path):
    """A map that misses a third of the change is told so by points; the estimate finds the rest."""
    before, after, changed = pair("cleared", 9, share=0.1)
    hidden = changed & (np.arange(changed.shape[1]) > 190)
    after = np.where(hidden, before, after)
    out = tmp_path / "out"
    measure(tmp_path, "cleared", (before, after), out, AreaWish(kind="cleared", draw=400))
    path = judge(tmp_path / "judged.geojson", changed, out)
    wish = AreaWish(kind="cleared", points=path)
    answer = desk.area(tmp_path / "before.tif", tmp_path / "after.tif", None, wish)
    low, high = answer["points"]["interval_95_ha"]
    assert answer["area"]["ha"] < 0.8 * hectares(changed)
    assert low <= hectares(changed) <= high
    assert answer["points"]["users_accuracy"] > 0.9
    assert answer["points"]["producers_accuracy"] < 0.85
    assert "95 % interval" in answer["statement"]
    assert not any(n["code"] == "area-not-checked" for n in answer["notices"])


@given(
    share=st.floats(0.02, 0.3), users=st.floats(0.6, 0.98), missed=st.floats(0.0, 0.1),
    points=st.integers(30, 200), seed=st.integers(0, 10**6),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_the_interval_of_points_holds(share, users, missed, points, seed):
    rng = np.random.default_rng(seed)
    truth = share * users + (1 - share) * missed
    held = 0
    for _ in range(200):
        mapped = Judged(area_ha=share, points=points, changed=int(rng.binomial(points, users)))
        rest = Judged(area_ha=1 - share, points=points, changed=int(rng.binomial(points, missed)))
        found = estimated(mapped, rest)
        held += found.low_ha <= truth <= found.high_ha
    assert held >= 165  # of 200; a Wald interval of few points holds a little less than it says


def test_the_estimate_is_that_of_the_source_by_hand():
    # Mapped change 18,000 ha with 97 of 100 right; 2 of 500 missed in 982,000 ha.
    found = estimated(
        Judged(area_ha=18_000, points=100, changed=97),
        Judged(area_ha=982_000, points=500, changed=2),
    )
    ha = 18_000 * 0.97 + 982_000 * 0.004
    half = 1.959964 * np.sqrt(18_000**2 * 0.97 * 0.03 / 99 + 982_000**2 * 0.004 * 0.996 / 499)
    assert found.ha == pytest.approx(ha)
    assert (found.low_ha, found.high_ha) == pytest.approx((ha - half, ha + half))
    assert found.producers == pytest.approx(18_000 * 0.97 / ha)


def test_simulated_pictures_say_so_everywhere(tmp_path):
    before, after, _ = pair("cleared", 10)
    first = write(tmp_path / "before.tif", before, SIMULATED="YES")
    second = write(tmp_path / "after.tif", after)
    answer = desk.area(first, second, tmp_path / "out", AreaWish(kind="cleared"))
    assert answer["simulated"]
    assert answer["statement"].startswith("SIMULATED")
    with rasterio.open(tmp_path / "out" / "change.tif") as file:
        assert file.tags()["SIMULATED"] == "YES"
        assert "SIMULATED" in file.tags()["TIFFTAG_IMAGEDESCRIPTION"]


def test_seasons_apart_are_told(tmp_path):
    before, after, _ = pair("cleared", 11)
    first = write(tmp_path / "before.tif", before, when="2020-06-01T08:00:00+00:00")
    second = write(tmp_path / "after.tif", after, when="2020-11-25T08:00:00+00:00")
    answer = desk.area(first, second, None, AreaWish(kind="cleared"))
    assert any("177 days apart in the year" in notice["text"] for notice in answer["notices"])


def test_a_pair_that_changed_all_over_is_refused(tmp_path):
    rng = np.random.default_rng(3)
    grass = np.broadcast_to(GROUND["grass"], (200, 200, 4))
    mixed = np.where(blob(rng, (200, 200), 0.45)[..., None], GROUND["water"], grass)
    values = picture(grass, rng), picture(mixed, rng)
    with pytest.raises(LimitError, match="what unchanged ground looks like") as caught:
        measure(tmp_path, "flooded", values)
    assert caught.value.rule == "area-no-stable-ground"
    flood = np.where(blob(rng, (200, 200), 0.65)[..., None], GROUND["water"], grass)
    flooded = write(tmp_path / "flooded.tif", picture(flood, rng))
    with pytest.raises(LimitError, match="half of the ground") as caught:
        desk.area(tmp_path / "before.tif", flooded, None, AreaWish(kind="flooded"))
    assert caught.value.rule == "area-dates-apart"
    accepted = desk.area(
        tmp_path / "before.tif", tmp_path / "after.tif", None, AreaWish(kind="flooded"),
        accept=[("area-no-stable-ground", "a river valley, measured on purpose")],
    )  # fmt: skip
    assert any("on purpose" in notice["text"] for notice in accepted["notices"])


def test_what_cannot_be_measured_is_refused(tmp_path):
    before, after, _ = pair("cleared", 12)
    first = write(tmp_path / "before.tif", before)
    wish = AreaWish(kind="cleared")
    counts = write(tmp_path / "counts.tif", after, QUANTITY="counts")
    with pytest.raises(UndeclaredInputError, match="reflectance"):
        desk.area(first, counts, None, wish)
    with pytest.raises(DisjointInputError, match="share no ground"):
        desk.area(first, write(tmp_path / "far.tif", after, west=700_000), None, wish)
    empty = tmp_path / "none.geojson"
    empty.write_text('{"type": "Point", "coordinates": [46.0, 40.0]}', encoding="utf-8")
    with pytest.raises(BrokenInputError, match="too few points"):
        desk.area(first, first, None, AreaWish(kind="cleared", points=empty))
    with pytest.raises(UsageError, match="folder"):
        desk.area(first, first, None, AreaWish(kind="cleared", draw=10))


def test_the_command_line_measures_within_polygons(tmp_path):
    before, after, changed = pair("cleared", 13)
    first, second = write(tmp_path / "b.tif", before), write(tmp_path / "a.tif", after)
    lon, lat = zip(
        *(lonlat_of(x, y) for x, y in [(0, 0), (150, 0), (150, 260), (0, 260)]), strict=True
    )
    ring = [[x, y] for x, y in zip(lon, lat, strict=True)]
    polygon = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    path = tmp_path / "west half.geojson"
    path.write_text(json.dumps(polygon), encoding="utf-8")
    arguments = ["area", str(first), str(second), "--kind", "cleared", "--within", str(path)]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["within"]["title"] == "west half"
    assert answer["area"]["ha"] == pytest.approx(hectares(changed[:, :150]), rel=0.1)
    said = CliRunner().invoke(app, arguments).output
    assert "ha (range" in said
    assert "looks alike: harvest" in said


def test_ground_of_the_area_that_no_picture_reaches_is_not_told(tmp_path):
    before, after, _ = pair("cleared", 13)
    first, second = write(tmp_path / "b.tif", before), write(tmp_path / "a.tif", after)
    corners = [lonlat_of(x, y) for x, y in [(0, 0), (1200, 0), (1200, 260), (0, 260)]]
    wish = AreaWish(kind="cleared", within=Polygon(corners), title="four times as wide")
    answer = desk.area(first, second, None, wish)
    assert answer["within"]["ha"] == pytest.approx(1200 * 260 * PIXEL**2 / 1e4, rel=0.002)
    assert answer["known"]["percent"] == pytest.approx(25, abs=0.2)
    assert answer["not_told"]["percent"] == pytest.approx(75, abs=0.2)
    assert "; 7" in answer["statement"]


def lonlat_of(col, row):
    x, y = 600_000 + col * PIXEL, 4_400_000 - row * PIXEL
    lon, lat = to_lonlat(UTM, np.array([x]), np.array([y]))
    return float(lon[0]), float(lat[0])


def test_every_kind_says_what_it_is():
    for kind in KINDS.values():
        assert kind.alike
        assert kind.source
        assert not {"army", "troops", "by whom"} & set(kind.words.split())


@given(seed=st.integers(0, 99), least=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_nothing_smaller_is_mapped(seed, least):
    rng = np.random.default_rng(seed)
    where = ndimage.gaussian_filter(rng.standard_normal((60, 70)), 1.5) > 0.05
    kept = sieved(where, least)
    labels, count = ndimage.label(kept, structure=np.ones((3, 3)))
    assert all((labels == n).sum() >= least for n in range(1, count + 1))
    assert (sieved(kept, least) == kept).all()


def test_the_length_of_edges_is_that_of_a_circle():
    rows, cols = np.mgrid[-100:101, -100:101]
    disk = rows**2 + cols**2 <= 80**2
    assert edge_px(disk, np.ones_like(disk)) == pytest.approx(2 * np.pi * 80, rel=0.01)
    known = cols <= 0
    assert edge_px(disk & known, known) == pytest.approx(np.pi * 80, rel=0.02)


def pair_with_cloud(folder):
    """A pair on which nothing changed, a cloud over the second; its grid, and where it is."""
    before, after, _ = pair("built", 11, share=0.0)
    cloud = blob(np.random.default_rng(12), before.shape[1:], 0.08)
    after = np.where(cloud, np.array((0.45, 0.46, 0.47, 0.52))[:, None, None], after)
    first = write(folder / "before.tif", before)
    second = write(folder / "after.tif", after, when="2020-07-20T08:00:00+00:00")
    grid = GeoBox(cloud.shape, Affine(PIXEL, 0, 600_000, 0, -PIXEL, 4_400_000), UTM)
    return first, second, (grid, cloud)


def mask_file(path, numbers, grid):
    """As ``satdesk mask`` writes classes."""
    legend = {f"CLASS_{each.number}": each.words for each in CLASSES}
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="uint8", crs=str(grid.crs),
        transform=grid.affine, height=grid.shape[0], width=grid.shape[1],
    ) as sink:  # fmt: skip
        sink.write(numbers[None])
        sink.update_tags(**legend)
    return path


def test_what_a_mask_hides_is_not_told_and_is_no_change(tmp_path):
    before, after, area = pair_with_cloud(tmp_path)
    with_cloud = desk.area(before, after, None, AreaWish(kind="built"))
    grid, cloud = area
    classes = np.where(cloud, 2, 1).astype(np.uint8)
    masks = (
        mask_file(tmp_path / "m1.tif", np.ones_like(classes), grid),
        mask_file(tmp_path / "m2.tif", classes, grid),
    )
    without = desk.area(before, after, None, AreaWish(kind="built", masks=masks))
    assert with_cloud["area"]["ha"] > 0.8 * cloud.sum() * PIXEL**2 / 1e4
    assert without["area"]["ha"] < 0.02 * with_cloud["area"]["ha"]
    assert without["not_told"]["percent"] == pytest.approx(100 * cloud.mean(), abs=0.2)
    codes = {name: {n["code"] for n in a["notices"]} for name, a in
             (("bare", with_cloud), ("masked", without))}  # fmt: skip
    assert "area-no-mask" in codes["bare"]
    assert "area-no-mask" not in codes["masked"]
    assert without["dates"]["after"]["mask"]["file"] == "m2.tif"


def test_classes_of_another_maker_are_refused(tmp_path):
    before, after, (grid, cloud) = pair_with_cloud(tmp_path)
    path = mask_file(tmp_path / "m.tif", cloud.astype(np.uint8), grid)
    with rasterio.open(path, "r+") as file:
        file.update_tags(CLASS_2="water")
    with pytest.raises(BrokenInputError, match="another legend"):
        desk.area(before, after, None, AreaWish(kind="built", masks=(None, path)))


def test_pieces_of_a_few_pixels_are_told(tmp_path):
    before, after, _ = pair_with_cloud(tmp_path)
    for least, told in ((0.03, True), (0.05, False)):
        answer = desk.area(before, after, None, AreaWish(kind="cleared", least_ha=least))
        assert ("area-small-pieces" in {n["code"] for n in answer["notices"]}) is told


def test_a_pixel_that_has_no_size_is_refused():
    for size in (0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="pixel of the comparison"):
            AreaWish(kind="cleared", pixel_m=size)
    with pytest.raises(UsageError, match="smallest piece"):
        AreaWish(kind="cleared", least_ha=-1)


def restored(path, folder, **changes):
    """The picture at `path` as another program stores it."""
    with rasterio.open(path) as source:
        values, profile = source.read(), source.profile
        scales = changes.pop("scales", source.scales)
    profile |= {"driver": "GTiff", "interleave": "pixel"} | changes
    made = folder / f"again-{path.name}"
    with rasterio.open(made, "w", **profile) as sink:
        sink.write((values // (40 if profile["dtype"] == "uint8" else 1)).astype(profile["dtype"]))
        sink.descriptions = tuple(band.name for band in BANDS)
        sink.scales = scales
        sink.update_tags(QUANTITY="toa")
    return made


def test_counts_under_the_name_of_reflectance_are_refused(tmp_path):
    before, after, _ = pair("cleared", 3)
    first, second = write(tmp_path / "b.tif", before), write(tmp_path / "a.tif", after)
    with pytest.raises(UndeclaredInputError, match="scale of the stored numbers"):
        desk.area(
            first, restored(second, tmp_path, scales=(1.0,) * 4), None, AreaWish(kind="cleared")
        )


def test_few_counts_under_that_name_are_refused_too(tmp_path, monkeypatch):
    monkeypatch.setattr("satdesk.release.change_pair._LEAST_SAMPLES", 10**9)
    test_counts_under_the_name_of_reflectance_are_refused(tmp_path)


def test_degrees_have_no_pixels_of_metres(tmp_path):
    before, after, _ = pair("cleared", 3)
    first, second = write(tmp_path / "b.tif", before), write(tmp_path / "a.tif", after)
    place = Affine(6e-5, 0, 46.17, 0, -6e-5, 39.74)
    turned = restored(second, tmp_path, crs="EPSG:4326", transform=place)
    with pytest.raises(UsageError, match="degrees"):
        desk.area(first, turned, None, AreaWish(kind="cleared"))


def test_near_infrared_that_counts_as_transparency_is_told(tmp_path):
    """GDAL takes the fourth plane of bytes for alpha."""
    before, after, _ = pair("cleared", 3)
    first, second = write(tmp_path / "b.tif", before), write(tmp_path / "a.tif", after)
    bytes_of = restored(second, tmp_path, dtype="uint8", scales=(0.004,) * 4)
    with pytest.raises(BrokenInputError, match="as transparency"):
        desk.area(first, bytes_of, None, AreaWish(kind="cleared"))
