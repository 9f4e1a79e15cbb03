"""The invented world: one relief, what stands on it, and how it looks on a date.

A world is built once from a seed; `State` says what of it is there and which season it is. Before
and after are two states of one world, so that nothing but the stated change differs.
"""

from __future__ import annotations

from dataclasses import dataclass

from satdesk.core.sensor import Terrain
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.plane import Plane
from satdesk.simulate.relief import HALF_M, Relief, make_relief
from satdesk.simulate.settle import Building, Hamlet, Road, find_ground, houses, road, sheds

__all__ = ["State", "World", "make_world"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The world on a date.

    Attributes:
        changed: Whether the invented event has happened: a farm and its road are there, a hamlet
            has lost its houses.
        dryness: 0 = grass in full growth, 1 = dry.
        autumn: 0 = all trees green, 1 = all turned.
        snow_line_m: Height above the ellipsoid from which snow lies; fresh and uneven.
    """

    changed: bool = False
    dryness: float = 0.3
    autumn: float = 0.0
    snow_line_m: float = 9000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Everything that is there on some date.

    Attributes:
        relief: The ground.
        seed: What it was made from.
        hamlets: A (stays), B (loses its houses), C (the new farm).
        lasting: Houses of A.
        lost: Houses of B.
        new: Buildings of C.
        old_roads: There on both dates.
        new_road: Leads to C after the event.
    """

    relief: Relief
    seed: int
    hamlets: tuple[Hamlet, Hamlet, Hamlet]
    lasting: tuple[Building, ...]
    lost: tuple[Building, ...]
    new: tuple[Building, ...]
    old_roads: tuple[Road, ...]
    new_road: Road

    def buildings(self, state: State) -> tuple[Building, ...]:
        """What stands on a date."""
        return self.lasting + (self.new if state.changed else self.lost)

    def roads(self, state: State) -> tuple[Road, ...]:
        """What can be driven on a date."""
        return (*self.old_roads, self.new_road) if state.changed else self.old_roads


def make_world(
    base: Terrain,
    plane: Plane,
    seed: int,
    middle: tuple[float, float] = (0.0, 0.0),
    landscape: Landscape = Landscape.MOUNTAIN,
    half_m: float = HALF_M,
) -> World:
    """Build a world around `plane`; its hamlets lie around `middle` (metres of the plane).

    Args:
        base: Coarse heights above the ellipsoid.
        plane: Origin of the world.
        seed: Another seed, another world.
        middle: Where pictures of it will be centred.
        landscape: How high its relief is.
        half_m: From its middle to its edges.
    """
    relief = make_relief(base, plane, seed, landscape, half_m)
    # People live in the middle of a world, however wide it is.
    core = relief.part(-HALF_M, -HALF_M, HALF_M, HALF_M)
    a, b, c = find_ground(core, middle, 3)
    hamlets = (
        Hamlet(name="Invented hamlet A (simulated)", x=a[0], y=a[1], radius_m=150),
        Hamlet(name="Invented hamlet B (simulated)", x=b[0], y=b[1], radius_m=95),
        Hamlet(name="Invented farm C (simulated)", x=c[0], y=c[1], radius_m=130),
    )
    edge = HALF_M - 60
    lines = (
        (a, (edge, b[1]), 5.0),
        (a, (-edge, a[1]), 5.0),
        (a, b, 4.5),
    )
    return World(
        relief=relief,
        seed=seed,
        hamlets=hamlets,
        lasting=houses(hamlets[0], seed + 100),
        lost=houses(hamlets[1], seed + 200),
        new=sheds(hamlets[2], 0.5),
        old_roads=tuple(road(core, start, end, width) for start, end, width in lines),
        new_road=road(core, a, c, 8.0),
    )
