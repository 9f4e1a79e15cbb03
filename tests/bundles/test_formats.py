from __future__ import annotations

import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from corpus import deliveries
from satdesk.bundles.format import Format, inside
from satdesk.bundles.formats import FORMATS, open_bundle
from satdesk.core.scene import Scene
from satdesk.errors import (
    MissingInputError,
    UnknownNameError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files.rasters import ImageLayer, require_pixels


@dataclass(frozen=True)
class Invented:
    name: str = "invented"

    def matches(self, path: Path) -> bool:
        return path.suffix == ".inv"

    def open(self, path: Path) -> Scene:
        return Scene(id=path.stem, mission=None, images=(), acquisition=None)


def zipped(folder: Path, top: str = "") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{top}{file.relative_to(folder).as_posix()}")
    return path


def test_adding_a_format_is_one_object_and_changes_no_registry(tmp_path):
    (tmp_path / "x.inv").write_text("hello")
    assert isinstance(Invented(), Format)
    assert FORMATS.registered(Invented()).open(tmp_path / "x.inv").id == "x"
    with pytest.raises(UnreadableInputError, match="no format knows"):
        open_bundle(tmp_path / "x.inv")
    assert all(isinstance(one, Format) for one in FORMATS.formats)


def test_formats_are_found_by_name(tmp_path):
    assert FORMATS.named("dimap").name == "dimap"
    with pytest.raises(UnknownNameError, match="did you mean dimap"):
        FORMATS.named("dimpa")


@pytest.mark.parametrize("top", ["", "DELIVERY/"])
def test_a_zip_is_opened_like_its_folder(tmp_path, top):
    folder = deliveries.bundle(tmp_path / "d")
    scene, plain = open_bundle(zipped(folder, top)), open_bundle(folder)
    assert scene.problems == ()
    assert scene.facts == plain.facts
    require_pixels(scene)
    ms = scene.image("ms")
    assert ImageLayer(image=ms).read(ms.grid).valid.all()


def test_a_zipped_safe_is_found_in_its_folder(tmp_path):
    root = deliveries.safe(tmp_path / "s")
    assert open_bundle(zipped(tmp_path / "s")).id == root.name.removesuffix(".SAFE")


def test_a_zip_that_climbs_out_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../DIM_X.XML", "<Dimap_Document/>")
    with pytest.raises(UnsafeInputError):
        open_bundle(path)


def test_nothing_foreign_and_empty(tmp_path):
    with pytest.raises(MissingInputError):
        open_bundle(tmp_path / "nothing")
    with pytest.raises(UnreadableInputError, match="empty folder"):
        open_bundle(tmp_path)
    (tmp_path / "a.xml").write_text("<a/>")
    with pytest.raises(UnreadableInputError, match="no format knows"):
        open_bundle(tmp_path / "a.xml")


def test_scenes_pickle_to_equal_values(tmp_path):
    scene = open_bundle(deliveries.bundle(tmp_path / "d"))
    assert pickle.loads(pickle.dumps(scene)) == scene  # noqa: S301 - our own bytes


def test_references_stay_inside(tmp_path):
    assert inside(tmp_path, tmp_path / "a", "../b/c.tif").resolve() == tmp_path / "b" / "c.tif"
    for reference in ("../../x", "/etc/passwd", "a\0b", "..\\..\\x"):
        with pytest.raises(UnsafeInputError):
            inside(tmp_path, tmp_path / "a", reference)
