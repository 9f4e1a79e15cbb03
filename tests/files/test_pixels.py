from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from satdesk.files.pixels import same_pixels


def moving(path, shades=(40, 200), durations=(1800, 1800)):
    noise = np.random.default_rng(3).integers(0, 40, (30, 40, 3), dtype=np.uint8)
    frames = [Image.fromarray(noise + np.uint8(shade)) for shade in shades]
    more = {"append_images": frames[1:], "duration": list(durations), "loop": 0}
    frames[0].save(path, "GIF", save_all=True, **more)
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"shades": (40, 201)},
        {"shades": (40, 200, 90), "durations": (1800, 1800, 1800)},
        {"shades": (40,), "durations": (1800,)},
        {"durations": (1800, 900)},
    ],
)
def test_every_frame_of_a_moving_picture_counts(tmp_path, change):
    one = moving(tmp_path / "one.gif")
    assert same_pixels(one, moving(tmp_path / "same.gif"))
    other = moving(tmp_path / "other.gif", **change)
    assert not same_pixels(one, other)
    assert not same_pixels(other, one)


def test_a_file_that_is_no_picture_is_not_the_same(tmp_path):
    one = moving(tmp_path / "one.gif")
    (tmp_path / "none.gif").write_bytes(b"GIF89a")
    assert not same_pixels(tmp_path / "none.gif", one)
