"""One invented camera, written in every dialect in which an RPC is met."""

from __future__ import annotations

from pathlib import Path

NUMBERS = {
    "LINE_OFF": 2000.0,
    "SAMP_OFF": 3000.0,
    "LAT_OFF": 40.1,
    "LONG_OFF": 46.0,
    "HEIGHT_OFF": 1500.0,
    "LINE_SCALE": 2100.0,
    "SAMP_SCALE": 3100.0,
    "LAT_SCALE": 0.03,
    "LONG_SCALE": 0.05,
    "HEIGHT_SCALE": 1000.0,
}
"""Counted from 0 at the first pixel's centre."""


def cubic(*head: float) -> tuple[float, ...]:
    return (*head, *([0.0] * (20 - len(head))))


CUBICS = {
    "LINE_NUM_COEFF": cubic(0.001, 0.02, -1.01, 0.03, 1e-3, 2e-4, -3e-4, 1e-3),
    "LINE_DEN_COEFF": cubic(1.0, 1e-3, -2e-3, 3e-4),
    "SAMP_NUM_COEFF": cubic(-0.002, 1.02, 0.015, -0.2, -1e-3, 5e-4, 1e-4, 2e-3),
    "SAMP_DEN_COEFF": cubic(1.0, -1e-3, 1e-3, -2e-4),
}


def text(*, units: bool = False, numbers: dict[str, float] | None = None) -> str:
    unit = {"LINE": "pixels", "SAMP": "pixels", "LAT_": "degrees", "LONG": "degrees"}
    lines = [
        f"{key}: {value!r}" + (f" {unit.get(key[:4], 'meters')}" if units else "")
        for key, value in (numbers or NUMBERS).items()
    ]
    lines += [f"{k}_{i}: {c!r}" for k, cs in CUBICS.items() for i, c in enumerate(cs, 1)]
    return "\n".join(lines) + "\n"


def tags() -> dict[str, str]:
    return {
        **{key: repr(value) for key, value in NUMBERS.items()},
        **{key: " ".join(map(repr, cs)) for key, cs in CUBICS.items()},
    }


def pam() -> str:
    items = "".join(f'<MDI key="{key}">{value}</MDI>' for key, value in tags().items())
    return f'<PAMDataset><Metadata domain="RPC">{items}</Metadata></PAMDataset>'


def dimap(profile: str, *, first: float, domain: str = "") -> str:
    """DIMAP XML whose first pixel's centre counts as `first`."""
    numbers = dict(NUMBERS)
    numbers["LINE_OFF"] += first
    numbers["SAMP_OFF"] += first
    name = "GroundtoImage_Values" if profile.startswith("PNEO") else "Inverse_Model"
    values = "".join(
        f"<{k}_{i}>{c!r}</{k}_{i}>" for k, cs in CUBICS.items() for i, c in enumerate(cs, 1)
    )
    offsets = "".join(f"<{key}>{value!r}</{key}>" for key, value in numbers.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Dimap_Document><Metadata_Identification>'
        '<METADATA_FORMAT version="2.15">DIMAP</METADATA_FORMAT>'
        f"<METADATA_PROFILE>{profile}</METADATA_PROFILE>"
        "<METADATA_SUBPROFILE>RPC</METADATA_SUBPROFILE></Metadata_Identification>"
        f"<Rational_Function_Model><Global_RFM><{name}>{values}</{name}>"
        f"<RFM_Validity>{domain}{offsets}</RFM_Validity></Global_RFM>"
        "</Rational_Function_Model></Dimap_Document>"
    )


_RPB = {
    "LINE_OFF": "lineOffset",
    "SAMP_OFF": "sampOffset",
    "LAT_OFF": "latOffset",
    "LONG_OFF": "longOffset",
    "HEIGHT_OFF": "heightOffset",
    "LINE_SCALE": "lineScale",
    "SAMP_SCALE": "sampScale",
    "LAT_SCALE": "latScale",
    "LONG_SCALE": "longScale",
    "HEIGHT_SCALE": "heightScale",
    "LINE_NUM_COEFF": "lineNumCoef",
    "LINE_DEN_COEFF": "lineDenCoef",
    "SAMP_NUM_COEFF": "sampNumCoef",
    "SAMP_DEN_COEFF": "sampDenCoef",
}


def rpb(spec: str = "RPC00B") -> str:
    lines = ['satId = "QB02";', 'bandId = "P";', f'SpecId = "{spec}";', "BEGIN_GROUP = IMAGE"]
    lines += ["\terrBias = 5.0;", "\terrRand = 0.5;"]
    lines += [f"\t{_RPB[key]} = {value!r};" for key, value in NUMBERS.items()]
    for key, values in CUBICS.items():
        lines.append(f"\t{_RPB[key]} = (")
        lines += [f"\t\t\t{v!r}{',' if i < 19 else ');'}" for i, v in enumerate(values)]
    return "\n".join([*lines, "END_GROUP = IMAGE", "END;", ""])


def worldview() -> str:
    numbers = "".join(f"<{_RPB[k].upper()}>{v!r}</{_RPB[k].upper()}>" for k, v in NUMBERS.items())
    lists = "".join(
        f"<{_RPB[k].upper()}List><{_RPB[k].upper()}>{' '.join(map(repr, cs))}"
        f"</{_RPB[k].upper()}></{_RPB[k].upper()}List>"
        for k, cs in CUBICS.items()
    )
    return (
        '<?xml version="1.0"?>'
        "<isd><IMD><VERSION>1</VERSION><IMAGE><SATID>WV02</SATID></IMAGE></IMD><RPB><SATID>WV02</SATID><SPECID>RPC00B</SPECID><IMAGE>"
        f"<ERRBIAS>1</ERRBIAS><ERRRAND>1</ERRRAND>{numbers}{lists}</IMAGE></RPB></isd>"
    )


def ossim() -> str:
    lines = [f"{key.lower()}:  {value!r}" for key, value in NUMBERS.items()]
    lines += [f"{k.lower()}_{i:02d}:  {c!r}" for k, cs in CUBICS.items() for i, c in enumerate(cs)]
    return "\n".join([*lines, "polynomial_format:  B", "type:  ossimRpcModel", ""])


def write_all(folder: Path) -> dict[str, Path]:
    """Every dialect in a file of its own, by its profile."""
    texts = {
        "PHR_SENSOR": ("phr.xml", dimap("PHR_SENSOR", first=1)),
        "S6_SENSOR": ("s6.xml", dimap("S6_SENSOR", first=1)),
        "S7_SENSOR": ("s7.xml", dimap("S7_SENSOR", first=1)),
        "PNEO_SENSOR": ("pneo.xml", dimap("PNEO_SENSOR", first=0)),
        "rpc-text": ("a_RPC.TXT", text(units=True)),
        "rpb": ("a.RPB", rpb()),
        "worldview-xml": ("wv.xml", worldview()),
        "ossim-geom": ("a.geom", ossim()),
    }
    paths = {}
    for profile, (name, content) in texts.items():
        paths[profile] = folder / name
        paths[profile].write_text(content)
    return paths
