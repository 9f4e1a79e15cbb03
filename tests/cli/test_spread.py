"""--dem takes one file, several, or is repeated; the bundle may stand anywhere."""

from __future__ import annotations

import pytest

from satdesk.cli.spread import spread

ARITY = {"--dem": 1, "--out": 1, "--bounds": 4, "--json": 0, "--pan": 1, "--ms": 1}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("B --dem a --out o", "B --dem a --out o"),
        ("B --dem a b c --out o", "B --dem a --dem b --dem c --out o"),
        ("B --dem a --dem b --out o", "B --dem a --dem b --out o"),
        ("--dem a b --out o B", "--dem a --dem b --out o B"),
        ("--out o --dem a B", "--out o --dem a B"),
        ("--dem a b B --out o", "--dem a --dem b --out o B"),
        ("--dem a B --out o", "--dem a --out o B"),
        ("--pan p --ms m --dem a b --out o", "--pan p --ms m --dem a --dem b --out o"),
        ("B --bounds -1 -2 3 4 --dem a b", "B --bounds -1 -2 3 4 --dem a --dem b"),
        ("B --json --dem a", "B --json --dem a"),
        ("B --dem", "B --dem"),
    ],
)
def test_runs_are_spread(line, expected):
    assert spread(line.split(), "--dem", ARITY) == expected.split()
