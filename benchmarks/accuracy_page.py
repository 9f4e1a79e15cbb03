"""The measured rows as Markdown."""

from __future__ import annotations

__all__ = ["tables"]

PROGRAMS = {
    "ours": "satdesk",
    "gdal": "GDAL",
    "gdal -et 0.125": "GDAL `-et 0.125`",
    "orthority": "orthority",
}

METRES_A_PIXEL = 1.6
"""Of PAN on the ground in the cases of `accuracy_reference`, 7° off nadir; a little too large."""


def tables(facts: dict) -> dict[str, str]:
    """Each part's table, for those that `facts` has."""
    made = {
        "ortho": ortho,
        "refined": refined,
        "reference": reference,
        "pairs": pairs,
        "share": share,
        "times": times,
    }
    return {part: made[part](f["rows"]) + "\n\n" + source(f["about"]) for part, f in facts.items()}


def source(about: dict) -> str:
    programs = f"{about['gdal']}; orthority {about['orthority']}; AROSICS {about['arosics']}"
    return (
        f"Measured at commit {about['commit']} on {about['day']}; {about['machine']}; "
        f"Python {about['python']}; {programs}."
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def px(value: float | None) -> str:
    if value is None:
        return "not known"
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def figures(found: dict | None) -> list[str]:
    if found is None:
        return ["–"]
    if "refused" in found:
        return ["stops with an error"]
    return [f"{px(found['ce90_px'])} px, {px(found['ce90_m'])} m; {px(found['worst_px'])}"]


def ortho(rows: list[dict]) -> str:
    head = [
        "case",
        "RPC's own residual",
        *(f"{name}: CE90; worst px" for name in PROGRAMS.values()),
    ]
    return table(
        head,
        [
            [
                r["case"],
                "not known" if r["rpc_residual_px"] is None else f"{px(r['rpc_residual_px'])} px",
                *(c for p in PROGRAMS for c in figures(r.get(p))),
            ]
            for r in rows
        ],
    )


def refined(rows: list[dict]) -> str:
    head = [
        "case",
        "GDAL (cannot refine)",
        "orthority",
        "satdesk",
        "points used",
        "satdesk prints CE90",
        "holds",
    ]
    lines = []
    for r in rows:
        told = (r.get("printed") or {}).get("upper_m")
        true = r["ours"].get("ce90_m")
        holds = "–" if told is None or true is None else "yes" if true <= told else "**no**"
        lines.append([
            r["case"], *figures(r.get("gdal")), *figures(r.get("orthority")), *figures(r["ours"]),
            str(r.get("used", "–")), "–" if told is None else f"{told:.2f} m", holds,
        ])  # fmt: skip
    return table(head, lines)


def reference(rows: list[dict]) -> str:
    head = [
        "the reference shows",
        "satdesk: worst px",
        "matches used",
        "their RMS px",
        "prints CE90",
        "holds",
        "s",
    ]
    return table(head, [by_reference(r) for r in rows])


def by_reference(r: dict) -> list[str]:
    if "refused" in r:
        return [r["case"], "refused", "–", "–", "–", "–", f"{r['seconds']:.1f}"]
    holds = "yes" if r["worst_px"] * METRES_A_PIXEL <= r["printed_m"] else "**no**"
    return [
        r["case"], px(r["worst_px"]), str(r["matches"]), px(r["rms_px"]), f"{r['printed_m']:.2f} m",
        holds, f"{r['seconds']:.1f}",
    ]  # fmt: skip


def pairs(rows: list[dict]) -> str:
    head = [
        "pair",
        "target",
        "satdesk: RMS, CE90, worst px",
        "held out",
        "found",
        "s",
        "AROSICS: global, local RMS px",
        "its shift",
        "s",
    ]
    return table(head, [pair(r) for r in rows])


def pair(r: dict) -> list[str]:
    own, peer = r["ours"], r.get("arosics")
    known = r["target_px"] is not None
    if own["refused"]:
        told = f"refused ({own['refused'].removeprefix('coregistration-')})"
    elif known:
        told = ", ".join(px(own[k]) for k in ("rms_px", "ce90_px", "worst_px"))
    else:
        told = "accepted"
    return [
        r["case"], f"{r['target_px']:g}" if known else "unknown", told, px(own["held_out_px"]),
        own["kind"] + moved(own["shift_px"]), f"{own['seconds']:.1f}",
        "–" if peer is None or not known else f"{px(peer['global_rms_px'])}, {px(peer['local_rms_px'])}",
        "–" if peer is None else moved(peer["shift_px"]).strip() or "none",
        "–" if peer is None else ", ".join(f"{s:.1f}" for s in peer["seconds"]),
    ]  # fmt: skip


def moved(shift: list[float] | None) -> str:
    return "" if shift is None else f" {shift[0]:+.2f}, {shift[1]:+.2f}"


def share(rows: list[dict]) -> str:
    (r,) = rows
    return (
        f"Of {r['cases']} cases {r['refused']} were refused and {r['printed']} printed a CE90; it held in "
        f"**{r['held']} ({100 * r['share']:.1f} %)**. The true figure was {r['median_true_over_printed']:.2f} "
        f"of the printed one in the median and {r['worst_true_over_printed']:.2f} at most."
    )


def times(rows: list[dict]) -> str:
    (r,) = rows
    base = r["median_s"]["ours"]
    return table(
        ["whole process, median of 3", *(PROGRAMS[p] for p in r["median_s"])],
        [
            [r["case"], *(f"{s:.1f} s" for s in r["median_s"].values())],
            ["share of satdesk's", *(f"{s / base:.2f}" for s in r["median_s"].values())],
        ],
    )
