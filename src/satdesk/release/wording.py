"""The sentences of the products: which there are, and which typed facts each of them takes.

A language's file has exactly these sentences with exactly these placeholders, so no sentence in any
language can say what its facts do not.
"""

from __future__ import annotations

from collections.abc import Mapping

from satdesk.release.facts import (
    Angle,
    Clock,
    Count,
    Day,
    Fact,
    Metres,
    Number,
    Percent,
    Phrase,
    Words,
)
from satdesk.release.page_wording import PAGE_SLOTS

__all__ = [
    "SLOTS",
    "Angle",
    "Clock",
    "Count",
    "Day",
    "Fact",
    "Metres",
    "Number",
    "Percent",
    "Phrase",
    "Words",
]


_LOCAL: Mapping[str, type] = {"time": Clock, "zone": Words, "offset": Phrase}
_CHECKED: Mapping[str, type] = {"figure": Metres, "n": Count}
_EVENT: Mapping[str, type] = {"event": Phrase}

_WITHOUT_FACTS = (
    "comma", "separator", "time_not_known", "satellite_not_stated", "seen_nothing",
    "cloud_not_stated",
    "role_before", "role_after", "role_unknown", "role_earlier", "role_later",
    "product_sharpened", "product_ms", "product_pan",
    "step_calibrated", "step_ortho", "step_warped", "step_sharpened", "step_mosaic", "step_masked",
    "step_unveiled", "step_dehazed",
    "step_seamed", "step_balanced",
    "step_clipped", "display_tone", "comparison", "accuracy_nothing",
    "mark_simulated", "mark_draft", "strip_simulated", "strip_draft", "status_issued", "two_dates",
    "boundary_date_unknown", "boundary_viewpoint_unknown", "boundary_valid_unknown", "unknown",
    "disclaimer", "heading_picture", "heading_both", "heading_notes", "heading_legend",
    "label_taken", "label_event", "label_satellite", "label_angles", "label_pixel", "label_shows",
    "label_cloud", "label_positions", "label_credit",
    "legend_boundary", "legend_boundary_contested", "legend_site", "legend_circle",
    "legend_hatched", "key_district", "key_scene", "key_sun", "key_satellite", "code",
    "north_up", "note_locator", "continued", "not_reviewed",
    "instruction_draft", "instruction_simulated", "instruction_publish",
    "statements_title", "statements_note", "statements_stated", "statements_answered",
    "statements_evidence", "outcome_not_covered", "outcome_disagreed", "outcome_not_published",
    "answer_supported", "answer_not_supported", "answer_cannot_be_decided", "answer_not_covered",
    "gap_begins_before", "gap_none_after", "gap_not_seen", "gap_not_located", "evidence_none",
    "kit_title", "kit_facts", "kit_pictures", "kit_check", "kit_caption", "kit_alt",
    "kit_licence", "kit_file", "kit_place", "kit_sites", "kit_publisher", "kit_contact",
    "kit_embargo", "kit_release", "kit_check_sums", "kit_check_verify", "kit_check_reproduce",
    "kit_check_limits",
)  # fmt: skip

SLOTS: Mapping[str, Mapping[str, type]] = {
    **{key: {} for key in _WITHOUT_FACTS},
    "utc_time": {"time": Clock},
    "local_time": _LOCAL,
    "local_time_prose": _LOCAL,
    "local_time_other_day": {**_LOCAL, "day": Day},
    "local_time_other_day_prose": {**_LOCAL, "day": Day},
    "when": {"day": Day, "utc": Phrase},
    "when_local": {"day": Day, "utc": Phrase, "local": Phrase},
    "when_not_known": {"day": Day},
    "metres": {"number": Number},
    "percent": {"number": Number},
    "observation": {"place": Phrase, "when": Phrase, "satellite": Phrase, "pixels": Phrase},
    "place_with_names": {"title": Words, "names": Phrase},
    "satellite": {"mission": Words, "instrument": Words},
    "satellite_not_stated_camera": {"instrument": Words},
    "pixel_native": {"product": Metres, "native": Metres},
    "pixel_resolved": {"product": Metres},
    "pixel_native_not_stated": {"product": Metres},
    "seen_all": {"share": Percent},
    "seen_part": {"share": Percent},
    "cloud": {"cloud": Phrase},
    "cloud_measured": {"share": Percent, "shadow": Percent, "provider": Phrase},
    "cloud_not_measured": {"provider": Phrase},
    "cloud_stated": {"share": Percent},
    "event": {"name": Words, "time": Phrase, "source": Words},
    **{
        f"{kind}_{relation}": _EVENT
        for kind in ("relation", "sentence")
        for relation in ("before", "after", "unknown")
    },
    "processing": {"steps": Phrase},
    "positions": {"accuracy": Phrase},
    "positions_of": {"day": Day, "accuracy": Phrase},
    "accuracy_stated": {"figure": Metres},
    **{
        f"accuracy_{against}{how}": _CHECKED
        for against in ("", "reference_")
        for how in ("leave_one_out", "check_points", "held_out")
    },
    "assertion": {"publisher": Words, "words": Words},
    "credit": {"credit": Words},
    "alt": {"place": Words, "day": Day},
    "alt_simulated": {"place": Words, "day": Day},
    "alt_places": {"sites": Phrase},
    "alt_comparison": {"place": Words, "days": Phrase},
    "alt_comparison_simulated": {"place": Words, "days": Phrase},
    "enlarged": {"factor": Number},
    "published_by": {"publisher": Words},
    "corrections_to": {"contact": Words},
    "boundary": {"title": Words},
    "boundary_date": {"date": Words},
    "boundary_viewpoint": {"viewpoint": Words},
    "boundary_valid": {"start": Phrase, "end": Phrase},
    "incidence": {"angle": Angle},
    "sun_height": {"angle": Angle},
    "note_draft": {"reasons": Words},
    "note_names": {"names": Phrase},
    "note_names_more": {"n": Count},
    "projection": {"crs": Words, "north": Phrase},
    "north_east": {"angle": Angle},
    "north_west": {"angle": Angle},
    "scale_on_paper": {"ratio": Phrase, "paper": Words},
    "reviewed": {"reviewers": Words},
    "instruction_corrections": {"contact": Words},
    "instruction_embargo": {"when": Phrase},
    "licence_words": {"licences": Words},
    **PAGE_SLOTS,
    "statement_number": {"number": Number},
    "statement_at": {"number": Number, "site": Words},
    "statement_source": {"publisher": Words, "day": Day},
    "statement_period": {"start": Phrase, "end": Phrase},
    "outcome_agreed": {"answer": Phrase},
    "reader_answer": {"reader": Words, "answer": Phrase, "reason": Words},
    "evidence_of": {"site": Words, "day": Day},
}
"""The facts of each sentence, by its key and their names."""
