"""Small deliveries of our own making: DIMAP v2, Sentinel-2 SAFE, Landsat; whole or to be broken."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from corpus import rpc_dialects

GAINS = {"B0": 9.0, "B1": 9.5, "B2": 10.0, "B3": 15.0, "P": 12.0, "PAN": 12.0}
SUNS = {"B0": 1915.0, "B1": 1830.0, "B2": 1594.0, "B3": 1060.0, "P": 1548.0, "PAN": 1548.0}
CHANNELS = ("RED_CHANNEL", "GREEN_CHANNEL", "BLUE_CHANNEL", "ALPHA_CHANNEL")


def raster(path: Path, values: np.ndarray, **options) -> Path:
    """Write `values` ``(band, y, x)`` losslessly by the path's suffix."""
    jp2 = path.suffix.lower() == ".jp2"
    options |= {"QUALITY": "100", "REVERSIBLE": "YES"} if jp2 else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        sink = rasterio.open(
            path,
            "w",
            driver="JP2OpenJPEG" if jp2 else "GTiff",
            count=values.shape[0],
            height=values.shape[1],
            width=values.shape[2],
            dtype=values.dtype,
            **options,
        )
        with sink:
            sink.write(values)
    return path


def _calibration(ids: Sequence[str]) -> str:
    # Listed in the order of ids, whatever the order of the planes: ids must decide, not places.
    return "".join(
        f"<Band_Radiance><BAND_ID>{i}</BAND_ID><GAIN>{GAINS.get(i, 8.0)}</GAIN><BIAS>0.5</BIAS>"
        "</Band_Radiance>"
        f"<Band_Solar_Irradiance><BAND_ID>{i}</BAND_ID><VALUE>{SUNS.get(i, 1500.0)}</VALUE>"
        "</Band_Solar_Irradiance>"
        for i in sorted(ids)
    )


def _order(ids: Sequence[str]) -> str:
    shown = list(ids) * 3 if len(ids) == 1 else ids
    return "".join(f"<{c}>{i}</{c}>" for c, i in zip(CHANNELS, shown, strict=False))


def dim(
    *,
    spectral: str,
    ids: Sequence[str],
    shape: tuple[int, int],
    files: Sequence[str],
    profile: str = "S7_SENSOR",
    mission: tuple[str, str] = ("SPOT", "7"),
    time: str = "07:30:10.2Z",
    center_time: str = "2020-11-25T07:30:12.500Z",
    place: str = "",
    rpc: str | None = None,
    tiling: str = "",
    data_files: str | None = None,
    radiometric: str = "BASIC",
    calibration: str | None = None,
    masks: str = "",
    special: str = "",
    zone: str = "UTC",
    histogram: str = "",
) -> str:
    listed = data_files or (
        "<Data_Files>"
        + "".join(
            f'<Data_File tile_R="{i // 2 + 1 if len(files) > 1 else 1}" '
            f'tile_C="{i % 2 + 1 if len(files) > 1 else 1}">'
            f'<DATA_FILE_PATH href="{name}"/></Data_File>'
            for i, name in enumerate(files)
        )
        + "</Data_Files>"
    )
    display = (
        ""
        if data_files
        else f"<Raster_Display><Band_Display_Order>{_order(ids)}</Band_Display_Order>"
        "<Special_Value><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>"
        f"<SPECIAL_VALUE_COUNT>0</SPECIAL_VALUE_COUNT></Special_Value>{special}</Raster_Display>"
    )
    model = (
        ""
        if rpc is None
        else "<Geoposition_Models><Rational_Function_Model><Component>"
        f'<COMPONENT_PATH href="{rpc}"/></Component></Rational_Function_Model></Geoposition_Models>'
    )
    crs = (
        "<Projected_CRS><PROJECTED_CRS_CODE>urn:ogc:def:crs:EPSG::32638</PROJECTED_CRS_CODE>"
        "</Projected_CRS>"
        if place
        else ""
    )
    geometry = "GROUND" if place else "SENSOR"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Dimap_Document><Metadata_Identification><METADATA_FORMAT version="2.15">DIMAP</METADATA_FORMAT>
<METADATA_PROFILE>{profile}</METADATA_PROFILE><METADATA_SUBPROFILE>PRODUCT</METADATA_SUBPROFILE>
</Metadata_Identification>
<Dataset_Identification><DATASET_NAME>DS_TEST_{spectral}</DATASET_NAME>
<Legal_Constraints><COPYRIGHT>(c) nobody</COPYRIGHT></Legal_Constraints></Dataset_Identification>
<Dataset_Content><CLOUD_COVERAGE>12.5</CLOUD_COVERAGE></Dataset_Content>
<Coordinate_Reference_System>{crs}<Temporal_CRS><TEMPORAL_CRS_NAME>{zone}</TEMPORAL_CRS_NAME>
</Temporal_CRS></Coordinate_Reference_System>
<Geoposition><Raster_CRS><RASTER_GEOMETRY>{geometry}</RASTER_GEOMETRY></Raster_CRS>{place}{model}
</Geoposition>
<Processing_Information><Product_Settings><PROCESSING_LEVEL>SENSOR</PROCESSING_LEVEL>
<SPECTRAL_PROCESSING>{spectral}</SPECTRAL_PROCESSING><Radiometric_Settings>
<RADIOMETRIC_PROCESSING>{radiometric}</RADIOMETRIC_PROCESSING></Radiometric_Settings>
</Product_Settings></Processing_Information>
<Raster_Data><Data_Access>{listed}</Data_Access><Raster_Dimensions><NROWS>{shape[0]}</NROWS>
<NCOLS>{shape[1]}</NCOLS><NBANDS>{len(ids)}</NBANDS>{tiling}</Raster_Dimensions>
<Raster_Encoding><DATA_TYPE>INTEGER</DATA_TYPE><NBITS>16</NBITS><SIGN>UNSIGNED</SIGN>
</Raster_Encoding>{display}</Raster_Data>
<Radiometric_Data><Dynamic_Range><ACQUISITION_RANGE>12</ACQUISITION_RANGE></Dynamic_Range>
{histogram}<Radiometric_Calibration><Instrument_Calibration><Band_Measurement_List>
{_calibration(ids) if calibration is None else calibration}
</Band_Measurement_List></Instrument_Calibration></Radiometric_Calibration></Radiometric_Data>
<Geometric_Data><Use_Area><Located_Geometric_Values><LOCATION_TYPE>Center</LOCATION_TYPE>
<TIME>{center_time}</TIME><Acquisition_Angles><AZIMUTH_ANGLE>180</AZIMUTH_ANGLE>
<VIEWING_ANGLE>10</VIEWING_ANGLE><INCIDENCE_ANGLE>11</INCIDENCE_ANGLE></Acquisition_Angles>
<Solar_Incidences><SUN_AZIMUTH>165</SUN_AZIMUTH><SUN_ELEVATION>28</SUN_ELEVATION>
</Solar_Incidences></Located_Geometric_Values></Use_Area></Geometric_Data>
<Quality_Assessment>{masks}</Quality_Assessment>
<Dataset_Sources><Source_Identification><SOURCE_ID>DS_TEST</SOURCE_ID><Strip_Source>
<MISSION>{mission[0]}</MISSION><MISSION_INDEX>{mission[1]}</MISSION_INDEX>
<INSTRUMENT>NAOMI</INSTRUMENT><IMAGING_DATE>{center_time[:10]}</IMAGING_DATE>
<IMAGING_TIME>{time}</IMAGING_TIME></Strip_Source></Source_Identification></Dataset_Sources>
</Dimap_Document>"""


def bundle(folder: Path, *, suffix: str = "TIF", **changes: str) -> Path:
    """A SPOT 7 PAN + MS delivery in sensor geometry with a volume file.

    Args:
        folder: To be made.
        suffix: ``TIF`` or ``JP2``.
        changes: Fields of the MS dataset to be changed (see `dim`).
    """
    rng = np.random.default_rng(3)
    components = []
    for kind, ids, shape in (("P", ("P",), (80, 120)), ("MS", ("B2", "B1", "B0", "B3"), (20, 30))):
        name = f"SPOT7_{kind}_X"
        place = folder / f"IMG_{kind}"
        values = rng.integers(100, 4000, (len(ids), *shape)).astype("uint16")
        image = raster(place / f"IMG_{name}_R1C1.{suffix}", values)
        (place / f"RPC_{name}.XML").write_text(rpc_dialects.dimap("S7_SENSOR", first=1))
        fields = changes if kind == "MS" else {}
        text = dim(
            spectral=kind, ids=ids, shape=shape, files=[image.name], rpc=f"RPC_{name}.XML", **fields
        )
        (place / f"DIM_{name}.XML").write_text(text)
        components.append(f"IMG_{kind}/DIM_{name}.XML")
    listed = "".join(
        f"<Component><COMPONENT_TYPE>DIMAP</COMPONENT_TYPE>"
        f'<COMPONENT_PATH href="{path}"/></Component>'
        for path in components
    )
    (folder / "SPOT_VOL.XML").write_text(
        "<Dimap_Document><Metadata_Identification><METADATA_PROFILE>VOLUME</METADATA_PROFILE>"
        "</Metadata_Identification><Dataset_Content><Dataset_Components>"
        f"{listed}</Dataset_Components></Dataset_Content></Dimap_Document>"
    )
    return folder


def safe(
    folder: Path, *, level: str = "L1C", baseline: str = "05.11", offset: int | None = -1000
) -> Path:
    """A Sentinel-2 product of 6 × 6 pixels at 60 m."""
    root = folder / f"S2A_MSI{level}_20251128T074221_N0511_R092_T38TNK_20251128T081631.SAFE"
    granule = f"GRANULE/{level}_T38TNK_A054503_20251128T074222"
    names, stem = [], "T38TNK_20251128T074221"
    wanted = {10: ("B02", "B03", "B04", "B08"), 20: ("B05", "B8A", "B11"), 60: ("B01", "B09")}
    for step, ids in wanted.items():
        size = 360 // step
        for i, name in enumerate((*ids, *(("SCL",) if level == "L2A" and step == 20 else ()))):
            tail = f"R{step}m/{stem}_{name}_{step}m" if level == "L2A" else f"{stem}_{name}"
            values = np.full((1, size, size), 2000 + 100 * i + step, "uint16")
            values[0, 0, 0] = 0
            if name == "SCL":
                values = (values % 12).astype("uint8")
            affine = Affine(step, 0, 500000, 0, -step, 4500000)
            file = raster(
                root / granule / "IMG_DATA" / f"{tail}.jp2",
                values,
                crs="EPSG:32638",
                transform=affine,
            )
            names.append(file.relative_to(root).as_posix().removesuffix(".jp2"))
    boa = level == "L2A"
    tag, group = (
        ("BOA_ADD_OFFSET", "BOA_ADD_OFFSET_VALUES_LIST")
        if boa
        else (
            "RADIO_ADD_OFFSET",
            "Radiometric_Offset_List",
        )
    )
    offsets = (
        ""
        if offset is None
        else "".join(f'<{tag} band_id="{i}">{offset}</{tag}>' for i in range(13))
    )
    quantification = (
        "<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE>10000</BOA_QUANTIFICATION_VALUE>"
        "</QUANTIFICATION_VALUES_LIST>"
        if boa
        else "<QUANTIFICATION_VALUE>10000</QUANTIFICATION_VALUE>"
    )
    element = f"Level-{level[1:]}_User_Product"
    files = "".join(f"<IMAGE_FILE>{name}</IMAGE_FILE>" for name in names)
    (root / f"MTD_MSI{level}.xml").write_text(
        f'<?xml version="1.0"?><n1:{element} xmlns:n1="https://psd/x.xsd"><n1:General_Info>'
        "<Product_Info><PRODUCT_START_TIME>2025-11-28T07:42:21.024Z</PRODUCT_START_TIME>"
        f"<PRODUCT_URI>{root.name}</PRODUCT_URI><PROCESSING_LEVEL>Level-{level[1:]}</PROCESSING_LEVEL>"
        f"<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE><Datatake>"
        "<SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME></Datatake><Product_Organisation>"
        f"<Granule_List><Granule>{files}</Granule></Granule_List></Product_Organisation>"
        "</Product_Info><Product_Image_Characteristics><Special_Values>"
        "<SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX>"
        "</Special_Values><Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT>"
        "<SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>"
        f"{quantification}<{group}>{offsets}</{group}></Product_Image_Characteristics>"
        "</n1:General_Info><n1:Quality_Indicators_Info>"
        "<Cloud_Coverage_Assessment>3.25</Cloud_Coverage_Assessment></n1:Quality_Indicators_Info>"
        f"</n1:{element}>"
    )
    sizes = "".join(
        f'<Size resolution="{s}"><NROWS>{360 // s}</NROWS><NCOLS>{360 // s}</NCOLS></Size>'
        f'<Geoposition resolution="{s}"><ULX>500000</ULX><ULY>4500000</ULY><XDIM>{s}</XDIM>'
        f"<YDIM>-{s}</YDIM></Geoposition>"
        for s in (10, 20, 60)
    )
    views = "".join(
        f'<Mean_Viewing_Incidence_Angle bandId="{i}"><ZENITH_ANGLE>{5 + i}</ZENITH_ANGLE>'
        f"<AZIMUTH_ANGLE>{(358 + i) % 360}</AZIMUTH_ANGLE></Mean_Viewing_Incidence_Angle>"
        for i in range(13)
    )
    (root / granule / "MTD_TL.xml").write_text(
        f'<?xml version="1.0"?><n1:Level-{level[1:]}_Tile_ID xmlns:n1="https://psd/t.xsd">'
        "<n1:General_Info><TILE_ID>T38TNK</TILE_ID>"
        "<SENSING_TIME>2025-11-28T07:45:01.123456Z</SENSING_TIME></n1:General_Info>"
        "<n1:Geometric_Info><Tile_Geocoding><HORIZONTAL_CS_CODE>EPSG:32638</HORIZONTAL_CS_CODE>"
        f"{sizes}</Tile_Geocoding><Tile_Angles><Mean_Sun_Angle><ZENITH_ANGLE>62</ZENITH_ANGLE>"
        "<AZIMUTH_ANGLE>167</AZIMUTH_ANGLE></Mean_Sun_Angle>"
        f"<Mean_Viewing_Incidence_Angle_List>{views}</Mean_Viewing_Incidence_Angle_List>"
        f"</Tile_Angles></n1:Geometric_Info></n1:Level-{level[1:]}_Tile_ID>"
    )
    return root


LANDSAT = "LC08_{level}_026200_20240502_20240513_02_T2"
LANDSAT_CORNER = (619500.0, 2675700.0)
"""Centre of the first pixel, of PAN as of the others."""


def landsat(folder: Path, *, level: str = "L1TP", form: str = "txt", **changes: str) -> Path:
    """A Landsat 8 product of 8 × 6 pixels of 30 m; names and values as USGS writes them.

    Args:
        folder: Receives the product's folder.
        level: ``L1TP`` or ``L2SP``.
        form: ``txt``, ``xml`` or ``json``.
        changes: Other texts by name, wherever the name stands; "" takes it away.
    """
    stem = LANDSAT.format(level=level)
    root = folder / stem
    files = _landsat_files(root, stem, level)
    groups = _landsat_groups(stem, level, files)
    for group in groups.values():
        for name, text in changes.items():
            if name in group:
                group[name] = text
    told = {
        group: {name: text for name, text in inner.items() if text != ""}
        for group, inner in groups.items()
    }
    (root / f"{stem}_MTL.{form}").write_text(_LANDSAT_FORMS[form](told))
    return root


def _landsat_files(root: Path, stem: str, level: str) -> dict[str, str]:
    two = level.startswith("L2")
    names = {}
    for number in (2, 3, 4, 5, 6, 7) if two else (2, 3, 4, 5, 6, 7, 8):
        step = 15 if number == 8 else 30
        shape = (1, 240 // step, 180 // step)
        values = np.full(shape, 10_000 + 1000 * number, "uint16")
        values[0, 0, 0], values[0, 1, 2] = 0, 65535
        names[f"FILE_NAME_BAND_{number}"] = f"{stem}_{'SR_' if two else ''}B{number}.TIF"
        _landsat_raster(root / names[f"FILE_NAME_BAND_{number}"], values, step)
    clear = 0b101_0101_0100_0000
    bits = np.full((1, 8, 6), clear, "uint16")
    bits[0, 0, 0], bits[0, 2] = 1, [clear | b for b in (2, 4, 8, 16, 32, 128)]
    saturated = np.zeros((1, 8, 6), "uint16")
    saturated[0, 1, 2] = 0b1_1111_1110
    saturated[0, 4, 4] = 1 << 11
    for name, tail, plane in (
        ("FILE_NAME_QUALITY_L1_PIXEL", "QA_PIXEL", bits),
        ("FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION", "QA_RADSAT", saturated),
    ):
        names[name] = f"{stem}_{tail}.TIF"
        _landsat_raster(root / names[name], plane, 30)
    return names


def _landsat_raster(path: Path, values: np.ndarray, step: int) -> None:
    x, y = LANDSAT_CORNER
    affine = Affine(step, 0, x - step / 2, 0, -step, y + step / 2)
    raster(path, values, crs="EPSG:32640", transform=affine)


def _landsat_groups(stem: str, level: str, files: dict[str, str]) -> dict[str, dict[str, str]]:
    bands = [name.removeprefix("FILE_NAME_BAND_") for name in files if "BAND" in name]
    scales = {"MULT": "2.0000E-05", "ADD": "-0.100000"}
    groups = {
        "PRODUCT_CONTENTS": {
            "ORIGIN": "Image courtesy of the U.S. Geological Survey",
            "DIGITAL_OBJECT_IDENTIFIER": "https://doi.org/10.5066/P975CC9B",
            "LANDSAT_PRODUCT_ID": stem,
            "PROCESSING_LEVEL": level,
            "COLLECTION_NUMBER": "02",
            "COLLECTION_CATEGORY": "T2",
            **files,
            **{f"DATA_TYPE_BAND_{band}": "UINT16" for band in bands},
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": "LANDSAT_8",
            "SENSOR_ID": "OLI_TIRS",
            "WRS_PATH": "26",
            "WRS_ROW": "200",
            "DATE_ACQUIRED": "2024-05-02",
            "SCENE_CENTER_TIME": "18:00:24.6148649Z",
            "CLOUD_COVER": "0.85",
            "ROLL_ANGLE": "-0.000",
            "SUN_AZIMUTH": "-39.71362413",
            "SUN_ELEVATION": "41.46228969",
            "EARTH_SUN_DISTANCE": "1.0079981",
        },
        "PROJECTION_ATTRIBUTES": {
            "MAP_PROJECTION": "UTM",
            "DATUM": "WGS84",
            "UTM_ZONE": "40",
            "GRID_CELL_SIZE_REFLECTIVE": "30.00",
            "REFLECTIVE_LINES": "8",
            "REFLECTIVE_SAMPLES": "6",
            "CORNER_UL_PROJECTION_X_PRODUCT": f"{LANDSAT_CORNER[0]:.3f}",
            "CORNER_UL_PROJECTION_Y_PRODUCT": f"{LANDSAT_CORNER[1]:.3f}",
        },
        # A Level-2 product repeats the scales of Level 1, which are not those of its numbers.
        "LEVEL1_MIN_MAX_PIXEL_VALUE": {f"QUANTIZE_CAL_MAX_BAND_{b}": "65535" for b in bands},
        "LEVEL1_RADIOMETRIC_RESCALING": {
            f"REFLECTANCE_{what}_BAND_{b}": text for what, text in scales.items() for b in bands
        },
    }
    if "8" in bands:
        groups["PROJECTION_ATTRIBUTES"] |= {
            "GRID_CELL_SIZE_PANCHROMATIC": "15.00",
            "PANCHROMATIC_LINES": "16",
            "PANCHROMATIC_SAMPLES": "12",
        }
    if level.startswith("L2"):
        groups["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"] = {
            **{f"QUANTIZE_CAL_MAX_BAND_{b}": "65535" for b in bands},
            **{f"REFLECTANCE_MULT_BAND_{b}": "2.75e-05" for b in bands},
            **{f"REFLECTANCE_ADD_BAND_{b}": "-0.2" for b in bands},
        }
    return groups


def _landsat_odl(groups: dict[str, dict[str, str]]) -> str:
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for group, inner in groups.items():
        lines.append(f"  GROUP = {group}")
        for name, text in inner.items():
            bare = text.replace(".", "").replace("-", "").replace("+", "").isdigit()
            lines.append(f"    {name} = {text}" if bare else f'    {name} = "{text}"')
        lines.append(f"  END_GROUP = {group}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END"]) + "\n"


def _landsat_xml(groups: dict[str, dict[str, str]]) -> str:
    inner = "".join(
        f"<{group}>{''.join(f'<{n}>{t}</{n}>' for n, t in names.items())}</{group}>"
        for group, names in groups.items()
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}<LANDSAT_METADATA_FILE>{inner}</LANDSAT_METADATA_FILE>"


def _landsat_json(groups: dict[str, dict[str, str]]) -> str:
    return json.dumps({"LANDSAT_METADATA_FILE": groups})


_LANDSAT_FORMS = {"txt": _landsat_odl, "xml": _landsat_xml, "json": _landsat_json}
