"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("satdesk", deadline=None, derandomize=True)
settings.load_profile("satdesk")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real test data; lies beside the checkout or where SATDESK_TEST_DATA says."""
    folder = Path(os.environ.get("SATDESK_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real test data is not here ({folder.name} folder absent)")
    return folder
