"""DIMAP v2: gains, biases, solar irradiance, ranges. Everything attaches to bands by BAND_ID."""

from __future__ import annotations

from satdesk.core.scene import BandCalibration, Problem
from satdesk.errors import UsageError
from satdesk.files.xml import Node

__all__ = ["calibration", "maxima", "measured_ids", "range_problems", "spectral_ranges"]

_BASIC = {"BASIC", "NONE"}
_REFLECTANCE = {"REFLECTANCE"}


def measured_ids(document: Node) -> tuple[str, ...]:
    """Ids of the bands that have a radiance calibration."""
    return tuple(_by_id(document, "Band_Radiance"))


def spectral_ranges(document: Node) -> dict[str, tuple[float, float]]:
    """Pass bands in nanometres by BAND_ID, from nanometres or micrometres."""
    ranges = {}
    for name, node in _by_id(document, "Band_Spectral_Range").items():
        low = node.number("MIN") if node.text("MIN") else node.number("FWHM/MIN")
        high = node.number("MAX") if node.text("MAX") else node.number("FWHM/MAX")
        if low is None or high is None or not 0 < low < high:
            continue
        # The unit is stated, and stated wrongly often enough: light has no 0.6 nm and no 600 µm.
        factor = 1000.0 if high < 20 else 1.0
        ranges[name] = (round(low * factor, 6), round(high * factor, 6))
    return ranges


def calibration(
    document: Node, ids: tuple[str, ...]
) -> tuple[tuple[BandCalibration, ...] | None, str | None]:
    """One calibration a band in the order of `ids`, or None and the reason.

    BASIC: radiance = counts / GAIN + BIAS, the formula that the files print in MEASURE_DESC.
    REFLECTANCE: reflectance = counts / GAIN + BIAS of ``Band_Reflectance``.
    Anything stretched for display cannot be calibrated.
    """
    settings = "Processing_Information/Product_Settings/Radiometric_Settings"
    processing = document.text(f"{settings}/RADIOMETRIC_PROCESSING") or "BASIC"
    adjusted = document.text("Radiometric_Data/Dynamic_Adjustment/ADJUSTMENT_TYPE") or "NONE"
    if processing not in _BASIC | _REFLECTANCE or adjusted not in {"NONE", "NA"}:
        return None, f"the counts are adjusted for display ({processing}, {adjusted})"
    one = _reflectance if processing in _REFLECTANCE else _radiance
    found = []
    for name in ids:
        try:
            value = one(document, name)
        except UsageError as error:
            return None, f"{name}: {error}"
        if value is None:
            return None, f"band {name} has no gain"
        found.append(value)
    return tuple(found), None


def maxima(document: Node) -> dict[str, float]:
    """Largest count of each band as the histograms state it, by BAND_ID."""
    found = {}
    for node in document.all("Radiometric_Data/Histogram_Band_List/Histogram_Band"):
        name, value = node.text("BAND_ID"), node.number("MAX")
        if name is not None and value is not None:
            found[name] = value
    return found


def range_problems(
    document: Node, name: str, saturated: float | None, bits: int | None
) -> tuple[Problem, ...]:
    """Band maxima above the code for saturation, or above the declared range."""
    tops = maxima(document)
    found = ", ".join(f"{band} {top:g}" for band, top in tops.items())
    top = max(tops.values(), default=None)
    problems = []
    if saturated is not None and top is not None and top > saturated:
        problems.append(
            Problem(
                code="saturated-below-maximum",
                file=name,
                found=f"band maxima {found}",
                expected=f"nothing above the code for saturated, {saturated:g}",
                remedy="counts at or above the code are taken as saturated",
            )
        )
    if bits is not None and top is not None and top > 2**bits - 1:
        problems.append(
            Problem(
                code="band-range",
                file=name,
                found=f"band maxima {found}",
                expected=f"at most {2**bits - 1} ({bits} bits)",
                remedy="the counts are used as they are; resampling may have overshot",
            )
        )
    return tuple(problems)


def _radiance(document: Node, name: str) -> BandCalibration | None:
    node = _by_id(document, "Band_Radiance").get(name)
    gain = None if node is None else node.number("GAIN")
    if node is None or gain is None:
        return None
    formula = (node.text("MEASURE_DESC") or "").replace(" ", "")
    if "L=" in formula and "L=DN/GAIN+BIAS" not in formula:
        raise UsageError("the stated formula is another", found=formula[-60:])
    sun = _by_id(document, "Band_Solar_Irradiance").get(name)
    irradiance = None if sun is None else sun.number("VALUE")
    return BandCalibration(gain=gain, bias=node.number("BIAS") or 0.0, irradiance=irradiance)


def _reflectance(document: Node, name: str) -> BandCalibration | None:
    node = _by_id(document, "Band_Reflectance").get(name)
    gain = None if node is None else node.number("GAIN")
    if node is None or gain is None:
        return None
    return BandCalibration(quantification=gain, offset=(node.number("BIAS") or 0.0) * gain)


def _by_id(document: Node, tag: str) -> dict[str, Node]:
    path = f"Radiometric_Data/Radiometric_Calibration//{tag}"
    return {name: node for node in document.all(path) if (name := node.text("BAND_ID"))}
