from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import deliveries, rpc_dialects
from satdesk.bundles.dimap import Dimap
from satdesk.bundles.dimap_scene import view_azimuth
from satdesk.bundles.formats import open_bundle
from satdesk.core.scene import BandCalibration, Precision, Scene
from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    SatdeskError,
    UnreadableInputError,
    UnsafeInputError,
    UsageError,
)
from satdesk.files.rasters import ImageLayer, require_pixels


def codes(scene: Scene) -> set[str]:
    return {problem.code for problem in scene.problems}


def dim_of(folder: Path, kind: str = "MS") -> Path:
    return folder / f"IMG_{kind}" / f"DIM_SPOT7_{kind}_X.XML"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def folder(tmp_path):
    return deliveries.bundle(tmp_path / "d")


@pytest.mark.parametrize("suffix", ["TIF", "JP2"])
def test_a_whole_bundle_has_no_problem(tmp_path, suffix):
    scene = open_bundle(deliveries.bundle(tmp_path / "d", suffix=suffix))
    assert scene.problems == ()
    assert scene.mission == "SPOT 7"
    assert scene.credit == "(c) nobody"
    assert scene.cloud_percent == 12.5
    assert not scene.simulated
    pan, ms = scene.images
    assert (pan.id, ms.id) == ("pan", "ms")
    assert [band.name for band in ms.bands] == ["R", "G", "B", "NIR"]
    require_pixels(scene)
    raster = ImageLayer(image=ms).read(ms.grid)
    with rasterio.open(ms.tiles[0].path) as source:
        assert np.array_equal(raster.values, source.read())


def test_gains_attach_by_id_and_not_by_place(folder):
    ms = open_bundle(folder).image("ms")
    assert [band.provider_id for band in ms.bands] == ["B2", "B1", "B0", "B3"]
    assert ms.calibration == tuple(
        BandCalibration(gain=gain, bias=0.5, irradiance=sun)
        for gain, sun in ((10, 1594), (9.5, 1830), (9, 1915), (15, 1060))
    )


def test_model_counts_from_one(folder):
    pan = open_bundle(folder).image("pan")
    assert pan.model.samp_off == rpc_dialects.NUMBERS["SAMP_OFF"] + 0.5
    assert pan.model_source.name == "RPC_SPOT7_P_X.XML"


def test_the_centre_time_is_the_acquisition_and_both_are_told(folder):
    scene = open_bundle(folder)
    assert scene.acquisition.instant == datetime(2020, 11, 25, 7, 30, 12, 500000, tzinfo=UTC)
    facts = dict(scene.facts)
    assert facts["pan.imaging_time"] == "07:30:10.2Z"
    assert facts["pan.center_time"] == "2020-11-25T07:30:12.500Z"


def test_a_volume_or_one_dataset_can_be_named(folder):
    assert len(open_bundle(folder / "SPOT_VOL.XML").images) == 2
    assert [image.id for image in open_bundle(dim_of(folder)).images] == ["ms"]


def test_absent_empty_and_truncated_images_are_told_apart(tmp_path):
    for action, code, error in (
        (lambda p: p.unlink(), "image-absent", MissingInputError),
        (lambda p: p.write_bytes(b""), "image-empty", UnreadableInputError),
        (lambda p: p.write_bytes(b"\n"), "image-empty", UnreadableInputError),
        (lambda p: p.write_bytes(p.read_bytes()[:-50]), "image-truncated", BrokenInputError),
        (lambda p: p.write_bytes(b"not an image"), "image-unreadable", BrokenInputError),
    ):
        folder = deliveries.bundle(tmp_path / code)
        path = next((folder / "IMG_MS").glob("IMG_*"))
        action(path)
        scene = open_bundle(folder)
        (problem,) = scene.problems
        assert (problem.code, problem.blocks) == (code, True)
        assert problem.file == path.relative_to(folder).as_posix()
        assert all((problem.found, problem.expected, problem.remedy))
        with pytest.raises(error):
            require_pixels(scene)
        shutil.rmtree(folder)


def test_another_size_is_told(tmp_path):
    folder = deliveries.bundle(tmp_path / "d")
    change(dim_of(folder), "<NROWS>20</NROWS>", "<NROWS>21</NROWS>")
    assert codes(open_bundle(folder)) == {"image-size"}


def test_a_missing_model_is_told_and_blocks(folder):
    (folder / "IMG_P" / "RPC_SPOT7_P_X.XML").unlink()
    scene = open_bundle(folder)
    (problem,) = scene.problems
    assert (problem.code, problem.blocks) == ("model-unusable", True)
    assert scene.image("pan").model is None
    with pytest.raises(BrokenInputError):
        require_pixels(scene)


def test_a_broken_model_is_told_and_blocks(folder):
    path = folder / "IMG_P" / "RPC_SPOT7_P_X.XML"
    change(path, "<LINE_SCALE>2100.0<", "<LINE_SCALE>0<")
    (problem,) = open_bundle(folder).problems
    assert problem.code == "model-unusable"
    assert problem.file == "IMG_P/RPC_SPOT7_P_X.XML"
    assert "line_scale" in problem.found


def test_pan_and_ms_of_two_acquisitions_block(tmp_path):
    folder = deliveries.bundle(tmp_path / "d", center_time="2020-11-25T07:35:12.500Z")
    scene = open_bundle(folder)
    assert codes(scene) == {"pan-ms-different-acquisition"}
    with pytest.raises(BrokenInputError, match="different-acquisition"):
        require_pixels(scene)
    shutil.rmtree(folder)
    other = deliveries.bundle(tmp_path / "d", mission=("SPOT", "6"))
    assert codes(open_bundle(other)) == {"pan-ms-different-acquisition"}


def test_a_time_without_zone_is_utc_only_where_the_file_says_so(tmp_path):
    plain = {"time": "07:30:10.2", "center_time": "2020-11-25T07:30:12.500"}
    scene = open_bundle(dim_of(deliveries.bundle(tmp_path / "a", **plain)))
    assert codes(scene) == {"time-zone-missing"}
    assert scene.acquisition.instant == datetime(2020, 11, 25, 7, 30, 12, 500000, tzinfo=UTC)
    scene = open_bundle(dim_of(deliveries.bundle(tmp_path / "b", zone="local", **plain)))
    assert scene.acquisition.precision is Precision.DAY
    assert scene.acquisition.day == date(2020, 11, 25)


@pytest.mark.parametrize("wrong", ["2020-13-25T07:30:12Z", "2020-02-30T07:30:12Z", "yesterday!"])
def test_impossible_times_are_refused(tmp_path, wrong):
    folder = deliveries.bundle(tmp_path / "d")
    change(dim_of(folder), "2020-11-25T07:30:12.500Z", wrong)
    with pytest.raises(BrokenInputError, match="does not exist"):
        open_bundle(folder)


def test_tiles_become_one_image(tmp_path):
    values = np.arange(1, 50 * 70 + 1).reshape(1, 50, 70).astype("uint16")
    names = []
    for row in (0, 30):
        for col in (0, 40):
            name = f"IMG_X_R{row // 30 + 1}C{col // 40 + 1}.TIF"
            deliveries.raster(tmp_path / name, values[:, row : row + 30, col : col + 40])
            names.append(name)
    tiling = (
        '<Tile_Set><Regular_Tiling><NTILES_SIZE nrows="30" ncols="40"/><OVERLAP_ROW>0</OVERLAP_ROW>'
        "<OVERLAP_COL>0</OVERLAP_COL></Regular_Tiling></Tile_Set>"
    )
    (tmp_path / "RPC_X.XML").write_text(rpc_dialects.dimap("S7_SENSOR", first=1))
    text = deliveries.dim(
        spectral="P", ids=("P",), shape=(50, 70), files=names, tiling=tiling, rpc="RPC_X.XML"
    )
    (tmp_path / "DIM_X.XML").write_text(text)
    scene = open_bundle(tmp_path)
    assert scene.problems == ()
    pan = scene.image("pan")
    assert [tile.origin for tile in pan.tiles] == [(0, 0), (40, 0), (0, 30), (40, 30)]
    assert np.array_equal(ImageLayer(image=pan).read(pan.grid).values, values)


@pytest.mark.parametrize(
    "overlap",
    [
        "<OVERLAP_ROW>4</OVERLAP_ROW><OVERLAP_COL>6</OVERLAP_COL>",
        '<NTILES_OVERLAP nrows="4" ncols="6"/>',
    ],
)
def test_overlapping_tiles_step_by_less_than_their_size(tmp_path, overlap):
    values = np.arange(1, 40 * 60 + 1).reshape(1, 40, 60).astype("uint16")
    names = []
    for row in (0, 16):
        for col in (0, 27):
            names.append(f"IMG_R{row}C{col}.TIF")
            part = values[:, row : row + 20, col : col + 33]
            deliveries.raster(tmp_path / names[-1], part)
    tiling = (
        f'<Tile_Set><Regular_Tiling><NTILES_SIZE nrows="20" ncols="33"/>{overlap}'
        "</Regular_Tiling></Tile_Set>"
    )
    text = deliveries.dim(spectral="P", ids=("P",), shape=(36, 60), files=names, tiling=tiling)
    (tmp_path / "DIM_X.XML").write_text(text)
    scene = open_bundle(tmp_path)
    assert codes(scene) == {"model-missing"}
    pan = scene.image("pan")
    assert np.array_equal(ImageLayer(image=pan).read(pan.grid).values, values[:, :36])


def test_ortho_lies_on_its_map(tmp_path):
    deliveries.raster(tmp_path / "IMG_X_R1C1.TIF", np.ones((4, 6, 8), "uint16"))
    place = (
        "<Geoposition_Insert><ULXMAP>427461.0</ULXMAP><ULYMAP>4478299.0</ULYMAP><XDIM>1.5</XDIM>"
        "<YDIM>1.5</YDIM></Geoposition_Insert>"
    )
    text = deliveries.dim(
        spectral="PMS",
        ids=("B2", "B1", "B0", "B3"),
        shape=(6, 8),
        files=["IMG_X_R1C1.TIF"],
        place=place,
        profile="S7_ORTHO",
    )
    (tmp_path / "DIM_X.XML").write_text(text)
    scene = open_bundle(tmp_path)
    assert scene.problems == ()
    image = scene.image("pms")
    assert str(image.grid.crs) == "EPSG:32638"
    assert tuple(image.grid.affine)[:6] == (1.5, 0, 427461, 0, -1.5, 4478299)
    assert image.gsd_m == (1.5, 1.5)
    assert image.model is None


def neo_files(*groups: tuple[str, tuple[str, ...]]) -> str:
    return "".join(
        f'<Data_Files><Data_File tile_R="1" tile_C="1"><DATA_FILE_PATH href="{name}"/></Data_File>'
        "<Raster_Display><Raster_Index_List>"
        + "".join(
            f"<Raster_Index><BAND_ID>{band}</BAND_ID><BAND_INDEX>{i}</BAND_INDEX></Raster_Index>"
            for i, band in enumerate(ids, 1)
        )
        + "</Raster_Index_List><Special_Value><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>"
        "<SPECIAL_VALUE_COUNT>0</SPECIAL_VALUE_COUNT></Special_Value></Raster_Display></Data_Files>"
        for name, ids in groups
    )


def test_pleiades_neo_two_files_are_one_image_that_counts_from_zero(tmp_path):
    values = np.arange(1, 6 * 5 * 7 + 1).reshape(6, 5, 7).astype("uint16")
    deliveries.raster(tmp_path / "IMG_RGB_R1C1.TIF", values[:3])
    deliveries.raster(tmp_path / "IMG_NED_R1C1.TIF", values[3:])
    (tmp_path / "RPC_N.XML").write_text(rpc_dialects.dimap("PNEO_SENSOR", first=0))
    ids = ("R", "G", "B", "NIR", "RE", "DB")
    reflectance = "".join(
        f"<Band_Radiance><BAND_ID>{i}</BAND_ID><GAIN>0.0027</GAIN><BIAS>25</BIAS></Band_Radiance>"
        f"<Band_Reflectance><BAND_ID>{i}</BAND_ID><GAIN>10000</GAIN><BIAS>0</BIAS>"
        "</Band_Reflectance>"
        for i in ids
    )
    text = deliveries.dim(
        spectral="MS-FS",
        ids=ids,
        shape=(5, 7),
        files=[],
        data_files=neo_files(("IMG_RGB_R1C1.TIF", ids[:3]), ("IMG_NED_R1C1.TIF", ids[3:])),
        profile="PNEO_SENSOR",
        mission=("PNEO", "3"),
        rpc="RPC_N.XML",
        radiometric="REFLECTANCE",
        calibration=reflectance,
    )
    (tmp_path / "DIM_N.XML").write_text(text)
    scene = open_bundle(tmp_path)
    assert scene.problems == ()
    assert scene.mission == "Pléiades Neo 3"
    ms = scene.image("ms")
    assert [band.name for band in ms.bands] == list(ids)
    assert ms.model.samp_off == rpc_dialects.NUMBERS["SAMP_OFF"] + 0.5
    assert ms.calibration[0] == BandCalibration(quantification=10000)
    assert np.array_equal(ImageLayer(image=ms).read(ms.grid).values, values)


def test_stretched_counts_cannot_be_calibrated(tmp_path):
    scene = open_bundle(deliveries.bundle(tmp_path / "d", radiometric="LINEAR_STRETCH"))
    assert scene.image("ms").calibration is None
    assert codes(scene) == {"calibration-missing"}


def test_another_formula_is_not_applied(tmp_path):
    folder = deliveries.bundle(tmp_path / "d")
    change(
        dim_of(folder),
        "<GAIN>9.0</GAIN>",
        "<MEASURE_DESC>Formulae L = DN * GAIN</MEASURE_DESC><GAIN>9.0</GAIN>",
    )
    scene = open_bundle(folder)
    assert scene.image("ms").calibration is None
    assert codes(scene) == {"calibration-missing"}


def test_maxima_above_the_saturated_code_are_told_but_do_not_block(tmp_path):
    special = (
        "<Special_Value><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT>"
        "<SPECIAL_VALUE_COUNT>4095</SPECIAL_VALUE_COUNT></Special_Value>"
    )
    histogram = (
        "<Histogram_Band_List><Histogram_Band><BAND_ID>B2</BAND_ID><MAX>4152</MAX>"
        "</Histogram_Band></Histogram_Band_List>"
    )
    scene = open_bundle(deliveries.bundle(tmp_path / "d", special=special, histogram=histogram))
    assert codes(scene) == {"saturated-below-maximum", "band-range"}
    require_pixels(scene)


@pytest.mark.parametrize("shown", [3, 5])
def test_a_display_order_of_another_length_is_told(tmp_path, shown):
    folder = deliveries.bundle(tmp_path / "d")
    path = dim_of(folder)
    if shown == 3:
        change(path, "<ALPHA_CHANNEL>B3</ALPHA_CHANNEL>", "")
        names = ["R", "G", "B", "NIR"]
    else:
        change(path, "<NBANDS>4</NBANDS>", "<NBANDS>3</NBANDS>")
        names = ["R", "G", "B"]
    scene = open_bundle(path)
    assert codes(scene) == {"band-order"}
    assert [band.name for band in scene.image("ms").bands] == names


def test_a_pan_that_repeats_the_display_of_its_ms_is_pan(tmp_path):
    # as PeruSat-1 delivers: four channels are displayed, one plane is there, PAN alone has a gain
    folder = deliveries.bundle(tmp_path / "d")
    path = dim_of(folder, "P")
    shown = path.read_text().split("<Band_Display_Order>")[1].split("</Band_Display_Order>")[0]
    order = zip(deliveries.CHANNELS, ("B2", "B1", "B0", "B3"), strict=True)
    change(path, shown, "".join(f"<{channel}>{band}</{channel}>" for channel, band in order))
    scene = open_bundle(folder)
    assert codes(scene) == {"band-order"}
    pan = scene.image("pan")
    assert [band.name for band in pan.bands] == ["PAN"]
    assert pan.calibration is not None
    assert pan.calibration[0].gain == deliveries.GAINS["P"]


def test_masks_are_counted_and_missed(tmp_path):
    def mask(name: str) -> str:
        return (
            "<Imaging_Quality_Measurement><Quality_Mask><Component>"
            f'<COMPONENT_PATH href="MASKS/{name}"/></Component></Quality_Mask>'
            "</Imaging_Quality_Measurement>"
        )

    folder = deliveries.bundle(tmp_path / "d", masks=mask("CLD_X_MSK.GML") + mask("SNW_X_MSK.GML"))
    (folder / "IMG_MS" / "MASKS").mkdir()
    (folder / "IMG_MS" / "MASKS" / "CLD_X_MSK.GML").write_text(
        '<h:Mask xmlns:h="u"><h:maskMembers><h:MaskFeature/></h:maskMembers>'
        "<h:maskMembers><h:MaskFeature/></h:maskMembers></h:Mask>"
    )
    scene = open_bundle(folder)
    assert [(m.kind, m.features, m.image_id) for m in scene.masks] == [("cloud", 2, "ms")]
    assert codes(scene) == {"mask-absent"}


def test_a_component_that_is_not_there_is_told(folder):
    shutil.rmtree(folder / "IMG_MS")
    scene = open_bundle(folder)
    assert codes(scene) == {"component-absent"}


@pytest.mark.parametrize("reference", ["../../etc/passwd", "/etc/passwd", "..\\..\\secret.tif"])
def test_references_must_not_leave_the_delivery(folder, reference):
    change(dim_of(folder), "IMG_SPOT7_MS_X_R1C1.TIF", reference)
    with pytest.raises(UnsafeInputError, match="outside"):
        open_bundle(folder)


def test_links_must_not_leave_the_delivery(folder, tmp_path):
    path = next((folder / "IMG_MS").glob("IMG_*"))
    shutil.move(path, tmp_path / "elsewhere.tif")
    path.symlink_to(tmp_path / "elsewhere.tif")
    with pytest.raises(UnsafeInputError, match="outside"):
        open_bundle(folder)


def test_several_scenes_in_one_folder_must_be_named(tmp_path):
    deliveries.bundle(tmp_path / "both" / "1")
    deliveries.bundle(tmp_path / "both" / "2")
    with pytest.raises(UsageError, match="several scenes"):
        open_bundle(tmp_path / "both")


def test_simulated_scenes_say_so(tmp_path):
    folder = deliveries.bundle(tmp_path / "d", mission=("SIMULATED", "1"))
    assert open_bundle(dim_of(folder)).simulated


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_metadata_raise_only_our_errors(tmp_path_factory, data):
    base = tmp_path_factory.getbasetemp() / "mutants"
    if not base.exists():
        deliveries.bundle(base)
    whole = (
        dim_of(base).read_bytes() if not (base / "kept").exists() else (base / "kept").read_bytes()
    )
    (base / "kept").write_bytes(whole)
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 30))
    noise = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"-1", b"nan", b"1e400"])))
    dim_of(base).write_bytes(whole[:start] + noise + whole[start + length :])
    with contextlib.suppress(SatdeskError):
        Dimap().open(base)


@pytest.mark.parametrize("scan", [0.0, 90.0, 180.0, 271.0])
def test_both_meanings_of_the_azimuth_give_one_answer(scan):
    across, along = -28.6, 1.0
    bearing = np.degrees(np.arctan2(np.tan(np.radians(28.6)), np.tan(np.radians(1.0))))
    expected = (scan + bearing) % 360
    as_scan = view_azimuth(scan, across, along, scan)
    as_itself = view_azimuth(expected, across, along, scan)
    assert as_scan == pytest.approx(expected)
    assert as_itself == pytest.approx(expected)
    assert view_azimuth(scan + 45, across, along, scan) is None


# --- the real deliveries ---------------------------------------------------------------------


def test_spot7_ortho(shared_data):
    scene = open_bundle(shared_data / "dimap_spot7")
    image = scene.image("pms")
    assert (scene.mission, scene.profile, scene.level) == ("SPOT 7", "S7_ORTHO", "ORTHO")
    assert scene.acquisition.instant == datetime(2020, 11, 17, 2, 45, 20, 827000, tzinfo=UTC)
    assert dict(scene.facts)["imaging_time"] == "02:45:17.9"
    assert tuple(image.grid.shape) == (16741, 15031)
    assert str(image.grid.crs) == "EPSG:32749"
    assert tuple(image.grid.affine)[:6] == (1.5, 0, 427461, 0, -1.5, 9178299)
    assert [(b.name, b.provider_id) for b in image.bands] == [
        ("R", "B2"),
        ("G", "B1"),
        ("B", "B0"),
        ("NIR", "B3"),
    ]
    assert [c.gain for c in image.calibration] == [11.08, 10.08, 8.07, 16.77]
    assert [round(c.irradiance, 3) for c in image.calibration] == [
        1520.298,
        1810.106,
        1964.631,
        1084.462,
    ]
    assert (image.dtype, image.bits, image.nodata, image.saturated) == ("uint16", 12, 0, 4095)
    assert image.native_gsd_m == pytest.approx(2.61, abs=0.01)
    assert image.bands[0].wavelength_nm == (633, 697)
    assert scene.center.incidence_deg == pytest.approx(26.138, abs=1e-3)
    assert scene.center.sun_elevation_deg == pytest.approx(63.730, abs=1e-3)
    assert scene.center.view_azimuth_deg == pytest.approx(271.680, abs=1e-3)
    assert len(scene.angles) == 9
    assert {m.kind: m.features for m in scene.masks} == {
        "cloud": 83,
        "detector": 0,
        "quality": 0,
        "roi": 1,
        "snow": 0,
        "straylight": 89,
        "terrain": 0,
        "visibility": 16,
    }
    assert (scene.cloud_percent, scene.snow_percent) == (51.63, 0.0)
    assert codes(scene) == {
        "image-empty",
        "time-zone-missing",
        "saturated-below-maximum",
        "band-range",
    }
    facts = dict(scene.facts)
    assert [facts[f"histogram_{b}_max"] for b in ("B0", "B1", "B2", "B3")] == [
        "4115",
        "4166",
        "4152",
        "4182",
    ]
    assert (facts["bits_stored"], facts["acquisition_range_bits"]) == ("16", "12")
    with pytest.raises(UnreadableInputError, match="JP2"):
        require_pixels(scene)


def test_pleiades_primary(shared_data):
    scene = open_bundle(shared_data / "dimap_pleiades")
    pan, ms = scene.images
    assert scene.mission == "Pléiades 1A"
    assert tuple(pan.grid.shape) == (15169, 32824)
    assert tuple(ms.grid.shape) == (3792, 8207)
    assert [b.provider_id for b in ms.bands] == ["B2", "B1", "B0", "B3"]
    assert [c.gain for c in ms.calibration] == [9.95, 8.89, 8.85, 15.24]
    assert pan.model.samp_off == 16412.5 - 0.5
    assert ms.model.line_off == 1896.5 - 0.5
    assert len(scene.masks) == 14
    assert codes(scene) == {"image-empty"}
    # The ray of the model itself comes from here; see view_azimuth.
    assert scene.center.view_azimuth_deg == pytest.approx(268.27, abs=0.1)
