"""The dates one after the other as a film (MP4), for broadcasters and networks that take no GIF."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from satdesk.errors import MachineError, UsageError
from satdesk.release.content import Artifact, Content, DatedImage
from satdesk.release.plate_sheet import drawing_style
from satdesk.release.press import Frame, compose_press, press_dates
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_xmp import one_line, xmp_packet
from satdesk.release.sequence import FRAME_MS

__all__ = ["FRAMES_A_SECOND", "ROUNDS", "write_videos"]

FRAMES_A_SECOND = 25
ROUNDS = 3
"""How often all dates come; a film does not begin again by itself."""
_MOST_SECONDS = 900
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Where XMP stands in an MP4: a top-level ``uuid`` box (XMP specification, part 3, 1.2.7.1)."""
_COLOUR = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"


def write_videos(
    content: Content, folder: Path, shapes: Sequence[str] = ("1x1",)
) -> tuple[Artifact, ...]:
    """Write ``press/ID-sequence-SHAPE.mp4`` of two dates or more; nothing for one.

    The frames are the annotated press images, so SIMULATED, DRAFT and the credit line stand in the
    pixels. Each date is shown for as long as in the GIF, cut hard, three times over. H.264 in
    yuv420p, which every player shows. One thread encodes, so that the same content gives the same
    bytes with the same encoder.

    Raises:
        UsageError: The encoder is not installed.
        MachineError: It fails.
    """
    dates = press_dates(content)
    if len(dates) < len(("before", "after")):
        return ()
    return tuple(_write(content, dates, shape, folder) for shape in shapes)


def _write(content: Content, dates: tuple[DatedImage, ...], shape: str, folder: Path) -> Artifact:
    mark = "-simulated" if content.simulated and "simulated" not in content.id.lower() else ""
    path = f"press/{content.id}-sequence-{shape}{mark}.mp4"
    frames = [_frame(content, image, dates, shape) for image in dates]
    facts = PictureFacts.of(content, dates, path=path)
    _encode(frames, facts, folder / path)
    packet = xmp_packet(facts)
    box = struct.pack(">I", 8 + len(_XMP_BOX) + len(packet)) + b"uuid" + _XMP_BOX + packet
    with (folder / path).open("ab") as file:
        file.write(box)
    title = f"{facts.title} (film, {shape.replace('x', ':')})"
    return Artifact(path=path, role="video", media_type="video/mp4", title=title)


def _frame(
    content: Content, image: DatedImage, dates: tuple[DatedImage, ...], shape: str
) -> Image.Image:
    frame = Frame(images=(image,), shape=shape, annotated=True, alongside=dates)
    with drawing_style():
        sheet, _ = compose_press(content, frame)
        return sheet.picture()


def _encode(frames: Sequence[Image.Image], facts: PictureFacts, target: Path) -> None:
    """Each frame is handed over once; the encoder repeats it for as long as it is shown."""
    width, height = frames[0].size
    told = {
        "title": facts.title,
        "artist": facts.publisher,
        "copyright": facts.copyright,
        "comment": facts.description,
    }
    command = [
        _encoder(), "-nostdin", "-hide_banner", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}",
        "-framerate", f"1000/{FRAME_MS}", "-i", "pipe:0",
        "-vf", f"fps={FRAMES_A_SECOND},{_COLOUR}",
        "-c:v", "libx264", "-preset", "medium", "-crf", "18", "-threads", "1",
        "-filter_threads", "1", "-colorspace", "bt709", "-color_primaries", "bt709",
        "-color_trc", "bt709", "-color_range", "tv",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
        *(part for key, text in told.items() for part in ("-metadata", f"{key}={one_line(text)}")),
        "-movflags", "+faststart", "-y", str(target.absolute()),
    ]  # fmt: skip
    data = b"".join(frame.tobytes() for frame in frames) * ROUNDS
    try:
        done = subprocess.run(  # noqa: S603 - a list of our own, no shell
            command, input=data, capture_output=True, check=False, timeout=_MOST_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError("the film could not be encoded", found=str(error)[:300]) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise MachineError("the film could not be encoded", subject=target.name, found=said)


def _encoder() -> str:
    """The program: run beside us, never loaded into us."""
    try:
        import imageio_ffmpeg  # type: ignore[import-untyped]  # noqa: PLC0415 - optional, and not annotated

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise UsageError(
            "a film needs an encoder, and there is none",
            found=str(error)[:200],
            expected="the extra satdesk[press]",
            remedy="pip install 'satdesk[press]', or take [video] out of the recipe",
        ) from error
