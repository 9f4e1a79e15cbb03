"""A signed press image in the wild: what `verify` and `identify` say after each common treatment."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.commandline import satdesk
from release_content import make_content
from satdesk.files.digests import sha256
from satdesk.release.catalogue import add_release, opened_catalogue
from satdesk.release.press import write_press
from satdesk.release.sealing import key_seal
from signed_release import claims_of, make_keys

pytest.importorskip("cv2", reason="OpenCV is not installed")

ROOT = Path(__file__).resolve().parents[2]


def loaded(name):
    """A bench as a module: the treatments are defined once, there."""
    spec = importlib.util.spec_from_file_location(
        f"bench_{name}", ROOT / "benchmarks" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


WILD = loaded("wild")
GONE = {"stripped", "unsigned"}
EXPECTED = {
    "not touched": ({"trusted"}, "file"),
    "caption edited (exiftool)": ({"altered"}, "pixels"),
    "all metadata removed (exiftool -all=)": ({"unsigned"}, "pixels"),
    "opened and saved, JPEG 90 (Pillow)": (GONE, "likeness"),
    "opened and saved as PNG (Pillow)": (GONE, "pixels"),
    "resized to 90 %, JPEG 82 (ImageMagick)": ({"altered", *GONE}, "likeness"),
    "gdal_translate to JPEG": (GONE, "likeness"),
    "gdal_translate to GeoTIFF": (GONE, "pixels"),
    "cwebp, quality 75": ({"unsigned"}, "likeness"),
    "messenger: 1600 px, JPEG 75": ({"unsigned"}, "likeness"),
    "messenger: 1280 px, JPEG 60": ({"unsigned"}, "likeness"),
    "passed on twice: 1600, then 1280 px": ({"unsigned"}, "likeness"),
    "crop of half the edges, JPEG 75": ({"unsigned"}, "likeness"),
    "screenshot of a page, half size, border": ({"unsigned"}, "likeness"),
}
"""Verdicts that are true of a treatment, and how the picture is known again."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A signed press image, the root that vouches for it, a catalogue that knows it."""
    folder = tmp_path_factory.mktemp("wild")
    signer, _ = make_keys(folder / "keys")
    release = folder / "release"
    release.mkdir()
    content = replace(make_content(release, dates=1), id="published")
    clean = [a for a in write_press(content, release) if "16x9-clean" in a.path]
    key_seal(signer, release="x", recipe=None).files(release, clean, claims_of(content))
    listed = [
        {"path": a.path, "role": a.role, "media_type": a.media_type, "date": a.date_id,
         "sha256": sha256(release / a.path)}
        for a in clean
    ]  # fmt: skip
    facts = {"id": content.id, "title": content.title, "publisher": content.publisher}
    document = {**facts, "status": "issued", "simulated": False, "artifacts": listed}
    (release / "release.json").write_text(json.dumps(document))
    with opened_catalogue(folder / "known.sqlite", create=True) as catalogue:
        assert add_release(catalogue, release) == 1
    return release / clean[0].path, folder / "keys" / "root.pem", folder / "known.sqlite"


def test_every_treatment_is_expected():
    assert set(WILD.WAYS) == set(EXPECTED)


@pytest.mark.oracle
@pytest.mark.parametrize("way", EXPECTED)
def test_it_is_told_in_plain_words(desk, tmp_path, way):
    source, root, known = desk
    try:
        made = WILD.WAYS[way](source, tmp_path)
    except WILD.AbsentError as absent:
        pytest.skip(f"{absent} is not installed")
    verdicts, how = EXPECTED[way]
    told = satdesk("verify", made, "--trust", root, "--json")
    assert told.answer["verdict"] in verdicts, told.answer["files"][0]["words"]
    assert told.code == (0 if verdicts == {"trusted"} else 5)
    if verdicts != {"trusted"}:
        assert "satdesk identify FILE --catalogue" in told.answer["advice"]
        assert told.answer["advice"] in satdesk("verify", made, "--trust", root).out
    found = satdesk("identify", made, "--catalogue", known, "--json").answer["found"]
    assert found, "not recognised"
    assert (found[0]["release"], found[0]["how"]) == ("published", how)
    if how == "likeness":
        assert found[0]["alike"] > 0.8
