"""``inspect`` on real deliveries: facts, and absent and empty images told apart."""

from __future__ import annotations

import shutil

import pytest

from acceptance.commandline import refused, satdesk, told


def codes(source):
    return {p["code"] for p in told(satdesk("inspect", source, "--json"), "inspect")["problems"]}


@pytest.mark.parametrize("name", ["dimap_spot7", "dimap_pleiades"])
def test_a_real_delivery_with_empty_images(shared_data, tmp_path, name):
    source = shared_data / name
    assert "image-empty" in codes(source)
    assert "image-absent" not in codes(source)
    copy = shutil.copytree(source, tmp_path / "copy")
    for image in copy.rglob("*.JP2"):
        image.unlink()
    assert "image-absent" in codes(copy)
    assert "image-empty" not in codes(copy)
    out = ("--height", 100, "--out", tmp_path / "o.tif")
    refused("ortho", copy, *out, code=3, says=("JP2",), around=tmp_path)
    refused("ortho", source, *out, code=3, says=("JP2",), around=tmp_path)


@pytest.mark.parametrize("name", ["dimap_spot7", "dimap_pleiades"])
def test_a_zip_and_every_single_document_of_it(shared_data, tmp_path, name):
    source = shared_data / name
    packed = shutil.make_archive(str(tmp_path / "d"), "zip", source)
    assert "image-empty" in codes(packed)
    documents = [*source.rglob("DIM_*.XML"), *source.rglob("*VOL*.XML")]
    assert len(documents) >= 2
    for document in documents:
        assert "image-empty" in codes(document), document.name


def test_people_get_lines_and_not_json(shared_data):
    ended = satdesk("inspect", shared_data / "dimap_spot7")
    assert ended.code == 0
    assert "PROBLEM image-empty (blocks processing)" in ended.out
    assert not ended.err
