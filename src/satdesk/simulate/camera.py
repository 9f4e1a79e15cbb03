"""A rigorous pushbroom camera: an orbit, an attitude and a line of detectors.

The picture of the geometry: a circular orbit in inertial space, the earth turning beneath it, and a
body whose axes are x forward, y right, z down (towards the earth's centre) before it turns. One row
is imaged at one instant; columns run to the left of the flight, so that a picture taken from above
is not mirrored. Band arrays lie apart along x: the same ground is seen by each at another time and
from another place, which is where parallax between bands comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.earth import (
    EARTH_RATE,
    GM,
    MAJOR_AXIS_M,
    enu_axes,
    geocentric,
    meet_height,
    spin,
)

__all__ = ["Attitude", "Camera", "Orbit", "aim", "view_angles"]

Floats = NDArray[np.float64]

ALTITUDE_M = 694_000.0
INCLINATION_DEG = 98.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Orbit:
    """A circular orbit; the inertial axes coincide with the earth's at time zero.

    Attributes:
        node_deg: Longitude of the ascending node at time zero.
        argument_deg: Angle from the node to the satellite at time zero (90–270 descends).
        altitude_m: Above the equatorial radius.
        inclination_deg: 98.2 is sun-synchronous at this altitude.
    """

    node_deg: float
    argument_deg: float
    altitude_m: float = ALTITUDE_M
    inclination_deg: float = INCLINATION_DEG

    @property
    def rate(self) -> float:
        """Angular rate, rad s⁻¹ (Kepler's third law)."""
        return float(np.sqrt(GM / (MAJOR_AXIS_M + self.altitude_m) ** 3))

    def frame(self, time_s: Floats) -> tuple[Floats, Floats]:
        """Position ``(..., 3)`` and axes ``(..., 3, 3)`` (forward, right, down), earth-fixed."""
        u = np.radians(self.argument_deg) + self.rate * time_s
        node, tilt = np.radians(self.node_deg), np.radians(self.inclination_deg)
        p = np.array([np.cos(node), np.sin(node), 0.0])
        q = np.array([-np.sin(node) * np.cos(tilt), np.cos(node) * np.cos(tilt), np.sin(tilt)])
        up = np.cos(u)[..., None] * p + np.sin(u)[..., None] * q
        forward = -np.sin(u)[..., None] * p + np.cos(u)[..., None] * q
        angle = EARTH_RATE * time_s
        up, forward = spin(up, angle), spin(forward, angle)
        down = -up
        right = np.cross(down, forward)
        position = (MAJOR_AXIS_M + self.altitude_m) * up
        return position, np.stack([forward, right, down], axis=-2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attitude:
    """How the body is turned against the orbit's axes, as a function of time.

    Attributes:
        roll_deg: Positive looks to the right of the flight.
        pitch_deg: Positive looks forward.
        yaw_deg: Positive turns the nose to the right.
        drift_urad_s: Linear drift of roll, pitch, yaw, µrad a second.
        jitter_urad: Amplitude of a sine on roll, pitch, yaw, µrad.
        jitter_hz: Its frequency.
    """

    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    drift_urad_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    jitter_urad: tuple[float, float, float] = (0.0, 0.0, 0.0)
    jitter_hz: float = 35.0

    def rotation(self, time_s: Floats) -> Floats:
        """Matrices ``(..., 3, 3)`` from body to orbit axes."""
        still = np.radians([self.roll_deg, self.pitch_deg, self.yaw_deg])
        moving = np.array(self.drift_urad_s) * np.asarray(time_s)[..., None]
        # Phases apart, so that the three do not pass through zero together.
        phase = 2 * np.pi * self.jitter_hz * np.asarray(time_s)[..., None] + np.array([0.0, 2, 4])
        shaken = np.array(self.jitter_urad) * np.sin(phase)
        roll, pitch, yaw = np.moveaxis(still + 1e-6 * (moving + shaken), -1, 0)
        return _turn(pitch, 1) @ _turn(-roll, 0) @ _turn(yaw, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One line array (or the virtual array of a product): a `core.sensor.SensorModel`.

    Attributes:
        orbit: Where it flies.
        attitude: How it is turned.
        shape: ``rows, cols`` of its image.
        middle_s: When the middle row is imaged, seconds.
        step: Tangent of the angle between two neighbouring columns.
        line_period_s: Time between two rows.
        look_along: Tangent of the forward look of the array (its place on the focal plane).
        margin_px: Pixels around the image in which it still answers; NaN beyond.
    """

    orbit: Orbit
    attitude: Attitude = field(default_factory=Attitude)
    shape: tuple[int, int]
    step: float
    line_period_s: float
    look_along: float = 0.0
    middle_s: float = 0.0
    margin_px: float = 200.0

    def rays(self, col: Floats, row: Floats) -> tuple[Floats, Floats]:
        """Origins and directions ``(..., 3)`` of pixels' rays, earth-fixed."""
        col, row = np.broadcast_arrays(np.asarray(col, float), np.asarray(row, float))
        time = self.time_s(row)
        position, axes = self.orbit.frame(time)
        across = -(col - self.shape[1] / 2) * self.step
        look = np.stack([np.full_like(across, self.look_along), across, np.ones_like(across)], -1)
        turned = np.einsum("...ij,...j->...i", self.attitude.rotation(time), look)
        return position, np.einsum("...ji,...j->...i", axes, turned)

    def time_s(self, row: Floats) -> Floats:
        """When `row` is imaged, seconds."""
        return np.asarray(self.middle_s + (row - self.shape[0] / 2) * self.line_period_s)

    def centred(self, lon_deg: float, lat_deg: float, height_m: float) -> Camera:
        """The same array, started so that a place falls into its middle row."""
        place = (np.array(lon_deg), np.array(lat_deg), np.array(height_m))
        _, row = replace(self, margin_px=1e9).project(*place)
        return replace(self, middle_s=float(self.time_s(row)))

    def locate(self, col: Floats, row: Floats, height: Floats) -> tuple[Floats, Floats]:
        """Where the rays of pixels reach a height; see `core.sensor.SensorModel`."""
        col, row, height = np.broadcast_arrays(
            np.asarray(col, float), np.asarray(row, float), np.asarray(height, float)
        )
        lon, lat = meet_height(*self.rays(col, row), height)
        inside = self._inside(col, row)
        return np.where(inside, lon, np.nan), np.where(inside, lat, np.nan)

    def project(self, lon: Floats, lat: Floats, height: Floats) -> tuple[Floats, Floats]:
        """Where ground points are imaged; see `core.sensor.SensorModel`.

        Newton's method on time: the point is imaged when it crosses the array's plane.
        """
        point = geocentric(
            np.asarray(lon, float), np.asarray(lat, float), np.asarray(height, float)
        )
        time = np.full(point.shape[:-1], self.middle_s)
        delta = self.line_period_s
        for _ in range(8):
            here = self._tangents(point, time)[0] - self.look_along
            ahead = self._tangents(point, time + delta)[0] - self.look_along
            # Clipped: a point far outside must not run to the other side of the earth.
            time = np.clip(time - here * delta / (ahead - here), -600, 600)
        along, across = self._tangents(point, time)
        col = self.shape[1] / 2 - across / self.step
        row = self.shape[0] / 2 + (time - self.middle_s) / self.line_period_s
        good = self._inside(col, row) & (np.abs(along - self.look_along) < 1e-9)
        return np.where(good, col, np.nan), np.where(good, row, np.nan)

    def _tangents(self, point: Floats, time: Floats) -> tuple[Floats, Floats]:
        position, axes = self.orbit.frame(time)
        in_orbit = np.einsum("...ij,...j->...i", axes, point - position)
        body = np.einsum("...ji,...j->...i", self.attitude.rotation(time), in_orbit)
        return body[..., 0] / body[..., 2], body[..., 1] / body[..., 2]

    def _inside(self, col: Floats, row: Floats) -> NDArray[np.bool_]:
        rows, cols = self.shape
        m = self.margin_px
        return np.asarray((col >= -m) & (col <= cols + m) & (row >= -m) & (row <= rows + m))


def aim(camera: Camera, lon_deg: float, lat_deg: float, height_m: float) -> Camera:
    """The same camera on the orbit and with the yaw that put its middle over a place.

    The node and the argument are found by Newton's method; the yaw is steered so that rows and
    columns cross at a right angle on the ground in the middle of the image.
    """
    still = replace(
        camera,
        look_along=0.0,
        margin_px=1e9,
        attitude=replace(camera.attitude, drift_urad_s=(0, 0, 0), jitter_urad=(0, 0, 0)),
    )
    still = replace(still, orbit=_orbit_above(still.orbit, lon_deg, lat_deg))
    for _ in range(3):
        still = _over(still, lon_deg, lat_deg, height_m)
        turned = replace(
            still.attitude, yaw_deg=still.attitude.yaw_deg + _skew_deg(still, height_m)
        )
        still = replace(still, attitude=turned)
    still = _over(still, lon_deg, lat_deg, height_m)
    attitude = replace(camera.attitude, yaw_deg=still.attitude.yaw_deg)
    return replace(camera, orbit=still.orbit, attitude=attitude)


def view_angles(camera: Camera, col: float, row: float, height_m: float) -> dict[str, float]:
    """Angles of one pixel's view, degrees.

    Returns:
        ``incidence_deg`` at the ground, ``azimuth_deg`` from the ground to the satellite,
        ``viewing_deg`` off nadir at the satellite, and its parts along the flight
        (``viewing_along_deg``, forward) and across (``viewing_across_deg``, right).
    """
    origin, direction = camera.rays(np.asarray(col), np.asarray(row))
    lon, lat = meet_height(origin, direction, np.asarray(height_m))
    up_ray = -direction / np.linalg.norm(direction)
    axes = enu_axes(float(lon), float(lat))
    east, north, up = axes @ up_ray
    _, body = camera.orbit.frame(camera.time_s(np.asarray(row)))
    forward, right, down = body @ -up_ray
    degrees = {
        "incidence_deg": np.arccos(min(up, 1.0)),
        "azimuth_deg": np.arctan2(east, north) % (2 * np.pi),
        "viewing_deg": np.arccos(min(down, 1.0)),  # rounding passes 1 straight below
        "viewing_along_deg": np.arctan2(forward, down),
        "viewing_across_deg": np.arctan2(right, down),
    }
    return {name: float(np.degrees(value)) for name, value in degrees.items()}


def _orbit_above(orbit: Orbit, lon_deg: float, lat_deg: float) -> Orbit:
    """The descending orbit that passes over a place at time zero (spherical first guess)."""
    tilt = np.radians(orbit.inclination_deg)
    u = np.pi - np.arcsin(np.clip(np.sin(np.radians(lat_deg)) / np.sin(tilt), -1, 1))
    swept = np.degrees(np.arctan2(np.cos(tilt) * np.sin(u), np.cos(u)))
    return replace(orbit, node_deg=float(lon_deg - swept), argument_deg=float(np.degrees(u)))


def _over(camera: Camera, lon_deg: float, lat_deg: float, height_m: float) -> Camera:
    """Move the orbit until the middle pixel sees the place."""
    goal = np.array([lon_deg, lat_deg])

    def seen(orbit: Orbit) -> Floats:
        moved = replace(camera, orbit=orbit)
        rows, cols = camera.shape
        return np.array(moved.locate(np.array(cols / 2), np.array(rows / 2), np.array(height_m)))

    orbit, nudge = camera.orbit, 1e-3
    for _ in range(8):
        here = seen(orbit)
        by_node = seen(replace(orbit, node_deg=orbit.node_deg + nudge)) - here
        by_argument = seen(replace(orbit, argument_deg=orbit.argument_deg + nudge)) - here
        change = np.linalg.solve(np.stack([by_node, by_argument], axis=1) / nudge, goal - here)
        orbit = replace(
            orbit,
            node_deg=orbit.node_deg + float(change[0]),
            argument_deg=orbit.argument_deg + float(change[1]),
        )
    return replace(camera, orbit=orbit)


def _skew_deg(camera: Camera, height_m: float) -> float:
    """By how much the yaw must grow for rows and columns to cross at a right angle."""
    rows, cols = camera.shape
    col = cols / 2 + np.array([0.0, 0, -50, 50])
    row = rows / 2 + np.array([-50.0, 50, 0, 0])
    lon, lat = camera.locate(col, row, np.full(4, height_m))
    x, y = lon * np.cos(np.radians(lat.mean())), lat
    along = np.degrees(np.arctan2(x[1] - x[0], y[1] - y[0]))
    across = np.degrees(np.arctan2(x[3] - x[2], y[3] - y[2]))
    # Columns run to the left of the flight: a right angle is azimuth(flight) − 90.
    return float((along - 90 - across + 180) % 360 - 180)


def _turn(angle: Floats, axis: int) -> Floats:
    """Rotation matrices ``(..., 3, 3)`` about one axis."""
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.zeros((*np.shape(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[..., axis, axis] = 1
    matrix[..., i, i], matrix[..., j, j] = c, c
    matrix[..., i, j], matrix[..., j, i] = -s, s
    return matrix
