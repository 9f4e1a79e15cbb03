import io

import numpy as np
import pytest
from PIL import Image

from satdesk.errors import UsageError
from satdesk.release.stamps import stamp_rgba, text_pattern

RNG = np.random.default_rng(8)


def test_the_same_words_give_the_same_pattern():
    once = text_pattern("SIMULATED", 20)
    text_pattern.cache_clear()
    assert text_pattern("SIMULATED", 20) == once
    assert text_pattern("DRAFT", 20) != once


@pytest.mark.parametrize("text", ["SIMULATED", "LAYİHƏ", "ЧЕРНОВИК", "ՍԵՎԱԳԻՐ", "დრაფტი"])
def test_words_in_every_script_leave_letters_and_not_boxes(text):
    pattern = text_pattern(text, 24)
    boxes = text_pattern("中" * len(text), 24)  # not in the font, which draws boxes
    assert pattern.light != boxes.light
    light = np.frombuffer(pattern.light, np.uint8)
    assert 0.02 < (light > 128).mean() < 0.3


@pytest.mark.parametrize("height_px", [8, 24, 60])
def test_the_letters_are_as_high_as_asked(height_px):
    pattern = text_pattern("H", height_px)
    light = np.frombuffer(pattern.light, np.uint8).reshape(pattern.shape) > 128
    rows = np.flatnonzero(light.any(axis=1))
    # A slanted H is higher than an upright one by what its width adds.
    assert height_px * 0.9 <= rows[-1] - rows[0] + 1 <= height_px * 1.7


def test_a_repeat_ends_between_the_letters():
    pattern = text_pattern("SIMULATED", 20)
    for coverage in (pattern.light, pattern.dark):
        once = np.frombuffer(coverage, np.uint8).reshape(pattern.shape)
        for edge in (once[0], once[-1], once[:, 0], once[:, -1]):
            assert not edge.any()


@pytest.mark.parametrize("level", [0, 255])
def test_it_survives_jpeg_on_snow_and_in_shadow(level):
    plain = np.full((300, 300, 3), level, np.uint8)
    stamped = stamp_rgba(plain, text_pattern("SIMULATED", 16))
    buffer = io.BytesIO()
    Image.fromarray(stamped).save(buffer, "JPEG", quality=50)
    decoded = np.asarray(Image.open(buffer)).astype(int)[..., 0]
    assert np.abs(decoded - level).max() > 100
    mark = np.abs(stamped[..., 0].astype(int) - level)
    assert np.corrcoef(mark.ravel(), np.abs(decoded - level).ravel())[0, 1] > 0.95


@pytest.mark.parametrize("at", [(0, 0), (133, 57), (411, 290)])
def test_every_crop_of_two_repeats_holds_a_whole_word(at):
    pattern = text_pattern("SIMULATED", 12)
    rows, cols = 2 * pattern.shape[0], 2 * pattern.shape[1]
    clear = np.full((rows, cols, 3), 128, np.uint8)
    crop = stamp_rgba(clear, pattern, origin=at)
    word = np.frombuffer(pattern.light, np.uint8).reshape(pattern.shape)
    found = np.roll(word, (-at[0], -at[1]), axis=(0, 1))
    assert ((crop[: pattern.shape[0], : pattern.shape[1], 0] > 180) == (found > 100)).mean() > 0.97


def test_tiles_of_one_zoom_have_no_seams():
    pattern = text_pattern("SIMULATED", 12)
    picture = RNG.integers(0, 256, (100, 120, 4)).astype(np.uint8)
    whole = stamp_rgba(picture, pattern, origin=(1000, 2000))
    part = stamp_rgba(picture[40:, 50:], pattern, origin=(1040, 2050))
    assert (part == whole[40:, 50:]).all()


def test_opacity_and_what_is_transparent_stay():
    pattern = text_pattern("SIMULATED", 12)
    picture = np.full((200, 200, 4), 90, np.uint8)
    picture[:100] = 0
    stamped = stamp_rgba(picture, pattern)
    assert (stamped[..., 3] == picture[..., 3]).all()
    assert not stamped[:100].any()
    assert (stamped[100:, :, :3] != 90).any()
    assert (picture[100:] == 90).all()


@pytest.mark.parametrize(
    ("text", "height_px"), [("", 12), (" ", 12), ("a\nb", 12), ("a" * 61, 12), ("a", 5), ("a", 513)]
)
def test_what_cannot_be_read_is_refused(text, height_px):
    with pytest.raises(UsageError):
        text_pattern(text, height_px)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (3, 4, 4, 1)])
def test_only_pictures_are_stamped(shape):
    with pytest.raises(UsageError, match="8-bit RGB"):
        stamp_rgba(np.zeros(shape, np.uint8), text_pattern("X", 12))
    with pytest.raises(UsageError, match="8-bit RGB"):
        stamp_rgba(np.zeros((4, 4, 3), np.uint16), text_pattern("X", 12))
