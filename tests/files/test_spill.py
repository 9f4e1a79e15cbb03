from __future__ import annotations

import tempfile

import numpy as np
import pytest

from satdesk.files.spill import Spill


def blocks():
    rng = np.random.default_rng(2)
    whole = rng.integers(0, 4096, (2, 70, 50), np.uint16)
    yield "plain", (whole, None)
    yield "masked", (whole.astype(np.float32), rng.random((70, 50)) > 0.5)
    yield "part", (whole[:, 3:40:2, ::-1], None)
    yield "empty", (whole[:, :0], None)


def test_blocks_come_back_as_they_were():
    spill, known = Spill(), dict(blocks())
    assert "plain" not in spill
    for key, block in known.items():
        spill.put(key, block)
    for key, (values, mask) in known.items():
        found, usable = spill.get(key)
        assert found.dtype == values.dtype
        assert np.array_equal(found, values)
        assert (usable is None) == (mask is None)
        assert mask is None or np.array_equal(usable, mask)


def test_a_block_is_put_aside_once():
    spill = Spill()
    spill.put("a", (np.zeros((1, 2, 2)), None))
    spill.put("a", (np.ones((1, 2, 2)), None))
    assert not spill.get("a")[0].any()


def test_a_disk_without_room_leaves_the_block_to_be_decoded_again(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    spill = Spill()
    spill.put("a", (np.zeros((1, 2, 2)), None))
    assert "a" not in spill
    with pytest.raises(KeyError):
        spill.get("a")
