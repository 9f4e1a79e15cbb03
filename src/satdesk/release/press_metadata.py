"""Picture files with all their metadata: XMP everywhere, IIM and EXIF in JPEG, text in PNG and PDF.

Metadata go in before any signature: whatever changes a signed file breaks it.
"""

from __future__ import annotations

import io
from functools import cache

from PIL import ExifTags, Image, ImageCms, PngImagePlugin
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_iim import app13_segment
from satdesk.release.press_xmp import one_line, xmp_packet

__all__ = ["exif", "jpeg_bytes", "pdf_bytes", "pdf_information", "png_bytes"]

_QUALITY = 90


def jpeg_bytes(picture: Image.Image, facts: PictureFacts) -> bytes:
    """JPEG in sRGB with its profile, XMP, IIM, EXIF; 4:4:4, so that small type stays sharp."""
    target = io.BytesIO()
    picture.save(
        target,
        format="JPEG",
        quality=_QUALITY,
        subsampling=0,
        optimize=True,
        icc_profile=_srgb(),
        exif=exif(facts).tobytes(),
        xmp=xmp_packet(facts),
        extra=app13_segment(facts),
    )
    return target.getvalue()


def png_bytes(picture: Image.Image, facts: PictureFacts, *, dpi: int) -> bytes:
    """PNG with its resolution, title and XMP (as iTXt: Pillow's ``xmp=`` does not reach PNG)."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Title", facts.title)
    text.add_itxt("Description", facts.description)
    text.add_itxt("Copyright", facts.copyright)
    text.add_text("Software", facts.software)
    text.add_itxt("XML:com.adobe.xmp", xmp_packet(facts).decode())
    target = io.BytesIO()
    picture.save(target, format="PNG", pnginfo=text, dpi=(dpi, dpi), compress_level=4)
    return target.getvalue()


def pdf_bytes(document: bytes, facts: PictureFacts) -> bytes:
    """A PDF of ours with the XMP packet as the document's metadata (ISO 32000-1, 14.3.2)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(document)))
    packet = StreamObject()
    packet.set_data(xmp_packet(facts))
    packet.update(
        {NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")}
    )
    writer.root_object[NameObject("/Metadata")] = writer._add_object(packet)  # noqa: SLF001 - pypdf offers no other way to add a stream
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def exif(facts: PictureFacts) -> Image.Exif:
    """EXIF: description, credit, time of acquisition (none where only the day is known).

    Text is UTF-8, as the Metadata Working Group's guidance (2010) wants it; Pillow would turn
    everything beyond ASCII into question marks. EXIF's position is the camera's, which is in
    orbit, so none is written.
    """
    block = Image.Exif()
    block[ExifTags.Base.ImageDescription] = one_line(f"{facts.title}. {facts.description}").encode()
    block[ExifTags.Base.Artist] = one_line(facts.publisher).encode()
    block[ExifTags.Base.Copyright] = one_line(facts.copyright).encode()
    block[ExifTags.Base.Software] = facts.software.encode()
    details = block.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.ColorSpace] = 1
    if facts.acquired.instant is not None:
        details[ExifTags.Base.DateTimeOriginal] = f"{facts.acquired.instant:%Y:%m:%d %H:%M:%S}"
        details[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
    return block


def pdf_information(facts: PictureFacts) -> dict[str, str]:
    """The PDF's information dictionary."""
    return {
        "Title": facts.title,
        "Author": facts.publisher,
        "Subject": facts.description,
        "Keywords": ", ".join(facts.keywords),
        "Creator": facts.software,
        "Producer": facts.software,
    }


@cache
def _srgb() -> bytes:
    """The sRGB profile with a fixed date: LittleCMS writes the clock into its header."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d000010001000000000000")  # 2000-01-01 (ICC.1:2010, 7.2.8)
    return bytes(profile)
