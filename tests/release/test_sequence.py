"""The moving picture: every date for as long, the same ground, the caption with it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageSequence

from release_content import make_content
from satdesk.release.captions import comparison_caption
from satdesk.release.content import Licence
from satdesk.release.sequence import FRAME_MS, write_sequence


@pytest.fixture
def content(tmp_path):
    (tmp_path / "press").mkdir()
    return make_content(tmp_path)


def _frames(path):
    with Image.open(path) as picture:
        return [
            (np.asarray(frame.convert("RGB")).astype(int), frame.info["duration"])
            for frame in ImageSequence.Iterator(picture)
        ]


def test_every_date_is_shown_as_long_and_the_ground_stays(content, tmp_path):
    (artifact,) = write_sequence(content, tmp_path)
    (one, first), (other, second) = _frames(tmp_path / artifact.path)
    assert (first, second) == (FRAME_MS, FRAME_MS)
    changed = np.abs(one - other).max(axis=2) > 60
    assert 0.0005 < changed.mean() < 0.15  # blocks and words, and not the whole ground


@pytest.mark.oracle
def test_the_caption_is_its_comment(content, tmp_path):
    (artifact,) = write_sequence(content, tmp_path)
    told = subprocess.run(
        ["exiftool", "-json", "-Comment", str(tmp_path / artifact.path)],
        capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(told.stdout)[0]["Comment"] == comparison_caption(content, content.dates)


def test_the_same_content_gives_the_same_bytes(content, tmp_path):
    (artifact,) = write_sequence(content, tmp_path)
    before = (tmp_path / artifact.path).read_bytes()
    write_sequence(content, tmp_path)
    assert (tmp_path / artifact.path).read_bytes() == before


def test_one_date_does_not_move(content, tmp_path):
    assert write_sequence(replace(content, dates=content.dates[:1]), tmp_path) == ()
    closed = Licence(name="closed", press=False, tiles=True, analysis=True)
    one, other = content.dates
    kept = replace(content, dates=(one, replace(other, licence=closed)))
    assert write_sequence(kept, tmp_path) == ()


def test_a_simulated_one_says_so_in_its_name(tmp_path):
    (tmp_path / "press").mkdir()
    (artifact,) = write_sequence(make_content(tmp_path, simulated=True), tmp_path)
    assert artifact.path.endswith("-simulated.gif")
