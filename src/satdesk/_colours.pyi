from numpy import float64, int16, uint8
from numpy.typing import NDArray

# A picture on another grid in C; satdesk.geometry.warping says what it computes.
def warp(
    pixels: NDArray[uint8],
    curves: NDArray[float64],
    weights: NDArray[int16],
    out: NDArray[uint8],
    opaque: bool,
    vectors: bool,
    /,
) -> None: ...

# A picture at half its resolution in C; satdesk.files.reduction says what it computes.
def halve(pixels: NDArray[uint8], out: NDArray[uint8], /) -> None: ...
