"""What a press picture says about itself: one value, written as XMP, EXIF and PNG text.

Further blocks (IPTC IIM, C2PA) are further methods that read the same value. Names of properties
follow the IPTC Photo Metadata Standard and Adobe's XMP specification, part 2.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape, quoteattr

from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from satdesk.core.scene import Acquisition
from satdesk.release.captions import alt_text as alt_text_of
from satdesk.release.captions import comparison_alt_text
from satdesk.release.content import Content, DatedImage, Status

__all__ = ["PictureFacts", "jpeg_bytes", "png_bytes"]

_ALGORITHMIC = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""IPTC's term for media made purely by an algorithm, not from sampled data."""
_QUALITY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What is written into a picture file.

    Attributes:
        title: Headline; begins with the marks that the picture bears.
        description: The caption.
        alt_text: For readers who do not see the picture.
        credit: The line that must stand beside it.
        publisher: Who issues it.
        acquired: The earliest acquisition shown; the standard's DateCreated is this, not the
            moment at which the file was written.
        places: Names of the district.
        country: ISO 3166-1 alpha-2; None = not stated.
        simulated: No camera took it.
        draft: Not for publication.
        software: Name and version.
    """

    title: str
    description: str
    alt_text: str
    credit: str
    publisher: str
    acquired: Acquisition
    places: tuple[str, ...]
    country: str | None
    simulated: bool
    draft: bool
    software: str

    @classmethod
    def of(
        cls,
        content: Content,
        images: tuple[DatedImage, ...],
        *,
        title: str,
        description: str,
        alt_text: str | None,
    ) -> PictureFacts:
        """The facts of a picture that shows `images`."""
        simulated = any(image.simulated for image in images)
        draft = content.status is Status.DRAFT
        marks = [word for word, on in (("DRAFT", draft), ("SIMULATED", simulated)) if on]
        return cls(
            title=": ".join([*marks, title]),
            description=description,
            alt_text=alt_text or _alt(content, images),
            credit="; ".join(dict.fromkeys(image.credit for image in images)),
            publisher=content.publisher,
            acquired=min((i.acquisition for i in images), key=lambda a: a.day),
            places=tuple(dict.fromkeys(n.text for n in content.district.names)),
            country=content.district.country,
            simulated=simulated,
            draft=draft,
            software=f"satdesk {content.version}",
        )

    @property
    def date_created(self) -> str:
        """ISO 8601: an instant in UTC, or the day alone where no more is known."""
        instant = self.acquired.instant
        if instant is None:
            return self.acquired.day.isoformat()
        return f"{instant:%Y-%m-%dT%H:%M:%S}+00:00"

    def xmp(self) -> bytes:
        """The XMP packet, UTF-8; without padding and without a clock."""
        body = "".join(self._xmp_properties())
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" '
            'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
            'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
            'xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" '
            'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            f"{body}</rdf:Description></rdf:RDF></x:xmpmeta>\n"
            '<?xpacket end="w"?>'
        ).encode()

    def exif(self) -> Image.Exif:
        """EXIF: description, credit, time of acquisition (none where only the day is known).

        Text is UTF-8, as the Metadata Working Group's guidance (2010) wants it; Pillow would turn
        everything beyond ASCII into question marks.
        """
        exif = Image.Exif()
        exif[ExifTags.Base.ImageDescription] = _one_line(
            f"{self.title}. {self.description}"
        ).encode()
        exif[ExifTags.Base.Artist] = _one_line(self.publisher).encode()
        exif[ExifTags.Base.Copyright] = _one_line(self.credit).encode()
        exif[ExifTags.Base.Software] = self.software.encode()
        details = exif.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.ColorSpace] = 1
        if self.acquired.instant is not None:
            details[ExifTags.Base.DateTimeOriginal] = f"{self.acquired.instant:%Y:%m:%d %H:%M:%S}"
            details[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
        return exif

    def pdf(self) -> dict[str, str]:
        """The PDF's information dictionary."""
        return {
            "Title": self.title,
            "Author": self.publisher,
            "Subject": self.description,
            "Keywords": ", ".join(self.places),
            "Creator": self.software,
            "Producer": self.software,
        }

    def _xmp_properties(self) -> list[str]:
        properties = [
            _alternative("dc:title", self.title),
            _alternative("dc:description", self.description),
            _alternative("dc:rights", self.credit),
            _listed("dc:creator", "Seq", (self.publisher,)),
            _listed("dc:subject", "Bag", (*self._marks(), *self.places)),
            _plain("photoshop:Headline", self.title),
            _plain("photoshop:Credit", self.credit),
            _plain("photoshop:Source", self.publisher),
            _plain("photoshop:DateCreated", self.date_created),
            _plain("xmp:CreatorTool", self.software),
            _alternative("Iptc4xmpCore:AltTextAccessibility", self.alt_text),
        ]
        if self.country is not None:
            properties.append(_plain("Iptc4xmpCore:CountryCode", self.country))
        if self._marks():
            notice = f"{' and '.join(self._marks())}: see the description."
            properties.append(_plain("photoshop:Instructions", notice))
        if self.simulated:
            properties.append(_plain("Iptc4xmpExt:DigitalSourceType", _ALGORITHMIC))
        return properties

    def _marks(self) -> tuple[str, ...]:
        marks = (("DRAFT", self.draft), ("SIMULATED", self.simulated))
        return tuple(word for word, on in marks if on)


def jpeg_bytes(picture: Image.Image, facts: PictureFacts) -> bytes:
    """JPEG in sRGB with its profile, XMP and EXIF; 4:4:4, so that small type stays sharp."""
    target = io.BytesIO()
    picture.save(
        target,
        format="JPEG",
        quality=_QUALITY,
        subsampling=0,
        optimize=True,
        icc_profile=_srgb(),
        exif=facts.exif().tobytes(),
        xmp=facts.xmp(),
    )
    return target.getvalue()


def png_bytes(picture: Image.Image, facts: PictureFacts, *, dpi: int) -> bytes:
    """PNG with its resolution, title and XMP (as iTXt: Pillow's ``xmp=`` does not reach PNG)."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Title", facts.title)
    text.add_itxt("Description", facts.description)
    text.add_itxt("Copyright", facts.credit)
    text.add_text("Software", facts.software)
    text.add_itxt("XML:com.adobe.xmp", facts.xmp().decode())
    target = io.BytesIO()
    picture.save(target, format="PNG", pnginfo=text, dpi=(dpi, dpi), compress_level=7)
    return target.getvalue()


def _alt(content: Content, images: tuple[DatedImage, ...]) -> str:
    if len(images) == 1:
        return alt_text_of(content, images[0])
    return comparison_alt_text(content, images)


def _plain(name: str, text: str) -> str:
    return f"<{name}>{escape(_one_line(text))}</{name}>"


def _alternative(name: str, text: str) -> str:
    language = quoteattr("x-default")
    words = escape(_one_line(text))
    return f"<{name}><rdf:Alt><rdf:li xml:lang={language}>{words}</rdf:li></rdf:Alt></{name}>"


def _listed(name: str, kind: str, texts: tuple[str, ...]) -> str:
    items = "".join(f"<rdf:li>{escape(_one_line(text))}</rdf:li>" for text in texts)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def _one_line(text: str) -> str:
    """No control characters: XML 1.0 and EXIF allow few or none of them."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@cache
def _srgb() -> bytes:
    """The sRGB profile with a fixed date: LittleCMS writes the clock into its header."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d000010001000000000000")  # 2000-01-01 (ICC.1:2010, 7.2.8)
    return bytes(profile)
