"""What a picture can be known by when its file and its metadata are gone.

A fingerprint holds the picture's distinctive points, each described by the edges around it (D. G.
Lowe, Int. J. Computer Vision 60 (2004) 91–110; descriptors as square roots, R. Arandjelović and A.
Zisserman, CVPR 2012), and a small grey copy. Two fingerprints are compared in two steps: points
that resemble each other must agree on one affine map (robustly), and under that map the grey copies
must correlate, block by block. The first step finds the place, the second tells the picture from
another picture of the same place, and from another picture that bears the same lettering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import MissingInputError, UsageError
from satdesk.release.consensus import consensus

__all__ = [
    "EDGE_PX",
    "Described",
    "Fingerprint",
    "Likeness",
    "Placed",
    "compare",
    "fingerprint",
    "grey",
    "likeness",
    "place",
]

EDGE_PX = 1024
"""Longest edge of what is described at once; larger pictures are cut or shrunk by the caller."""

_POINTS = 1500
_RATIO = 0.85
"""A match must be this much nearer than the second nearest; Lowe's 0.8 is for larger sets."""
_INLIER_PX = 3.0
_FEWEST_INLIERS = 8
_FEWEST_ALIKE_TURNED = 6
"""Of the matches so many must agree on turn and scale, or no map is sought."""
_SCALES = (0.1, 10.0)
_BLOCK_PX = 24
_TEXTURE = 2.0
"""Standard deviation in grey levels below which a block says nothing."""
_ALIKE = 0.95
"""Of copies, however compressed, the median block correlates by 0.99; of two scenes of one place
with nothing changed by at most 0.90 (`docs/explanation/identify.md`)."""
_BLUR_PX = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Described:
    """The distinctive points of one picture of at most `EDGE_PX` pixels a side.

    Attributes:
        points: ``(n, 2)`` float32, col and row from the outer corner of the first pixel; the most
            distinct first.
        descriptors: ``(n, 128)`` uint8, the square roots of the gradients' shares, times 255.
        shapes: ``(n, 2)`` float32: size as a power of two, direction in turns (0–1).
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    shapes: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprint(Described):
    """A picture's points with the picture.

    Attributes:
        grey: ``(y, x)`` uint8.
    """

    grey: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How one picture lies in another.

    Attributes:
        matrix: ``a, b, c, d, e, f``: col' = a·col + b·row + c, row' = d·col + e·row + f, from the
            query's pixels to the reference's.
        points: Matched points that agree on it.
        blocks: Blocks of the query with texture that lie in the reference.
        alike: Share of them that correlate by more than 0.95.
        correlation: Median correlation of the blocks.
    """

    matrix: tuple[float, float, float, float, float, float]
    points: int
    blocks: int
    alike: float
    correlation: float


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma ``(y, x)`` uint8 of ``(y, x, 3)``, by the weights of ITU-R BT.601 (as JPEG's)."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(np.rint(rgb.astype(np.float32) @ weights), np.uint8)


def fingerprint(picture: NDArray[np.uint8]) -> Fingerprint:
    """Describe a grey picture ``(y, x)`` uint8.

    Raises:
        UsageError: It is larger than `EDGE_PX`.
        MissingInputError: OpenCV is not installed.
    """
    if picture.ndim != 2 or max(picture.shape) > EDGE_PX:
        raise UsageError(
            "a fingerprint is taken of a small grey picture",
            found=f"{picture.shape}",
            expected=f"(y, x) of at most {EDGE_PX} pixels",
        )
    found, described = _opencv().SIFT_create(_POINTS, 3, 0.02).detectAndCompute(picture, None)
    if not found:
        return Fingerprint(
            grey=picture,
            points=np.zeros((0, 2), np.float32),
            descriptors=np.zeros((0, 128), np.uint8),
            shapes=np.zeros((0, 2), np.float32),
        )
    order = np.argsort([-point.response for point in found], kind="stable")
    found, described = [found[index] for index in order], described[order]
    shares = described / np.maximum(described.sum(axis=1, keepdims=True), 1)
    return Fingerprint(
        grey=picture,
        # OpenCV counts from the centre of the first pixel.
        points=np.array([point.pt for point in found], np.float32) + np.float32(0.5),
        descriptors=np.rint(np.sqrt(shares) * 255).astype(np.uint8),
        shapes=np.array([(np.log2(p.size), p.angle / 360 % 1) for p in found], np.float32),
    )


def compare(query: Fingerprint, reference: Fingerprint) -> Likeness | None:
    """How `query` lies in `reference`; None where no map from one to the other can be found."""
    placed = place(query, reference)
    return None if placed is None else likeness(placed, query.grey, reference.grey)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """A map from a query's pixels to a reference's, and how many points agree on it.

    Attributes:
        matrix: ``(2, 3)``, as `Likeness.matrix`.
        points: Matched points that agree on it.
    """

    matrix: NDArray[np.float64]
    points: int


def place(query: Described, reference: Described) -> Placed | None:
    """The map from `query` to `reference` that their points agree on; None where there is none."""
    pairs = _pairs(query.descriptors, reference.descriptors)
    shapes = query.shapes[pairs[:, 0]], reference.shapes[pairs[:, 1]]
    if len(pairs) < _FEWEST_INLIERS or consensus(*shapes) < _FEWEST_ALIKE_TURNED:
        return None
    here, there = query.points[pairs[:, 0]], reference.points[pairs[:, 1]]
    matrix, inside = _opencv().estimateAffine2D(
        here, there, ransacReprojThreshold=_INLIER_PX, maxIters=5000, confidence=0.999
    )
    points = 0 if matrix is None else int(np.count_nonzero(inside))
    if points < _FEWEST_INLIERS or not _plausible(matrix):
        return None
    return Placed(matrix=matrix, points=points)


def likeness(placed: Placed, query: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Likeness:
    """What the grey copies say of a map between them."""
    blocks = _correlations(query, reference, placed.matrix)
    return Likeness(
        matrix=_six(placed.matrix),
        points=placed.points,
        blocks=len(blocks),
        alike=float(np.mean(blocks > _ALIKE)) if len(blocks) else 0.0,
        correlation=float(np.median(blocks)) if len(blocks) else 0.0,
    )


def _six(matrix: NDArray[np.float64]) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(v) for v in matrix.ravel())
    return a, b, c, d, e, f


def _pairs(query: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.intp]:
    """``(n, 2)`` indices of points that resemble each other and nothing else."""
    if len(query) < 2 or len(reference) < 2:
        return np.zeros((0, 2), np.intp)
    closeness = query.astype(np.float32) @ reference.T.astype(np.float32)
    nearest = closeness.argmax(axis=1)
    rows = np.arange(len(query))
    best = closeness[rows, nearest]
    closeness[rows, nearest] = -np.inf
    second = closeness.max(axis=1)
    # Of vectors of one length: distance² = 2 (length² − product).
    length = np.float32(255**2)
    distance, other = (np.sqrt(np.maximum(length - v, 1e-3)) for v in (best, second))
    clear = distance < _RATIO * other
    return np.stack([rows[clear], nearest[clear]], axis=1)


def _plausible(matrix: NDArray[np.float64]) -> bool:
    """Whether a map neither mirrors nor shears or stretches beyond what screens and crops do."""
    part = matrix[:, :2]
    small, large = sorted(np.linalg.svd(part, compute_uv=False))
    mirrored = np.linalg.det(part) <= 0
    return not mirrored and _SCALES[0] < small and large < _SCALES[1] and large < 1.5 * small


def _correlations(
    query: NDArray[np.uint8], reference: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Correlation of each textured block of the coarser picture's pixels."""
    scale = float(np.sqrt(np.linalg.det(matrix[:, :2])))
    if scale >= 1:  # the query is the coarser one: bring the reference to it
        return _blocks(query, reference, matrix)
    inverse = _opencv().invertAffineTransform(matrix)
    return _blocks(reference, query, inverse)


def _blocks(
    coarse: NDArray[np.uint8], fine: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> NDArray[np.float32]:
    """As `_correlations`, with `matrix` from the coarse picture's pixels to the fine one's."""
    cv2 = _opencv()
    scale = max(float(np.sqrt(np.linalg.det(matrix[:, :2]))), 1.0)
    smooth = _blurred(fine, 0.5 * np.sqrt(scale**2 - 1))
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5  # OpenCV counts from centres
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = coarse.shape[::-1]
    warped = cv2.warpAffine(smooth, centred, size, flags=flags)
    inside = cv2.warpAffine(np.ones_like(smooth), centred, size, flags=flags) > 0.999
    first, second = (_tiles(_blurred(plane, _BLUR_PX)) for plane in (coarse, warped))
    whole = _tiles(inside.astype(np.float32)).min(axis=-1) > 0
    textured = whole & (first.std(axis=-1) > _TEXTURE) & (second.std(axis=-1) > _TEXTURE)
    return _correlation(first[textured], second[textured])


def _blurred(plane: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """Gaussian, cut at four standard deviations, the edge mirrored."""
    values = np.asarray(plane, np.float32)
    reach = int(4 * sigma + 0.5)
    if reach == 0:
        return values
    cv2 = _opencv()
    size = (2 * reach + 1, 2 * reach + 1)
    blurred = cv2.GaussianBlur(values, size, sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def _tiles(plane: NDArray[Any]) -> NDArray[Any]:
    """``(n, pixels)`` of the whole blocks of a plane."""
    rows, cols = (size // _BLOCK_PX for size in plane.shape)
    cut = plane[: rows * _BLOCK_PX, : cols * _BLOCK_PX]
    blocks = cut.reshape(rows, _BLOCK_PX, cols, _BLOCK_PX).swapaxes(1, 2)
    return blocks.reshape(rows * cols, _BLOCK_PX * _BLOCK_PX)


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float32]:
    a = first - first.mean(axis=1, keepdims=True)
    b = second - second.mean(axis=1, keepdims=True)
    return np.asarray((a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)))


def _opencv() -> Any:  # noqa: ANN401 - an untyped library
    try:
        import cv2  # noqa: PLC0415 - large, and optional
    except ImportError as error:
        raise MissingInputError(
            "OpenCV is not installed",
            expected="the package opencv-python-headless",
            remedy="pip install 'satdesk[identify]'",
        ) from error
    return cv2
