"""``satdesk sign-off``: a draft may be issued, says one key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satdesk.cli.approving import approving

__all__ = ["command"]


def _step() -> Callable[..., dict[str, Any]]:
    """Sign the draft RELEASE off, after its review; two different keys must.

    Then satdesk issue with the same recipe and --log issues it.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    return desk.sign_off


command = approving("sign-off", _step)
