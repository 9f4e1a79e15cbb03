from typing import Any

from numpy.typing import NDArray

# Half the resolution of a block in C; satdesk.files.reduction says what it computes.
def halve(
    values: NDArray[Any],
    out: NDArray[Any],
    kind: str,
    mode: int,
    nodata: float,
    vectors: bool,
    /,
) -> None: ...

# Differences of a block in C; satdesk.files.predictor says what it computes.
def predict(values: NDArray[Any], out: NDArray[Any], size: int, /) -> None: ...
