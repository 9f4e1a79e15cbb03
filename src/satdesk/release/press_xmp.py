"""The XMP packet of a press picture.

Names of properties follow the IPTC Photo Metadata Standard 2023.2 and Adobe's XMP specification,
part 2. The packet has neither padding nor a clock in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from satdesk.release.direction import JOINERS, isolates_kept
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_places import ShownPlace

__all__ = ["one_line", "xmp_packet"]

_KEPT = frozenset(JOINERS + "\u2068\u2069")
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}


def xmp_packet(facts: PictureFacts) -> bytes:
    """The packet, UTF-8."""
    body = "".join((*_words(facts), *_rights(facts), *_identity(facts), *_where(facts)))
    spaces = " ".join(f'xmlns:{prefix}="{address}"' for prefix, address in _NAMESPACES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces}>'
        f"{body}</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def one_line(text: str) -> str:
    """No control characters: XML 1.0, EXIF and IIM allow few or none of them.

    Isolates and joiners stay: without them Arabic among Latin reads in a wrong order.
    """
    kept = (c if c.isprintable() or c in _KEPT else " " for c in isolates_kept(text))
    return " ".join("".join(kept).split())


def _words(facts: PictureFacts) -> tuple[str, ...]:
    return (
        _alternative("dc:title", _said(facts, "title")),
        _alternative("dc:description", _said(facts, "description")),
        _listed("dc:subject", "Bag", facts.keywords),
        _listed("dc:language", "Bag", tuple(words.tag for words in facts.worded)),
        _plain("photoshop:Headline", facts.title),
        _plain("photoshop:DateCreated", facts.date_created),
        _plain("photoshop:Instructions", facts.instructions),
        _alternative("Iptc4xmpCore:AltTextAccessibility", _said(facts, "alt_text")),
        _plain("Iptc4xmpExt:DigitalSourceType", facts.source_type),
    )


def _rights(facts: PictureFacts) -> tuple[str, ...]:
    return (
        _listed("dc:creator", "Seq", (facts.publisher,)),
        _alternative("dc:rights", {"x-default": facts.copyright}),
        _plain("photoshop:Credit", facts.credit),
        _plain("photoshop:Source", facts.publisher),
        _alternative("xmpRights:UsageTerms", _said(facts, "usage_terms")),
        *_contact(facts.contact),
    )


def _identity(facts: PictureFacts) -> tuple[str, ...]:
    return (
        _plain("photoshop:TransmissionReference", f"{facts.release} revision {facts.revision}"),
        _plain("dc:identifier", facts.instance),
        _plain("Iptc4xmpExt:DigImageGUID", facts.instance),
        _plain("xmpMM:DocumentID", facts.document),
        _plain("xmpMM:InstanceID", facts.instance),
        _plain("xmpMM:VersionID", str(facts.revision)),
        _plain("xmp:CreatorTool", facts.software),
    )


def _where(facts: PictureFacts) -> tuple[str, ...]:
    places = "".join(_place(place) for place in facts.places)
    shown = f"<Iptc4xmpExt:LocationShown><rdf:Bag>{places}</rdf:Bag></Iptc4xmpExt:LocationShown>"
    if facts.country is None:
        return (shown,)
    return (shown, _plain("Iptc4xmpCore:CountryCode", facts.country))


def _place(place: ShownPlace) -> str:
    parts = [_alternative("Iptc4xmpExt:LocationName", {"x-default": place.name, **place.names})]
    if place.codes:
        parts.append(_listed("Iptc4xmpExt:LocationId", "Bag", place.codes))
    if place.country is not None:
        parts.append(_plain("Iptc4xmpExt:CountryCode", place.country))
    if place.latitude is not None and place.longitude is not None:
        parts.append(_plain("exif:GPSLatitude", _minutes(place.latitude, "NS")))
        parts.append(_plain("exif:GPSLongitude", _minutes(place.longitude, "EW")))
    return f'<rdf:li rdf:parseType="Resource">{"".join(parts)}</rdf:li>'


def _minutes(degrees: float, signs: str) -> str:
    """``46,6.0312E``: degrees and minutes (XMP part 2, GPSCoordinate), to about 0.2 m."""
    minutes = round(abs(degrees) * 60, 4)
    return f"{int(minutes // 60)},{minutes % 60:.4f}{signs[degrees < 0]}"


def _contact(contact: str | None) -> tuple[str, ...]:
    if contact is None:
        return ()
    if "://" in contact:
        name = "CiUrlWork"
    else:
        name = "CiEmailWork" if "@" in contact and " " not in contact else "CiAdrExtadr"
    part = _plain(f"Iptc4xmpCore:{name}", contact)
    tag = "Iptc4xmpCore:CreatorContactInfo"
    return (f'<{tag} rdf:parseType="Resource">{part}</{tag}>',)


def _plain(name: str, text: str) -> str:
    return f"<{name}>{escape(one_line(text))}</{name}>"


def _said(facts: PictureFacts, name: str) -> dict[str, str]:
    """What is said in each language; the release's own is the default, too."""
    by_tag: dict[str, str] = {words.tag: getattr(words, name) for words in facts.worded}
    return {"x-default": getattr(facts.worded[0], name), **by_tag}


def _alternative(name: str, texts: Mapping[str, str]) -> str:
    """One property in several languages (XMP part 1, 8.2.2.4: Language Alternative)."""
    items = "".join(
        f"<rdf:li xml:lang={quoteattr(tag)}>{escape(one_line(text))}</rdf:li>"
        for tag, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


def _listed(name: str, kind: str, texts: tuple[str, ...]) -> str:
    items = "".join(f"<rdf:li>{escape(one_line(text))}</rdf:li>" for text in texts)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"
