"""The small simulated world over which the documentation runs."""

from __future__ import annotations

import pytest

from satdesk.simulate.write import simulate_all


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """What ``satdesk simulate test --out world`` makes, made once."""
    return simulate_all("test", tmp_path_factory.mktemp("documented") / "world").folder
