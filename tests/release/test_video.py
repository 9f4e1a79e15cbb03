"""The film: every date for as long, hard cuts, even sides, marks in the pixels, the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from release_content import make_content
from satdesk.errors import MachineError, UsageError
from satdesk.release.captions import comparison_caption
from satdesk.release.content import Licence
from satdesk.release.outputs import OutputsChoice, require_packages
from satdesk.release.plate_sheet import drawing_style
from satdesk.release.press import SHAPES, Frame, compose_press
from satdesk.release.sequence import FRAME_MS
from satdesk.release.video import FRAMES_A_SECOND, ROUNDS, write_videos

pytest.importorskip("imageio_ffmpeg", reason="the extra satdesk[press] is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    (folder / "press").mkdir()
    content = make_content(folder, simulated=True, draft=True)
    (artifact,) = write_videos(content, folder, ("1x1",))
    return content, folder, artifact


def test_every_date_is_shown_as_long_as_in_the_moving_picture(made):
    cv2 = pytest.importorskip("cv2", reason="the extra satdesk[identify] is not installed")
    content, folder, artifact = made
    film = cv2.VideoCapture(str(folder / artifact.path))
    assert film.get(cv2.CAP_PROP_FPS) == FRAMES_A_SECOND
    each = FRAMES_A_SECOND * FRAME_MS // 1000
    frames = [film.read()[1] for _ in range(int(film.get(cv2.CAP_PROP_FRAME_COUNT)))]
    assert len(frames) == each * len(content.dates) * ROUNDS
    assert frames[0].shape == (*SHAPES["1x1"], 3)
    jumps = [
        i for i in range(1, len(frames))
        if (np.abs(frames[i].astype(int) - frames[i - 1]).max(axis=2) > 60).mean() > 0.0005
    ]  # fmt: skip
    assert jumps == [each * k for k in range(1, len(content.dates) * ROUNDS)]
    with drawing_style():
        frame = Frame(images=content.dates[:1], shape="1x1", annotated=True,
                      alongside=content.dates)  # fmt: skip
        drawn = compose_press(content, frame)[0].pixels()
    shown = frames[10][..., ::-1].astype(int)
    assert np.abs(shown - drawn).mean() < 3  # the marks and the credit line are in it
    assert "SIMULATED by satdesk" in " ".join(
        box.text for box in compose_press(content, frame)[0].boxes
    )


@pytest.mark.oracle
def test_metadata_as_exiftool_reads_them(made):
    content, folder, artifact = made
    told = subprocess.run(
        ["exiftool", "-json", "-G1", str(folder / artifact.path)], capture_output=True, check=True
    )
    found = json.loads(told.stdout)[0]
    assert found["ItemList:Comment"] == comparison_caption(content, content.dates)
    assert found["XMP-dc:Title"].startswith("DRAFT: SIMULATED: ")
    assert found["XMP-photoshop:Credit"] == "SIMULATED by satdesk"
    assert found["XMP-iptcExt:DigitalSourceType"].endswith("algorithmicMedia")
    assert found["Track1:CompressorID"] == "avc1"


def test_the_same_content_gives_the_same_bytes(made):
    content, folder, artifact = made
    before = (folder / artifact.path).read_bytes()
    write_videos(content, folder, ("1x1",))
    assert (folder / artifact.path).read_bytes() == before
    assert artifact.path.endswith("-sequence-1x1-simulated.mp4")
    assert artifact.role == "video"


def test_one_date_makes_no_film(tmp_path):
    content = make_content(tmp_path)
    assert write_videos(replace(content, dates=content.dates[:1]), tmp_path) == ()
    closed = Licence(name="closed", press=False, tiles=True, analysis=True)
    one, other = content.dates
    assert (
        write_videos(replace(content, dates=(one, replace(other, licence=closed))), tmp_path) == ()
    )


def test_without_an_encoder_it_is_refused_and_not_left_out(made, tmp_path, monkeypatch):
    content, _, _ = made
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    (tmp_path / "press").mkdir()
    with pytest.raises(UsageError, match=r"satdesk\[press\]"):
        write_videos(content, tmp_path)
    monkeypatch.setattr("satdesk.release.outputs.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="asks for a video"):
        require_packages(OutputsChoice(video=("1x1",)))
    with pytest.raises(UsageError, match="asks for a press kit"):
        require_packages(OutputsChoice(press_kit=("en",)))
    require_packages(OutputsChoice())


def test_an_encoder_that_fails_is_told(made, tmp_path):
    content, _, _ = made
    with pytest.raises(MachineError, match="could not be encoded"):
        write_videos(content, tmp_path / "nowhere")


def test_sides_are_even_as_the_pixel_format_wants():
    assert all(rows % 2 == cols % 2 == 0 for rows, cols in SHAPES.values())
