"""Images that carry a map and an RPC, as Maxar's Ortho Ready Standard and many NITF do."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import transform

from corpus import deliveries, rpc_dialects
from satdesk.bundles.formats import open_bundle, open_images
from satdesk.cli.app import run
from satdesk.desk import locate, project
from satdesk.errors import BrokenInputError, UndeclaredInputError, UsageError
from satdesk.files.rasters import require_pixels
from satdesk.release.aim import aim
from satdesk.release.public_recipe import public_recipe
from satdesk.release.recipe import SceneChoice, load_recipe
from satdesk.release.scenes import open_scene

NUMBERS = rpc_dialects.NUMBERS | {
    "LINE_OFF": 29.5, "SAMP_OFF": 39.5, "LINE_SCALE": 30.0, "SAMP_SCALE": 40.0,
    "LAT_SCALE": 0.003, "LONG_SCALE": 0.005,
}  # fmt: skip
SHAPE = (60, 80)
LEAN = 5.0
"""Columns that a place moves by from HEIGHT_OFF to HEIGHT_OFF + HEIGHT_SCALE."""


def rpc_tags(lon: float = NUMBERS["LONG_OFF"]) -> dict[str, str]:
    """A camera whose columns follow longitude and height, whose rows follow latitude."""
    one = rpc_dialects.cubic(1.0)
    lines = rpc_dialects.cubic(0.0, 0.0, -1.0)
    samples = rpc_dialects.cubic(0.0, 1.0, 0.0, -LEAN / NUMBERS["SAMP_SCALE"])
    cubics = {
        "LINE_NUM_COEFF": lines, "LINE_DEN_COEFF": one,
        "SAMP_NUM_COEFF": samples, "SAMP_DEN_COEFF": one,
    }  # fmt: skip
    numbers = NUMBERS | {"LONG_OFF": lon}
    return {key: repr(value) for key, value in numbers.items()} | {
        key: " ".join(map(repr, cubic)) for key, cubic in cubics.items()
    }


def rpc_text() -> str:
    told = rpc_tags()
    lines = [f"{k}: {v}" for k, v in told.items() if "COEFF" not in k]
    cubics = [(k, v.split()) for k, v in told.items() if "COEFF" in k]
    lines += [f"{k}_{i}: {c}" for k, cs in cubics for i, c in enumerate(cs, 1)]
    return "\n".join(lines)


def map_at(height: float, *, moved_px: float = 0.0) -> Affine:
    """The map on which that camera's picture lies where all ground has one height."""
    lon_px = NUMBERS["LONG_SCALE"] / NUMBERS["SAMP_SCALE"]
    lat_px = NUMBERS["LAT_SCALE"] / NUMBERS["LINE_SCALE"]
    lean = LEAN * (height - NUMBERS["HEIGHT_OFF"]) / NUMBERS["HEIGHT_SCALE"]
    west = NUMBERS["LONG_OFF"] - (40.0 - lean - moved_px) * lon_px
    return Affine(lon_px, 0, west, 0, -lat_px, NUMBERS["LAT_OFF"] + 30.0 * lat_px)


def picture(path: Path, transform: Affine, tags: dict[str, str] | None = None) -> Path:
    values = np.ones((1, *SHAPE), "uint16")
    deliveries.raster(path, values, crs="EPSG:4326", transform=transform)
    if tags is not None:
        with rasterio.open(path, "r+") as sink:
            sink.update_tags(ns="RPC", **tags)
    return path


def test_a_picture_that_lies_on_one_height_is_no_orthoimage(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0), rpc_tags())
    scene = open_bundle(path)
    image = scene.images[0]
    assert image.grid.crs is None
    assert image.grid.affine == Affine.identity()
    assert image.model is not None
    assert dict(scene.facts)[f"{image.id}.map_left_aside"] == (
        "EPSG:4326 at 1700 m above the ellipsoid"
    )
    assert scene.problems == ()
    require_pixels(scene)


def test_places_follow_the_height_of_the_ground(tmp_path):
    looking = aim(picture(tmp_path / "p.tif", map_at(1700.0), rpc_tags()))
    low, high = looking.locate(np.array([[40.0, 30.0, 1500.0], [40.0, 30.0, 2500.0]]))
    lon_px = NUMBERS["LONG_SCALE"] / NUMBERS["SAMP_SCALE"]
    assert high[0] - low[0] == pytest.approx(LEAN * lon_px, rel=1e-6)


def test_an_rpc_beside_the_image_is_looked_at_too(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0))
    told = rpc_tags()
    lines = [f"{k}: {v}" for k, v in told.items() if "COEFF" not in k]
    lines += [
        f"{k}_{i}: {c}" for k, v in told.items() if "COEFF" in k for i, c in enumerate(v.split(), 1)
    ]
    (tmp_path / "p_RPC.TXT").write_text("\n".join(lines))
    assert open_bundle(path).images[0].model_source.name == "p_RPC.TXT"


def test_a_map_and_an_rpc_that_do_not_fit_are_a_question(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0, moved_px=12.0), rpc_tags())
    shown = open_bundle(path)
    (problem,) = shown.problems
    assert (problem.code, problem.blocks) == ("map-and-rpc", True)
    assert "--geometry map" in problem.remedy
    assert "--geometry model" in problem.remedy
    with pytest.raises(BrokenInputError, match="map-and-rpc"):
        require_pixels(shown)
    for source in (path, path.parent):  # a folder with that one image too
        with pytest.raises(BrokenInputError, match="contradict"):
            aim(source)


def test_the_user_answers_it_with_the_rpc(tmp_path):
    # the map leans by more than the heights that the RPC knows can explain
    path = picture(tmp_path / "p.tif", map_at(1700.0, moved_px=12.0), rpc_tags())
    scene = open_images(image=path, rpc=path)
    assert scene.problems == ()
    assert scene.images[0].grid.crs is None
    assert aim(path, rpc=path).affine == Affine.identity()


def test_a_named_rpc_of_other_ground_is_refused(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0))
    other = picture(tmp_path / "q.tif", map_at(1700.0), rpc_tags(lon=NUMBERS["LONG_OFF"] + 3))
    with pytest.raises(BrokenInputError, match="other ground"):
        open_images(image=path, rpc=other)


def test_an_image_on_a_map_without_an_rpc_stays_there(tmp_path):
    scene = open_bundle(picture(tmp_path / "p.tif", map_at(1700.0)))
    assert str(scene.images[0].grid.crs) == "EPSG:4326"
    assert scene.problems == ()


def test_axes_that_lie_nowhere_on_earth_are_no_map(tmp_path):
    values = np.ones((1, *SHAPE), "uint16")
    axes = 'AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]'
    nowhere = f'ENGCRS["unnamed",EDATUM[""],CS[Cartesian,2],{axes}]'
    deliveries.raster(tmp_path / "pixels.tif", values)
    cut = tmp_path / "p.vrt"
    cut.write_text(
        f'<VRTDataset rasterXSize="80" rasterYSize="60"><SRS>{escape(nowhere)}</SRS>'
        '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename '
        'relativeToVRT="1">pixels.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )
    (tmp_path / "p_RPC.TXT").write_text(rpc_text())
    scene = open_bundle(cut)
    assert scene.images[0].grid.crs is None
    assert scene.images[0].model_source.name == "p_RPC.TXT"
    assert scene.problems == ()


def test_hidden_files_of_macos_are_no_second_image(tmp_path):
    picture(tmp_path / "p.tif", map_at(1700.0))
    (tmp_path / "._p.tif").write_bytes(b"\0\5\x16\7")
    assert open_bundle(tmp_path).images[0].tiles[0].path.name == "p.tif"


# which of them holds, as the user says

MIDDLE = (40.0, 30.0)
"""The column and row that the camera sees at its own middle, at HEIGHT_OFF."""
MOVED = 12.0
LON_PX = NUMBERS["LONG_SCALE"] / NUMBERS["SAMP_SCALE"]
HEIGHT = NUMBERS["HEIGHT_OFF"]


def true_lon(geometry: str) -> float:
    """Where that pixel lies, at HEIGHT_OFF."""
    return NUMBERS["LONG_OFF"] + (MOVED * LON_PX if geometry == "map" else 0.0)


def doubtful(folder: Path) -> Path:
    """An image whose map lies `MOVED` columns off its camera's picture, one bright place in it."""
    path = picture(folder / "p.tif", map_at(HEIGHT, moved_px=MOVED), rpc_tags())
    with rasterio.open(path, "r+") as sink:
        values = np.full((1, *SHAPE), 100, "uint16")
        values[:, 28:32, 38:42] = 3000
        sink.write(values)
    return path


@pytest.mark.parametrize("geometry", ["map", "model"])
@pytest.mark.parametrize("of_folder", [False, True])
def test_the_choice_says_where_a_pixel_lies(tmp_path, geometry, of_folder):
    source = doubtful(tmp_path)
    looked_at = tmp_path if of_folder else source
    point = np.array([[*MIDDLE, HEIGHT]])
    ((lon, lat, _),) = locate(looked_at, point, geometry=geometry)
    assert lon == pytest.approx(true_lon(geometry), abs=1e-6 * LON_PX)
    assert lat == pytest.approx(NUMBERS["LAT_OFF"], abs=1e-6 * LON_PX)
    ((col, row),) = project(looked_at, np.array([[lon, lat, HEIGHT]]), geometry=geometry)
    assert (col, row) == pytest.approx(MIDDLE, abs=1e-5)


@pytest.mark.parametrize("geometry", ["map", "model"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_choice_says_where_an_orthoimage_shows_it(tmp_path, capsys, geometry, packed):
    source = doubtful(tmp_path)
    if packed:
        archive = tmp_path / "delivery.zip"
        with zipfile.ZipFile(archive, "w") as sink:
            sink.write(source, "p.tif")
        source = archive
    out = tmp_path / "out.tif"
    told = ("--bands", "PAN", "--height", str(HEIGHT), "--product", "pan", "--quantity", "counts")
    arguments = ("ortho", str(source), *told, "--geometry", geometry, "--out", str(out))
    assert run([*arguments, "--crs", "EPSG:32638", "--gsd", "5", "--json"]) == 0
    said = [n["text"] for n in json.loads(capsys.readouterr().out)["notices"]]
    assert sum(f"which holds: {geometry}; the RPC (p.tif)" in text for text in said) == 1
    with rasterio.open(out) as made:
        rows, cols = np.nonzero(made.read(1) > 1500)
        x, y = made.transform @ (cols.mean() + 0.5, rows.mean() + 0.5)
        (lon,), (lat,) = transform(made.crs, "EPSG:4326", [x], [y])
    assert lon == pytest.approx(true_lon(geometry), abs=0.5 * LON_PX)
    assert lat == pytest.approx(NUMBERS["LAT_OFF"], abs=0.5 * LON_PX)


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        ("map", "map; the RPC (p.tif) is left aside"),
        ("model", "model; the RPC (p.tif) is its camera, the map is left aside"),
    ],
)
def test_the_choice_is_a_fact_of_the_scene(tmp_path, geometry, says):
    scene = open_images(image=doubtful(tmp_path), bands=("PAN",), geometry=geometry)
    assert scene.problems == ()
    facts = dict(scene.facts)
    assert facts["pan.geometry_chosen"] == says
    assert ("pan.map_left_aside" in facts) == (geometry == "model")


def test_a_map_that_is_chosen_and_lies_flat_says_so(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0), rpc_tags())
    scene = open_images(image=path, geometry="map")
    (problem,) = scene.problems
    assert (problem.code, problem.blocks) == ("map-lies-flat", False)
    assert "1700 m" in problem.found


def test_a_choice_that_cannot_hold_is_refused(tmp_path):
    bare = picture(tmp_path / "bare.tif", map_at(1700.0))
    with pytest.raises(UndeclaredInputError, match="the model is chosen"):
        open_images(image=bare, geometry="model")
    assert open_images(image=bare, geometry="map").problems == ()
    path = doubtful(tmp_path)
    with pytest.raises(UsageError, match="an RPC is named"):
        open_images(image=path, rpc=path, geometry="map")
    with pytest.raises(UsageError, match="unknown geometry"):
        open_images(image=path, geometry="Map")
    with pytest.raises(UsageError, match="unknown geometry"):
        SceneChoice(image=path, geometry="sensor")
    other = picture(tmp_path / "q.tif", map_at(1700.0), rpc_tags(lon=NUMBERS["LONG_OFF"] + 3))
    with pytest.raises(BrokenInputError, match="other ground"):
        open_images(image=other, geometry="model")


def test_the_recipe_and_what_the_public_has_of_it_say_the_choice(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(
        '[release]\nid = "a"\ntitle = "A"\npublisher = "nobody"\n'
        "[district]\nbox = [46.1, 40.2, 46.2, 40.3]\n"
        'title = "Box"\nsource = "drawn"\n[sites]\nnone = true\n'
        '[[scenes]]\nimage = "p.tif"\ngeometry = "map"\nbands = ["PAN"]\n'
    )
    doubtful(tmp_path)
    recipe = load_recipe(path)
    assert recipe.scenes[0].geometry == "map"
    scenes = [open_scene(recipe.scenes[0])]
    document = public_recipe(recipe, scenes, shown_sites=(), accepted=(), version="0")
    assert document["recipe"]["scenes"][0]["geometry"] == "map"


def test_a_delivery_with_metadata_has_no_choice(tmp_path):
    made = deliveries.bundle(tmp_path / "d")
    with pytest.raises(UsageError, match="does not go with a bundle"):
        open_scene(SceneChoice(bundle=made, geometry="map"))
    with pytest.raises(UsageError, match="a geometry is chosen"):
        aim(made, geometry="map")
