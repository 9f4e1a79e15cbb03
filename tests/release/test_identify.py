from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pyproj import Transformer
from scipy.ndimage import gaussian_filter

from acceptance.commandline import refused, satdesk
from release_content import make_content
from satdesk.errors import BrokenInputError
from satdesk.files.digests import sha256
from satdesk.files.photographs import pixels_digest, read_photograph
from satdesk.release.catalogue import add_release, opened_catalogue
from satdesk.release.fingerprint import EDGE_PX, compare, fingerprint
from satdesk.release.identify import Find, find_facts, identify
from satdesk.release.press import write_press
from satdesk.release.schema import check
from satdesk.release.views import halved, views

pytest.importorskip("cv2", reason="OpenCV is not installed")


def texture(seed: int, shape: tuple[int, int] = (420, 560)) -> np.ndarray:
    """Fields, roads and roofs that nobody has seen, grey."""
    chance = np.random.default_rng(seed)
    plane = sum(gaussian_filter(chance.standard_normal(shape), s) * s for s in (1.2, 3, 8, 20))
    for _ in range(60):
        row, col = chance.integers(0, shape[0] - 20), chance.integers(0, shape[1] - 20)
        height, width = chance.integers(4, 18, 2)
        plane[row : row + height, col : col + width] += chance.uniform(-2, 2)
    low, high = np.percentile(plane, [1, 99])
    return np.uint8(np.clip((plane - low) / (high - low), 0, 1) * 255)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A folder like a release's: visual images, press images, and their list."""
    folder = tmp_path_factory.mktemp("identify") / "release"
    folder.mkdir()
    content = replace(make_content(folder), id="published")
    artifacts = [
        {"path": a.path, "role": a.role, "media_type": a.media_type, "date": a.date_id}
        for a in write_press(content, folder)
    ]
    artifacts += [
        {
            "path": f"{image.id}/visual.tif",
            "role": "visual",
            "media_type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "date": image.id,
        }
        for image in content.dates
    ]
    for artifact in artifacts:
        artifact["sha256"] = sha256(folder / artifact["path"])
    facts = {"id": content.id, "title": content.title, "publisher": content.publisher}
    document = {**facts, "status": "issued", "simulated": False, "artifacts": artifacts}
    (folder / "release.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def catalogue_file(release, tmp_path_factory):
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.sqlite"
    with opened_catalogue(path, create=True) as catalogue:
        assert add_release(catalogue, release) > 2
        assert add_release(catalogue, release) == 0  # once is enough
    return path


@pytest.fixture
def catalogue(catalogue_file):
    with opened_catalogue(catalogue_file) as opened:
        yield opened


def visual(release):
    return next(iter(sorted(release.glob("*/visual.tif"))))


def clean(release):
    """A press image without words."""
    return max(release.glob("press/*.jpg"), key=lambda path: path.stat().st_size)


def test_a_map_between_two_pictures_is_found_exactly():
    plane = texture(1)
    part = plane[101:381, 57:497]
    found = compare(fingerprint(part), fingerprint(plane))
    assert np.allclose(found.matrix, [1, 0, 57, 0, 1, 101], atol=[1e-3, 1e-3, 0.05] * 2)
    assert found.alike == 1


@pytest.mark.parametrize("turned", [1, 2, 3])
def test_a_turned_picture_is_known(turned):
    plane = texture(2)
    found = compare(fingerprint(np.rot90(plane, turned)), fingerprint(plane))
    assert found.alike > 0.95


def test_half_the_size_either_way():
    plane = texture(3)
    small = halved(plane)
    down, up = (
        compare(fingerprint(a), fingerprint(b)) for a, b in ((small, plane), (plane, small))
    )
    assert np.allclose(down.matrix, [2, 0, 0, 0, 2, 0], atol=[0.01, 0.01, 0.4] * 2)
    assert np.allclose(up.matrix, [0.5, 0, 0, 0, 0.5, 0], atol=[0.01, 0.01, 0.2] * 2)
    assert down.alike > 0.95
    assert up.alike > 0.95


def test_another_picture_of_the_same_kind_is_not_taken_for_it():
    reference = fingerprint(texture(4))
    for seed in range(10, 30):
        found = compare(fingerprint(texture(seed)), reference)
        assert found is None or found.alike < 0.3


def test_the_same_lettering_is_not_enough():
    """Two places under one stamp: the letters agree on a map, the ground does not correlate."""
    letters = np.kron(np.random.default_rng(0).integers(0, 2, (14, 56)), np.ones((6, 6))) * 200
    stamped = []
    for seed in (5, 6):
        plane = texture(seed).astype(float)
        for row in (20, 160, 300):
            plane[row : row + 84, 100:436] = np.maximum(plane[row : row + 84, 100:436], letters)
        stamped.append(np.uint8(plane))
    found = compare(*(fingerprint(plane) for plane in stamped))
    assert found is None or found.alike < 0.5


def test_views_cover_a_large_picture():
    plane = texture(7, (1500, 2300))
    made = list(views(plane))
    assert {view.shrink for view in made} == {1, 2, 4}
    seen = np.zeros(plane.shape, bool)
    for view in made:
        assert max(view.grey.shape) <= EDGE_PX
        if view.shrink == 1:
            rows, cols = view.grey.shape
            here = np.s_[view.row : view.row + rows, view.col : view.col + cols]
            assert np.array_equal(plane[here], view.grey)
            seen[here] = True
    assert seen.all()


def test_nothing_is_seen_in_an_empty_picture():
    empty = np.full((300, 300), 90, np.uint8)
    assert not list(views(empty))
    assert compare(fingerprint(empty), fingerprint(texture(8))) is None


def test_the_file_itself(release, catalogue):
    (find, *_) = identify(clean(release), catalogue)
    assert find.how == "file"
    assert release / find.picture.path == clean(release)


def test_the_same_pixels_without_their_metadata(release, catalogue, tmp_path):
    stripped = tmp_path / "stripped.png"
    Image.fromarray(read_photograph(clean(release)).rgb).save(stripped)
    (find, *_) = identify(stripped, catalogue)
    assert find.how == "pixels"
    assert release / find.picture.path == clean(release)


def test_a_crop_says_where_it_lies(release, catalogue, tmp_path):
    whole = read_photograph(visual(release))
    crop = tmp_path / "crop.jpg"
    rows, cols = whole.rgb.shape[:2]
    top, left = rows // 5, cols // 5
    Image.fromarray(whole.rgb[top : top + rows // 2, left : left + cols // 2]).save(
        crop, quality=60
    )
    found = [find for find in identify(crop, catalogue) if find.picture.role == "visual"]
    (find, *_) = found
    assert np.allclose(find.corners[0], (left, top), atol=1)
    assert np.allclose(find.corners[2], (left + cols // 2, top + rows // 2), atol=1)
    to_map = Transformer.from_crs("OGC:CRS84", whole.crs, always_xy=True)
    x, y = to_map.transform(*find.lonlat[0])
    col, row = ~whole.affine @ (x, y)
    assert np.allclose((col, row), (left, top), atol=1)
    assert find.picture.date == visual(release).parent.name


def test_a_picture_that_reaches_beyond_the_published_one_says_how_much_lies_in_it(
    release, catalogue, tmp_path
):
    whole = read_photograph(visual(release))
    rows, cols = whole.rgb.shape[:2]
    framed = np.full((rows, 2 * cols, 3), 255, np.uint8)
    framed[:, :cols] = whole.rgb
    crop = whole.rgb[rows // 4 :, cols // 4 :]
    for name, rgb, share in (("framed", framed, 0.5), ("crop", crop, 1.0)):
        path = tmp_path / f"{name}.jpg"
        Image.fromarray(rgb).save(path, quality=80)
        found = [find for find in identify(path, catalogue) if find.picture.role == "visual"]
        assert found[0].covered == pytest.approx(share, abs=0.01)
        assert find_facts(found[0])["covered"] == round(found[0].covered, 4)


def test_how_much_lies_in_it_is_of_the_whole_not_of_the_pieces_that_were_compared(catalogue):
    picture = replace(next(iter(catalogue.pictures())), shape=(1000, 4000))
    corners = ((3000.0, 0.0), (5000.0, 0.0), (5000.0, 1000.0), (3000.0, 1000.0))
    assert Find(picture=picture, how="likeness", corners=corners).covered == pytest.approx(0.5)


def test_pixels_digest_sees_the_shape():
    plane = np.zeros((4, 6, 3), np.uint8)
    assert pixels_digest(plane) != pixels_digest(plane.reshape(6, 4, 3))


def test_commands(release, catalogue_file, tmp_path):
    made = tmp_path / "made.sqlite"
    answer = satdesk("catalogue", made, release, "--json").answer
    check(answer, "catalogue")
    assert answer["releases"][0]["release"] == "published"
    crop = tmp_path / "crop.png"
    Image.fromarray(read_photograph(clean(release)).rgb[40:, 40:]).save(crop)
    answer = satdesk("identify", crop, "--catalogue", made, "--json").answer
    check(answer, "identify")
    assert answer["found"][0]["release"] == "published"
    assert answer["found"][0]["how"] == "likeness"
    foreign = tmp_path / "foreign.png"
    Image.fromarray(texture(77)).save(foreign)
    said = satdesk("identify", foreign, "--catalogue", catalogue_file).out
    assert said.startswith("not recognised")


def test_a_changed_release_is_refused(release, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(release, copy)
    picture = clean(copy)
    picture.write_bytes(picture.read_bytes() + b"\0")
    made = tmp_path / "made.sqlite"
    refused("catalogue", made, copy, code=3, says=(picture.name, "SHA-256"), around=tmp_path)


def test_a_list_that_leaves_its_release_is_refused(release, tmp_path):
    document = json.loads((release / "release.json").read_text())
    document["artifacts"][0]["path"] = "../secret.jpg"
    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "release.json").write_text(json.dumps(document))
    with (
        pytest.raises(BrokenInputError, match="outside"),
        opened_catalogue(tmp_path / "c.sqlite", create=True) as catalogue,
    ):
        add_release(catalogue, folder)


def test_what_is_no_catalogue(tmp_path, release):
    nothing = tmp_path / "none.sqlite"
    refused("identify", clean(release), "--catalogue", nothing, code=3, around=tmp_path)
    nothing.write_bytes(b"not a database at all, just text that is long enough" * 40)
    refused("identify", clean(release), "--catalogue", nothing, code=3, around=tmp_path)


def test_formats_that_name_other_files_are_not_opened(tmp_path, catalogue_file):
    trap = tmp_path / "trap.png"
    trap.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    refused("identify", trap, "--catalogue", catalogue_file, code=3, around=tmp_path)


def test_a_picture_with_nothing_in_it_is_not_found_in_anything(catalogue, tmp_path):
    for name, plane in (
        ("grey", np.full((300, 300), 90, np.uint8)),
        ("ramp", np.tile(np.arange(256, dtype=np.uint8), (256, 1))),
    ):
        Image.fromarray(plane).save(tmp_path / f"{name}.png")
        assert identify(tmp_path / f"{name}.png", catalogue) == ()
