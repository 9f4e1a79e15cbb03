"""How rough the invented relief is."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Landscape"]


class Landscape(StrEnum):
    """One relief, as high as it is or flattened about its mean height: nothing else differs."""

    MOUNTAIN = "mountain"
    """Real heights of the Lesser Caucasus with invented valleys; 1,200 m within 7 km."""
    GENTLE = "gentle"
    """An eighth of that: hills of a hundred metres and more."""
    PLAIN = "plain"
    """A 200th: within a few metres of one height."""

    @property
    def share(self) -> float:
        """Of the mountain's heights above its mean."""
        return {"mountain": 1.0, "gentle": 0.125, "plain": 0.005}[self.value]
