"""What covers the ground, as reflectance in B, G, R, NIR on a window of the plane.

Each cover is a weight between 0 and 1 and a colour with its own texture; they are laid over each
other from meadows up to snow. Colours are typical spectra at 0.49, 0.56, 0.66 and 0.82 µm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.noise import Axes, noise
from satdesk.simulate.world import State, World

__all__ = ["Ground", "natural_cover"]

Floats = NDArray[np.floating]
Spectrum = tuple[float, float, float, float]

LUSH: Spectrum = (0.032, 0.066, 0.042, 0.36)
DRY: Spectrum = (0.062, 0.098, 0.125, 0.28)
FOREST: Spectrum = (0.019, 0.034, 0.022, 0.25)
TURNED: Spectrum = (0.030, 0.066, 0.098, 0.29)
ROCK: Spectrum = (0.105, 0.122, 0.135, 0.165)
SCREE: Spectrum = (0.145, 0.168, 0.185, 0.22)
GRAVEL: Spectrum = (0.17, 0.195, 0.21, 0.25)
WATER: Spectrum = (0.055, 0.070, 0.048, 0.018)
SNOW: Spectrum = (0.70, 0.69, 0.68, 0.60)

_TREE_LINE_M = 2080.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A window being covered.

    Attributes:
        axes: x of its columns, y of its rows.
        bands: ``(4, y, x)`` float32 reflectance of a level surface, written to.
        height: ``(y, x)`` metres above the ellipsoid, smooth.
        slopes: Rise per metre to the east and the north.
        flow: log₁₀ of the square metres that drain through.
        bumps: ``(y, x)`` rise of what stands on the ground (crowns, stones), metres; written to.
    """

    axes: Axes
    bands: Floats
    height: Floats
    slopes: tuple[Floats, Floats]
    flow: Floats
    bumps: Floats

    def lay(self, weight: Floats, color: Spectrum, texture: Floats | float = 1.0) -> None:
        """Cover with a colour (times a texture) where the weight is 1."""
        if not weight.any():
            return
        change = np.empty_like(self.bands[0])
        for plane, value in zip(self.bands, color, strict=True):
            # In place, plane + weight · (colour − plane): this is where a picture's time goes.
            np.multiply(texture, np.float32(value), out=change)
            change -= plane
            change *= weight
            np.add(plane, change, out=plane)


def natural_cover(ground: Ground, world: World, state: State) -> None:
    """Meadows, forest, rock, scree, brooks and snow."""
    seed = world.seed + 1000
    fields = {
        name: noise(ground.axes, wavelength, seed + number)
        for number, (name, wavelength) in enumerate(
            (("broad", 420.0), ("patch", 95.0), ("clump", 27.0), ("stone", 7.0), ("grain", 2.6))
        )
    }
    steep = np.hypot(*ground.slopes)
    _meadow(ground, state, fields)
    _rock(ground, steep, fields)
    _forest(ground, world, state, steep, fields)
    _brook(ground, fields)
    _snow(ground, state, steep, fields)


def _meadow(ground: Ground, state: State, fields: dict[str, Floats]) -> None:
    """Grass: greener in hollows and on northern flanks, worn and dry on crests."""
    damp = 0.30 * fields["broad"] + 0.22 * fields["patch"] + 0.10 * fields["clump"]
    damp += np.clip(ground.flow - 3.2, -1, 2) * 0.35 - 0.55 * ground.slopes[1]
    dry = ramp(damp, 1.25 * state.dryness - 0.75, -1.5)
    texture = 1 + 0.07 * fields["stone"] + 0.07 * fields["grain"] + 0.05 * fields["clump"]
    ground.bands[:] = np.array(LUSH, np.float32)[:, None, None] * texture
    ground.lay(dry, DRY, texture)
    ground.bumps[:] = 0.10 * fields["stone"] + 0.12 * fields["clump"]


def _rock(ground: Ground, steep: Floats, fields: dict[str, Floats]) -> None:
    """Bare rock where it is steep, scree below it and in gullies, single stones on crests."""
    craggy = steep + 0.10 * fields["patch"] + 0.08 * fields["clump"] + 0.04 * fields["stone"]
    craggy += np.clip((ground.height - 1950) / 2500, -0.1, 0.2)
    scree = 0.8 * ramp(craggy, 0.68, 0.12)
    rough = 1 + 0.10 * fields["grain"] + 0.13 * fields["stone"]
    ground.lay(scree, SCREE, rough)
    rock = ramp(craggy, 0.79, 0.10)
    strata = np.sin(ground.height / 2.3 + 0.8 * fields["clump"])
    ground.lay(rock, ROCK, rough + 0.10 * strata)
    ground.bumps[:] += rock * (0.8 * fields["stone"] + 0.9 * fields["clump"])


def _forest(
    ground: Ground, world: World, state: State, steep: Floats, fields: dict[str, Floats]
) -> None:
    """Crowns of 6 m on northern flanks below the tree line, thinning out at the edges."""
    want = 0.95 * ground.slopes[1] + 0.28 * fields["broad"] + 0.20 * fields["patch"]
    want += np.clip((_TREE_LINE_M - ground.height) / 420, -1.6, 0.6) - 0.45
    want += 0.07 * fields["clump"] - 0.8 * np.maximum(steep - 0.75, 0)
    x, y = ground.axes[0][None, :], ground.axes[1][:, None]
    for hamlet in world.hamlets:
        # Cleared around a hamlet (and where there will be one), with an uneven edge.
        distance = np.hypot(x - hamlet.x, y - hamlet.y) / hamlet.radius_m
        want -= 1.5 * ramp(distance + 0.35 * fields["patch"], 2.3, -1.4)
    crowns = noise(ground.axes, 4.3, world.seed + 1100)
    closed = ramp(want, 0.18, 0.30)
    cover = ramp(crowns + 4.2 * closed - 2.5, 0.0, 0.7)
    tint = noise(ground.axes, 9.0, world.seed + 1101)
    texture = 0.92 + 0.16 * crowns + 0.10 * tint
    ground.lay(cover, FOREST, texture)
    turned = ramp(tint + 0.7 * fields["patch"], 2.2 - 3.0 * state.autumn, 0.5) * cover
    if state.autumn > 0:
        ground.lay(turned, TURNED, texture)
    ground.bumps[:] += cover * (3.2 + 1.7 * crowns)


def _brook(ground: Ground, fields: dict[str, Floats]) -> None:
    """Water where enough ground drains, in a bed of pale gravel."""
    strength = ground.flow + 0.05 * fields["patch"]
    ground.lay(ramp(strength, 5.55, 0.12), GRAVEL, 1 + 0.10 * fields["grain"])
    ground.lay(ramp(strength, 5.83, 0.07), WATER, 1 + 0.08 * fields["stone"])
    ground.bumps[:] *= 1 - ramp(strength, 5.5, 0.1)


def _snow(ground: Ground, state: State, steep: Floats, fields: dict[str, Floats]) -> None:
    """Snow above its line: lower in shade and hollows, blown off crests and cliffs."""
    above = (ground.height - state.snow_line_m) / 75 + 1.9 * ground.slopes[1]
    above += 0.35 * fields["patch"] + 0.28 * fields["clump"] + 0.15 * fields["stone"]
    above -= 2.2 * np.maximum(steep - 0.6, 0)
    ground.lay(ramp(above, 0.4, 0.5), SNOW, 1 + 0.02 * fields["grain"])


def ramp(value: Floats, middle: float, width: float) -> Floats:
    """0 below, 1 above, smooth between; a negative width turns it round."""
    t = np.clip((value - np.float32(middle)) / np.float32(width) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
