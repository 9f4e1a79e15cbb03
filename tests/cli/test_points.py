"""Files of points as spreadsheets write them."""

from __future__ import annotations

import numpy as np
import pytest

from satdesk.cli.points import read_points
from satdesk.errors import BrokenInputError

NAMES = ("lon", "lat", "height")


@pytest.mark.parametrize(
    "text",
    [
        "lon,lat,height\n46.1,40.2,900\n",
        "\ufeffHeight,LAT,Lon\r\n900,40.2,46.1\r\n\r\n",
        "id, lon , lat , height \nchurch, 46.1, 40.2, 900\n",
    ],
)
def test_capitals_spaces_and_line_ends_of_a_header_do_not_matter(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert np.array_equal(read_points(path, NAMES), [[46.1, 40.2, 900.0]])


@pytest.mark.parametrize(
    "text", ["", "lon;lat;height\n1;2;3\n", "lon,lat\n1,2\n", "lon,Lon,lat,height\n1,1,2,3\n"]
)
def test_a_header_that_names_a_column_never_or_twice_is_refused(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenInputError, match="header"):
        read_points(path, NAMES)
