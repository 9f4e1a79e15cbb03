# The fused pass in C; satdesk.geometry.onepass says what its functions take.
def heights(
    heights: object,
    hidden: object,
    parts: int,
    base: object,
    terms: object,
    reference: object,
    kind: object,
    down: int,
    across: int,
    out: object,
    low: object,
    high: object,
    /,
) -> None: ...
def project(
    numbers: object, lon: object, lat: object, height: object, col: object, row: object, /
) -> None: ...
def render(
    out: object,
    valid: object,
    top: int,
    left: int,
    down: int,
    across: int,
    heights: object,
    pan: object,
    ms: object,
    tone: object,
    fastest: int,
    /,
) -> int: ...
def engine() -> str: ...
