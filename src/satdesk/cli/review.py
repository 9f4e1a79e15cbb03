"""``satdesk review``: a draft was looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satdesk.cli.approving import approving

__all__ = ["command"]


def _step() -> Callable[..., dict[str, Any]]:
    """Say that you reviewed the draft RELEASE: its facts, words and pictures.

    Its files must be as they were written. What is reviewed is the recipe and the pictures, so the
    review holds for what is issued of the same.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    return desk.review


command = approving("review", _step)
