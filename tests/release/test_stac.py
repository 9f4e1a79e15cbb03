from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import rasterio
from jsonschema import Draft7Validator, FormatChecker
from odc.geo.geobox import GeoBox
from rasterio.warp import transform_bounds
from referencing import Registry
from referencing.jsonschema import DRAFT7
from shapely.geometry import shape

from release_content import make_content
from satdesk.core.bands import Band
from satdesk.errors import UsageError
from satdesk.release.stac import write_stac

CORE = "https://schemas.stacspec.org/v1.1.0/{0}-spec/json-schema/{0}.json"


@cache
def registry() -> Registry:
    folder = files("satdesk").joinpath("schemas/stac")
    index = json.loads(folder.joinpath("index.json").read_text("utf-8"))
    resources = (
        (uri, DRAFT7.create_resource(json.loads(folder.joinpath(name).read_text("utf-8"))))
        for uri, name in index.items()
    )
    return Registry().with_resources(resources)


def complaints(document: dict) -> list[str]:
    kind = {"Catalog": "catalog", "Collection": "collection", "Feature": "item"}[document["type"]]
    uris = [CORE.format(kind), *document.get("stac_extensions", [])]
    return [
        f"{uri}: {error.json_path} {error.message[:200]}"
        for uri in uris
        for error in Draft7Validator(
            {"$ref": uri}, registry=registry(), format_checker=FormatChecker()
        ).iter_errors(document)
    ]


def documents(folder: Path) -> dict[str, dict]:
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text("utf-8"))
        for path in sorted((folder / "stac").rglob("*.json"))
    }


def items(folder: Path) -> list[dict]:
    return [d for d in documents(folder).values() if d["type"] == "Feature"]


@pytest.fixture
def content(tmp_path):
    return make_content(tmp_path)


@pytest.mark.parametrize(
    "options",
    [{}, {"simulated": True}, {"draft": True}, {"day_only": True}, {"dates": 1}],
    ids=str,
)
def test_every_document_is_valid_against_the_vendored_schemas(tmp_path, options):
    write_stac(make_content(tmp_path, **options), tmp_path)
    found = documents(tmp_path)
    assert len(found) == 2 + options.get("dates", 2)
    assert [line for d in found.values() for line in complaints(d)] == []


def test_the_schemas_do_complain(tmp_path, content):
    write_stac(content, tmp_path)
    item = items(tmp_path)[0]
    wrong = {
        "cloud": {"eo:cloud_cover": 140},
        "sun": {"view:sun_elevation": "high"},
        "code": {"proj:code": 32638},
        "time": {"datetime": None},
    }
    for change in wrong.values():
        assert complaints(item | {"properties": item["properties"] | change})


def test_cloud_is_as_measured_over_the_picture_and_the_provider_is_kept_apart(tmp_path, content):
    measured = {"hidden_percent": 7.0, "cloud_percent_of_picture": 4.25, "told_by": "classical"}
    first, *others = content.dates
    first = replace(first, facts=(*first.facts, ("cloud", measured)))
    write_stac(replace(content, dates=(first, *others)), tmp_path)
    by_id = {item["id"]: item["properties"] for item in items(tmp_path)}
    told, stated = by_id["kalbajar-test-before"], by_id["kalbajar-test-after"]
    assert told["eo:cloud_cover"] == 4.25
    assert told["satdesk:cloud_cover_source"] == "measured over the picture: classical"
    assert told["satdesk:provider_cloud_cover"] == stated["eo:cloud_cover"] == 3.5
    assert stated["satdesk:cloud_cover_source"] == "the provider, of the whole scene"


@pytest.mark.oracle
def test_pystac_reads_the_whole_catalogue(tmp_path, content):
    pystac = pytest.importorskip("pystac")
    write_stac(content, tmp_path)
    catalogue = pystac.Catalog.from_file(tmp_path / "stac" / "catalog.json")
    (collection,) = catalogue.get_collections()
    found = {item.id: item for item in catalogue.get_items(recursive=True)}
    assert set(found) == {"kalbajar-test-before", "kalbajar-test-after"}
    assert collection.extent.temporal.intervals[0][0].year == 2020
    for item in found.values():
        for asset in item.assets.values():
            assert Path(asset.get_absolute_href()).is_file()
        assert item.get_collection().id == collection.id


def test_links_and_assets_are_relative_and_there(tmp_path, content):
    artifacts = write_stac(content, tmp_path)
    written = documents(tmp_path)
    assert {a.path for a in artifacts} == set(written)
    (tmp_path / "status.json").write_text("{}")  # the last file of a release, not STAC's own
    for name, document in written.items():
        hrefs = [link["href"] for link in document["links"]]
        hrefs += [asset["href"] for asset in document.get("assets", {}).values()]
        assert all((tmp_path / name).parent.joinpath(href).resolve().is_file() for href in hrefs)
        assert not any(Path(href).is_absolute() or "://" in href for href in hrefs)


def test_the_projection_is_that_of_the_raster(tmp_path, content):
    write_stac(content, tmp_path)
    properties = items(tmp_path)[0]["properties"]
    with rasterio.open(content.dates[0].image) as raster:
        assert properties["proj:shape"] == list(raster.shape)
        assert properties["proj:transform"] == list(raster.transform)[:6]
        assert properties["proj:code"] == str(raster.crs)
        assert properties["proj:bbox"] == list(raster.bounds)


def test_bands_are_named_and_scaled_as_stored(tmp_path, content):
    wide = replace(content.dates[0], bands=(Band(name="B", wavelength_nm=(455, 525)),))
    write_stac(replace(content, dates=(wide,)), tmp_path)
    asset = items(tmp_path)[0]["assets"]["image"]
    assert asset["eo:bands"] == [
        {
            "name": "B",
            "common_name": "blue",
            "center_wavelength": 0.49,
            "full_width_half_max": 0.07,
        }
    ]
    assert asset["raster:bands"][0]["scale"] == pytest.approx(1e-4)
    assert asset["raster:bands"][0]["nodata"] == 0


def test_an_instant_and_a_day(tmp_path):
    write_stac(make_content(tmp_path, day_only=True), tmp_path)
    after, before = (item["properties"] for item in items(tmp_path))
    assert before["datetime"] == "2020-09-14T07:33:20.827000Z"
    assert before["view:incidence_angle"] == 7.9
    assert after["datetime"] is None
    assert after["start_datetime"] == "2021-06-05T00:00:00Z"
    assert after["end_datetime"] == "2021-06-05T23:59:59Z"
    assert after["satdesk:time_precision"] == "day"
    assert not any(name.startswith("view:") for name in after)
    span = documents(tmp_path)["stac/collection.json"]["extent"]["temporal"]["interval"][0]
    assert span == ["2020-09-14T07:33:20.827000Z", "2021-06-05T23:59:59Z"]


def test_simulated_and_draft_cannot_be_overlooked(tmp_path):
    write_stac(make_content(tmp_path, simulated=True, draft=True), tmp_path)
    for document in documents(tmp_path).values():
        title = document.get("title") or document["properties"]["title"]
        assert title.startswith("SIMULATED – DRAFT – ")
    assert all(item["properties"]["satdesk:simulated"] for item in items(tmp_path))
    assert documents(tmp_path)["stac/catalog.json"]["description"].startswith("SIMULATED")


def test_an_image_that_is_kept_back_is_no_asset(tmp_path, content):
    first, second = content.dates
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    kept = second.image.rename(elsewhere / "image.tif")
    release = tmp_path
    dates = (replace(first, image=None), replace(second, image=kept))
    write_stac(replace(content, dates=dates), release)
    by_id = {item["id"]: item["assets"] for item in items(release)}
    assert set(by_id["kalbajar-test-before"]) == {"visual"}
    assert by_id["kalbajar-test-after"]["image"]["href"] == "../../elsewhere/image.tif"


def test_a_file_outside_the_release_is_not_linked(tmp_path):
    release = tmp_path / "release"
    content = make_content(tmp_path / "private")
    write_stac(content, release)
    assert [item["assets"] for item in items(release)] == [{}, {}]
    text = "".join(path.read_text("utf-8") for path in (release / "stac").rglob("*.json"))
    assert str(tmp_path) not in text
    assert [line for d in documents(release).values() for line in complaints(d)] == []


def test_size_and_multihash_are_those_of_the_file(tmp_path, content):
    write_stac(content, tmp_path)
    asset = {item["id"]: item for item in items(tmp_path)}["kalbajar-test-before"]["assets"][
        "image"
    ]
    data = content.dates[0].image.read_bytes()
    assert asset["file:size"] == len(data)
    assert asset["file:checksum"] == "1220" + hashlib.sha256(data).hexdigest()


def test_the_same_content_gives_the_same_bytes(tmp_path):
    texts = []
    for name in ("one", "two"):
        write_stac(make_content(tmp_path / name), tmp_path / name)
        texts.append({n: json.dumps(d) for n, d in documents(tmp_path / name).items()})
    assert texts[0] == texts[1]
    raw = (tmp_path / "one" / "stac" / "collection.json").read_bytes()
    assert b"\r" not in raw
    assert "Քարվաճառ".encode() in raw


def test_lineage_facts_notices_and_names_are_kept(tmp_path, content):
    write_stac(content, tmp_path)
    properties = items(tmp_path)[1]["properties"]
    assert properties["processing:lineage"] == "image-layer → ortho → clipped"
    assert properties["satdesk:lineage"] == content.dates[0].lineage.to_dict()
    assert properties["satdesk:facts"]["alignment"]["dx_px"] == 1.4
    assert [n["code"] for n in properties["satdesk:notices"]] == [
        "geoid-stand-in",
        "terrain-coarse",
    ]
    collection = documents(tmp_path)["stac/collection.json"]
    assert [n["text"] for n in collection["satdesk:district"]["names"]][2] == "Քարվաճառ"
    assert collection["satdesk:district"]["source"]["viewpoint"] == "unknown"


def test_sites_kept_back_do_not_appear(tmp_path, content):
    write_stac(content, tmp_path)
    assert "Museum" not in (tmp_path / "stac" / "collection.json").read_text("utf-8")


def test_without_a_footprint_the_grid_is_the_geometry(tmp_path, content):
    bare = replace(content.dates[0], footprint_wkt=None)
    write_stac(replace(content, dates=(bare,)), tmp_path)
    outline = shape(items(tmp_path)[0]["geometry"])
    assert outline.covers(content.district.geometry)
    with rasterio.open(content.dates[0].image) as raster:
        expected = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    assert outline.bounds == pytest.approx(expected, abs=1e-6)


def test_ids_that_would_leave_the_folder_are_refused(tmp_path, content):
    wild = replace(content.dates[0], id="../../x")
    with pytest.raises(UsageError, match="file name"):
        write_stac(replace(content, dates=(wild,)), tmp_path)
    with pytest.raises(UsageError, match="repeat"):
        write_stac(replace(content, dates=(content.dates[0],) * 2), tmp_path)
    assert not (tmp_path / "stac").exists()


def test_a_crs_without_a_code_is_written_out(tmp_path, content):
    crs = "+proj=laea +lat_0=40 +lon_0=46 +datum=WGS84 +units=m"
    grid = GeoBox((10, 10), content.grid.affine, crs)
    write_stac(replace(content, grid=grid), tmp_path)
    properties = items(tmp_path)[0]["properties"]
    assert properties["proj:code"] is None
    assert "Lambert Azimuthal" in properties["proj:wkt2"]
    assert complaints(items(tmp_path)[0]) == []
