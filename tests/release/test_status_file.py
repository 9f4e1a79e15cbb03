"""A folder without a status is told from a path that leads nowhere."""

from __future__ import annotations

import pytest

from satdesk.errors import MissingInputError
from satdesk.release.status_file import read_status


def test_a_path_that_leads_nowhere_is_told_from_a_folder_without_status(tmp_path):
    with pytest.raises(MissingInputError, match="no status") as empty:
        read_status(tmp_path)
    with pytest.raises(MissingInputError, match="no status") as nowhere:
        read_status(tmp_path / "nowhere")
    assert (empty.value.found, nowhere.value.found) == (
        "a folder without status.json",
        "no such folder",
    )
    assert "check the path" in str(nowhere.value)
