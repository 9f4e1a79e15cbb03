"""The documents of a sensor-geometry delivery in DIMAP v2's layout: DIM, RPC and VOL, as text.

Pixels are counted from 1 at the centre of the first, as DIMAP v2 does; ours count its outer corner
as 0, so 0.5 is added wherever a position is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from satdesk.files.dimap_values import (
    CREDIT,
    MISSION,
    BandStatistics,
    DimapBand,
    DimapImage,
    DimapProduct,
    DimapView,
)
from satdesk.files.xml_text import href, leaf, leaves, number, tag
from satdesk.geometry.rpc import RPC

__all__ = ["dim_document", "mask_document", "rpc_document", "volume_document"]

_PROFILE = "SIMULATED_SENSOR"
_VERSION = "2.15"
_NODATA, _SATURATED, _BITS = 0, 4095, 12
_CUBICS = ("SAMP_NUM", "SAMP_DEN", "LINE_NUM", "LINE_DEN")


def dim_document(
    product: DimapProduct,
    image: DimapImage,
    files: dict[str, Path],
    statistics: Sequence[BandStatistics],
) -> str:
    """The DIM document of one image.

    Args:
        product: It belongs to this.
        image: It is about this.
        files: ``tiff``, ``rpc`` and, where there is one, ``clouds``.
        statistics: Of each band.
    """
    return _document(_dim_body(product, image, files, statistics), "PRODUCT")


def rpc_document(image: DimapImage) -> str:
    """The RPC document of one image: the inverse model (ground to image), which is the one used."""
    return _document(_rpc_body(image), "RPC")


def volume_document(product: DimapProduct, references: Sequence[str]) -> str:
    """The volume that lists a product's DIM documents."""
    return _document(_volume_body(product, references), "VOLUME")


def mask_document(polygons: Sequence[Sequence[Sequence[tuple[float, float]]]], kind: str) -> str:
    """A GML mask: one feature a polygon.

    Args:
        polygons: Closed rings of ``col, row`` in our pixel count; the first is the outer one.
        kind: ``CLOUD`` …
    """
    features = [
        "<gml:featureMember><MaskFeature>"
        + leaf("maskType", kind)
        + "<extentOf><gml:Polygon>"
        + _ring("exterior", outer)
        + "".join(_ring("interior", hole) for hole in holes)
        + "</gml:Polygon></extentOf></MaskFeature></gml:featureMember>"
        for outer, *holes in polygons
    ]
    opened = '<Mask xmlns:gml="http://www.opengis.net/gml">'
    body = "\n".join((leaf("name", f"{MISSION} {kind}"), *features))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opened}\n{body}\n</Mask>\n'


def _ring(side: str, ring: Sequence[tuple[float, float]]) -> str:
    places = " ".join(f"{col + 0.5:g} {row + 0.5:g}" for col, row in ring)
    return (
        f"<gml:{side}><gml:LinearRing><gml:posList>{places}"
        f"</gml:posList></gml:LinearRing></gml:{side}>"
    )


def _document(body: str, subprofile: str) -> str:
    head = tag(
        "Metadata_Identification",
        f'<METADATA_FORMAT version="{_VERSION}">DIMAP</METADATA_FORMAT>',
        leaf("METADATA_PROFILE", _PROFILE),
        leaf("METADATA_SUBPROFILE", subprofile),
        leaf("METADATA_LANGUAGE", "en"),
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tag("Dimap_Document", head, body)}\n'


def _volume_body(product: DimapProduct, references: Sequence[str]) -> str:
    components = [
        tag(
            "Component",
            leaf("COMPONENT_TITLE", f"{MISSION} {Path(reference).stem}"),
            leaf("COMPONENT_TYPE", "DIMAP"),
            href("COMPONENT_PATH", reference),
        )
        for reference in references
    ]
    return tag("Dataset_Identification", leaf("DATASET_NAME", product.name), _legal()) + tag(
        "Dataset_Content", tag("Dataset_Components", *components)
    )


def _rpc_body(image: DimapImage) -> str:
    model, (rows, cols) = image.model, image.shape
    lows, highs = _domain(model)
    coefficients = [
        leaf(f"{name}_COEFF_{i + 1}", number(value))
        for name in _CUBICS
        for i, value in enumerate(getattr(model, name.lower()))
    ]
    direct = leaves(("FIRST_ROW", 1), ("FIRST_COL", 1), ("LAST_ROW", rows), ("LAST_COL", cols))
    inverse = leaves(
        ("FIRST_LON", lows[0]),
        ("FIRST_LAT", lows[1]),
        ("LAST_LON", highs[0]),
        ("LAST_LAT", highs[1]),
    )
    validity = tag(
        "RFM_Validity",
        tag("Direct_Model_Validity_Domain", *direct),
        tag("Inverse_Model_Validity_Domain", *inverse),
        *leaves(
            ("LONG_SCALE", model.lon_scale),
            ("LONG_OFF", model.lon_off),
            ("LAT_SCALE", model.lat_scale),
            ("LAT_OFF", model.lat_off),
            ("HEIGHT_SCALE", model.height_scale),
            ("HEIGHT_OFF", model.height_off),
            ("SAMP_SCALE", model.samp_scale),
            ("SAMP_OFF", model.samp_off + 0.5),
            ("LINE_SCALE", model.line_scale),
            ("LINE_OFF", model.line_off + 0.5),
        ),
    )
    return tag(
        "Rational_Function_Model",
        tag(
            "Resource_Reference",
            '<RESOURCE_TITLE version="2.1">NITF</RESOURCE_TITLE>',
            leaf("RESOURCE_ID", "RPC00B"),
        ),
        tag("Global_RFM", tag("Inverse_Model", *coefficients), validity),
    )


def _domain(model: RPC) -> tuple[tuple[float, float], tuple[float, float]]:
    if model.domain is not None:
        d = model.domain
        return (d.lon_min, d.lat_min), (d.lon_max, d.lat_max)
    lon, lat = abs(model.lon_scale), abs(model.lat_scale)
    return (model.lon_off - lon, model.lat_off - lat), (model.lon_off + lon, model.lat_off + lat)


def _dim_body(
    product: DimapProduct,
    image: DimapImage,
    files: dict[str, Path],
    statistics: Sequence[BandStatistics],
) -> str:
    rpc = files["rpc"]
    return "\n".join(
        (
            tag(
                "Dataset_Identification",
                leaf("DATASET_TYPE", "RASTER_SENSOR"),
                leaf("DATASET_NAME", product.name),
                _legal(),
            ),
            _content(image, rpc),
            tag(
                "Product_Information",
                tag("Producer_Information", leaf("PRODUCER_NAME", "satdesk simulate")),
            ),
            _reference_system(),
            _geoposition(rpc),
            _processing(image),
            _raster(image, files["tiff"]),
            _radiometry(image, statistics),
            tag("Geometric_Data", tag("Use_Area", *map(_view, image.views))),
            *_quality(files),
            _sources(product),
        )
    )


def _legal() -> str:
    return tag(
        "Legal_Constraints",
        leaf("COPYRIGHT", CREDIT),
        leaf("LICENSE", "As satdesk (Apache-2.0); keep the mark SIMULATED"),
    )


def _content(image: DimapImage, rpc: Path) -> str:
    names = ("Vertex",) * (len(image.views) - 1)
    corners = [
        tag(name, *_position(view)) for name, view in zip(names, image.views[1:], strict=True)
    ]
    return tag(
        "Dataset_Content",
        tag("Dataset_Components", _model_component(rpc)),
        tag(
            "Dataset_Extent",
            leaf("EXTENT_TYPE", "Bounding_Polygon"),
            *corners,
            tag("Center", *_position(image.views[0])),
        ),
    )


def _position(view: DimapView) -> list[str]:
    return leaves(
        ("LON", view.lon), ("LAT", view.lat), ("COL", view.col + 0.5), ("ROW", view.row + 0.5)
    )


def _model_component(rpc: Path) -> str:
    return tag(
        "Component",
        leaf("COMPONENT_TITLE", "RPC Model"),
        leaf("COMPONENT_CONTENT", "Geoposition Model"),
        leaf("COMPONENT_TYPE", "DIMAP"),
        href("COMPONENT_PATH", rpc.name),
    )


def _reference_system() -> str:
    return tag(
        "Coordinate_Reference_System",
        tag(
            "Geodetic_CRS",
            leaf("GEODETIC_CRS_NAME", "WGS84"),
            leaf("GEODETIC_CRS_CODE", "urn:ogc:def:crs:EPSG::4326"),
        ),
        tag("Temporal_CRS", leaf("TEMPORAL_CRS_NAME", "UTC")),
    )


def _geoposition(rpc: Path) -> str:
    return tag(
        "Geoposition",
        tag(
            "Raster_CRS",
            leaf("RASTER_GEOMETRY", "SENSOR"),
            leaf("PIXEL_ORIENTATION", "CENTER"),
            leaf("PIXEL_CRS_TYPE", "POINT"),
            leaf("PIXEL_ORIGIN", "1"),
        ),
        tag("Geoposition_Models", tag("Rational_Function_Model", _model_component(rpc))),
    )


def _processing(image: DimapImage) -> str:
    return tag(
        "Processing_Information",
        tag(
            "Product_Settings",
            leaf("PROCESSING_LEVEL", "SENSOR"),
            leaf("SPECTRAL_PROCESSING", image.kind),
            tag("Geometric_Settings", leaf("GEOMETRIC_PROCESSING", "SYSTEM_SENSOR")),
            tag("Radiometric_Settings", leaf("RADIOMETRIC_PROCESSING", "BASIC")),
            tag(
                "Sampling_Settings",
                f'<RESAMPLING_SPACING unit="m">{image.pixel_m:g}</RESAMPLING_SPACING>',
                leaf("RESAMPLING_KERNEL", "SPLINE"),
            ),
        ),
    )


def _raster(image: DimapImage, tiff: Path) -> str:
    bands, (rows, cols) = len(image.bands), image.shape
    return tag(
        "Raster_Data",
        tag(
            "Data_Access",
            leaf("DATA_FILE_ORGANISATION", "BAND_COMPOSITE"),
            leaf("DATA_FILE_FORMAT", "image/tiff"),
            leaf("DATA_FILE_TILES", "false"),
            '<Data_Files><Data_File tile_R="1" tile_C="1">'
            f"{href('DATA_FILE_PATH', tiff.name)}</Data_File></Data_Files>",
        ),
        tag("Raster_Dimensions", *leaves(("NROWS", rows), ("NCOLS", cols), ("NBANDS", bands))),
        tag(
            "Raster_Encoding",
            leaf("DATA_TYPE", "INTEGER"),
            leaf("NBITS", "16"),
            leaf("SIGN", "UNSIGNED"),
        ),
        tag("Raster_Display", _channels(image), *map(_special, _SPECIALS)),
    )


_SPECIALS = (("NODATA", _NODATA), ("SATURATED", _SATURATED))


def _special(value: tuple[str, int]) -> str:
    return tag(
        "Special_Value",
        leaf("SPECIAL_VALUE_TEXT", value[0]),
        leaf("SPECIAL_VALUE_COUNT", str(value[1])),
    )


def _channels(image: DimapImage) -> str:
    """The planes' order: B2 B1 B0 B3 as red, green, blue, alpha; PAN in all three."""
    ids = [band.id for band in image.bands]
    if len(ids) == 1:
        ids = ids * 3
    names = ("RED_CHANNEL", "GREEN_CHANNEL", "BLUE_CHANNEL", "ALPHA_CHANNEL")
    return tag("Band_Display_Order", *(leaf(n, i) for n, i in zip(names, ids, strict=False)))


def _radiometry(image: DimapImage, statistics: Sequence[BandStatistics]) -> str:
    histograms = [
        tag(
            "Histogram_Band",
            leaf("BAND_ID", band.id),
            *leaves(
                ("MIN", found.low),
                ("MAX", found.high),
                ("MEAN", round(found.mean, 4)),
                ("STDV", round(found.deviation, 4)),
            ),
        )
        for band, found in zip(image.bands, statistics, strict=True)
    ]
    measures = [
        measure(band)
        for measure in (_spectral_range, _radiance, _irradiance)
        for band in image.bands
    ]
    return tag(
        "Radiometric_Data",
        tag("Dynamic_Range", *leaves(("ACQUISITION_RANGE", _BITS), ("PRODUCT_RANGE", _BITS))),
        tag("Histogram_Band_List", *histograms),
        tag(
            "Radiometric_Calibration",
            tag("Instrument_Calibration", tag("Band_Measurement_List", *measures)),
        ),
    )


def _quality(files: dict[str, Path]) -> list[str]:
    """The masks that go with an image, none where there are none."""
    if "clouds" not in files:
        return []
    component = tag(
        "Component",
        leaf("COMPONENT_TITLE", "Cloud mask"),
        leaf("COMPONENT_TYPE", "GML"),
        href("COMPONENT_PATH", f"MASKS/{files['clouds'].name}"),
    )
    measured = tag("Imaging_Quality_Measurement", tag("Quality_Mask", component))
    return [tag("Quality_Assessment", measured)]


def _spectral_range(band: DimapBand) -> str:
    low, high = band.band.wavelength_nm or (0.0, 0.0)
    return tag(
        "Band_Spectral_Range",
        leaf("BAND_ID", band.id),
        leaf("MEASURE_UNIT", "nanometers"),
        *leaves(("MIN", low), ("MAX", high)),
    )


def _radiance(band: DimapBand) -> str:
    return tag(
        "Band_Radiance",
        leaf("BAND_ID", band.id),
        leaf("MEASURE_DESC", "Counts (DN) to TOA radiance (L). Formula L=DN/GAIN+BIAS"),
        leaf("MEASURE_UNIT", "watt/m2/steradians/micrometers"),
        *leaves(("GAIN", band.gain), ("BIAS", band.bias)),
    )


def _irradiance(band: DimapBand) -> str:
    return tag(
        "Band_Solar_Irradiance",
        leaf("BAND_ID", band.id),
        leaf("MEASURE_UNIT", "watt/m2/micron"),
        *leaves(("VALUE", band.irradiance)),
    )


def _view(view: DimapView) -> str:
    return tag(
        "Located_Geometric_Values",
        leaf("LOCATION_TYPE", view.where),
        *leaves(("COL", view.col + 0.5), ("ROW", view.row + 0.5)),
        leaf("TIME", _utc(view.time)),
        tag("Acquisition_Angles", *(leaf(name, number(value)) for name, value in view.values)),
        tag(
            "Solar_Incidences",
            *leaves(("SUN_AZIMUTH", view.sun_azimuth), ("SUN_ELEVATION", view.sun_elevation)),
        ),
        tag(
            "Ground_Sample_Distance",
            *leaves(("GSD_ACROSS_TRACK", view.gsd_m[0]), ("GSD_ALONG_TRACK", view.gsd_m[1])),
        ),
    )


def _sources(product: DimapProduct) -> str:
    start = product.strip_start
    return tag(
        "Dataset_Sources",
        tag(
            "Source_Identification",
            leaf("SOURCE_ID", f"{MISSION}_{product.name}"),
            leaf("SOURCE_TYPE", "Strip_Source"),
            tag(
                "Strip_Source",
                leaf("MISSION", product.mission),
                leaf("INSTRUMENT", product.instrument),
                leaf("IMAGING_DATE", start.date().isoformat()),
                leaf("IMAGING_TIME", _utc(start).split("T")[1]),
            ),
        ),
    )


def _utc(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
