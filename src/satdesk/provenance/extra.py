"""The optional packages that signing and verifying need."""

from __future__ import annotations

from importlib.util import find_spec

from satdesk.errors import UsageError

__all__ = ["require_extra"]

_PACKAGES = {
    "asn1crypto": "asn1crypto",
    "c2pa": "c2pa-python",
    "cryptography": "cryptography",
    "rfc3161_client": "rfc3161-client",
}


def require_extra() -> None:
    """UsageError, saying how to get them, where any of the packages is not installed."""
    absent = [name for module, name in _PACKAGES.items() if find_spec(module) is None]
    if absent:
        raise UsageError(
            "signing and verifying need further packages",
            found=f"not installed: {', '.join(absent)}",
            expected="the extra satdesk[sign]",
            remedy="pip install 'satdesk[sign]'",
        )
