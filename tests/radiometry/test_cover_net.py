"""Networks that count in whole numbers: no order of adding and no kind of number changes a byte."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import UsageError
from satdesk.files.cover_networks import cover_networks
from satdesk.radiometry.cover_features import MOST
from satdesk.radiometry.cover_look import Look, asked_of, said_around
from satdesk.radiometry.cover_net import CLASSES, MOST_ANSWER, CoverNetworks, PixelNetwork

PASSES = range(3)
PLACES = 400


def _asked(network, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-MOST, MOST + 1, (len(network.names) + 1, PLACES)).astype(np.float32)
    codes[-1] = 1
    return codes


def _same(first, second):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("number", PASSES)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_adding_changes_nothing(number, seed):
    network = cover_networks().passes[number]
    asked = _asked(network, seed)
    rng = np.random.default_rng(seed)
    inner = rng.permutation(len(network.names))
    units = rng.permutation(len(network.hidden))
    mixed = replace(
        network,
        names=tuple(network.names[k] for k in inner),
        hidden=np.ascontiguousarray(network.hidden[units][:, [*inner, -1]]),
        outer=np.ascontiguousarray(network.outer[:, [*units, -1]]),
    )
    assert _same(network.answers(asked), mixed.answers(asked[[*inner, -1]]))


@pytest.mark.parametrize("number", PASSES)
def test_sums_by_float32_float64_and_whole_numbers_are_the_same(number):
    network = cover_networks().passes[number]
    asked = _asked(network)
    by_blas = network.hidden @ asked
    by_float64 = network.hidden.astype(np.float64) @ asked.astype(np.float64)
    without_blas = np.einsum("uf,fp->up", network.hidden, asked, optimize=False)
    whole = (
        network.hidden.astype(np.int64)[:, :, np.newaxis] * asked.astype(np.int64)[np.newaxis]
    ).sum(axis=1)
    for sums in (by_blas, by_float64, without_blas):
        np.testing.assert_array_equal(sums, whole)


@pytest.mark.parametrize("number", PASSES)
def test_the_answer_is_that_of_plain_whole_numbers(number):
    network = cover_networks().passes[number]
    asked = _asked(network, 3)
    likely, cloud, shadow = network.answers(asked)
    sums = network.hidden.astype(np.int64) @ asked.astype(np.int64)
    units = np.clip(np.rint(sums / 2**network.halvings), 0, MOST_ANSWER).astype(np.int64)
    units = np.concatenate([units, np.ones((1, PLACES), np.int64)])
    logits = network.outer.astype(np.int64) @ units
    np.testing.assert_array_equal(likely, logits.argmax(axis=0))
    grown = np.exp((logits - logits.max(axis=0)) / network.one)
    shares = 255 * grown / grown.sum(axis=0)
    assert np.abs(shares[1] - cloud).max() < 3
    assert np.abs(shares[2] - shadow).max() < 3


def test_what_is_asked_is_what_a_look_can_tell():
    first = cover_networks().passes[0]
    codes = {
        name: np.zeros((5, 6), np.int8)
        for name in first.names
        if not name.startswith(("caster_", "shadow_", "rays"))
    }
    look = Look(codes=codes, light=np.zeros((5, 6), np.int16))
    assert asked_of(codes) == first.names
    said = first.told(look)
    assert said.likely.shape == (5, 6)
    assert int(said.likely.max()) < len(CLASSES)
    more = codes | said_around(said, np.ones((5, 6), bool), 6.0)
    assert all(asked_of(more) == each.names for each in cover_networks().passes[1:])


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="fit together"):
        PixelNetwork(
            names=("a", "b"),
            hidden=np.ones((4, 2), np.float32),
            halvings=0,
            outer=np.ones((3, 5), np.float32),
            one=1,
        )


@pytest.mark.parametrize("weight", [2.0**17, 0.5])
def test_weights_whose_sums_would_be_rounded_are_refused(weight):
    with pytest.raises(UsageError, match="exact sums"):
        PixelNetwork(
            names=("a", "b"),
            hidden=np.full((4, 3), weight, np.float32),
            halvings=0,
            outer=np.ones((3, 5), np.float32),
            one=1,
        )


def test_a_single_network_is_not_enough():
    with pytest.raises(UsageError, match="two networks"):
        CoverNetworks(passes=cover_networks().passes[:1], source="a test")
