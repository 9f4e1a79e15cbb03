"""The codecs of image files, by name and strength."""

from __future__ import annotations

import re
from dataclasses import dataclass

from satdesk.errors import UsageError

__all__ = ["LEVELS", "QUALITIES", "Codec", "check_codec", "parse_codec"]

LEVELS = {"zstd": range(1, 23), "deflate": range(1, 10)}
QUALITIES = {"jpeg": range(1, 101), "webp": range(1, 101)}
_DEFAULTS = {"zstd": 1, "deflate": 1, "jpeg": 85, "webp": 90}
_PLAIN = ("lzw", "none")
_LOSSY_BANDS = {"jpeg": (1, 3), "webp": (3, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How blocks are compressed.

    Attributes:
        name: ``zstd``, ``deflate``, ``lzw``, ``none``, ``jpeg`` or ``webp``.
        strength: Level of zstd and deflate, quality of jpeg and webp (100 makes webp lossless);
            None for the others.
    """

    name: str
    strength: int | None = None

    @property
    def lossless(self) -> bool:
        """Whether pixels come back as they were."""
        return self.name not in QUALITIES or (self.name == "webp" and self.strength == 100)


def parse_codec(text: str) -> Codec:
    """Read ``zstd:1``, ``deflate:6``, ``lzw``, ``none``, ``jpeg:85``, ``webp:90``.

    Without a number zstd and deflate take 1, jpeg 85 and webp 90. (The levels of deflate are
    libdeflate's: 1 is within a few per cent of zlib's 6 and several times as fast.)

    Raises:
        UsageError: An unknown name, or a number out of its range.
    """
    match = re.fullmatch(r"([a-z]+)(?::(\d{1,3}))?", text.strip().lower())
    name, number = match.groups() if match else ("", None)
    if name in _PLAIN and number is None:
        return Codec(name=name)
    allowed = (LEVELS | QUALITIES).get(name)
    if allowed is None:
        raise _codec_error(text, "zstd:N, deflate:N, lzw, none, jpeg:Q or webp:Q")
    strength = _DEFAULTS[name] if number is None else int(number)
    if strength not in allowed:
        raise _codec_error(text, f"{name}:{allowed.start} to {name}:{allowed.stop - 1}")
    return Codec(name=name, strength=strength)


def check_codec(codec: Codec, planes: int, *, alpha: bool, dtype: str) -> None:
    """Refuse what a codec cannot hold.

    Args:
        codec: The codec.
        planes: Planes of the image, alpha included.
        alpha: Whether the last plane is opacity.
        dtype: NumPy name of the stored type.

    Raises:
        UsageError: Lossy codecs hold 8 bits, JPEG one or three colours, WebP three or four planes.
    """
    if codec.name not in QUALITIES:
        return
    allowed = _LOSSY_BANDS[codec.name]
    if dtype != "uint8" or planes - (alpha and codec.name == "jpeg") not in allowed:
        raise UsageError(
            f"{codec.name} cannot hold this image",
            found=f"{planes} bands of {dtype}",
            expected=f"{' or '.join(map(str, allowed))} bands of uint8",
            remedy="use zstd or deflate",
        )


def _codec_error(text: str, expected: str) -> UsageError:
    return UsageError("unknown codec", subject=text, expected=expected)
