"""Places: districts by any of their names, the register of sites, what of it the public may see."""

from satdesk.places.gazetteer import (
    contains,
    district,
    district_from_box,
    district_from_file,
    find_districts,
)
from satdesk.places.lookup import place_to_dict, search
from satdesk.places.public import public_sites
from satdesk.places.register import read_sites, write_sites
from satdesk.places.sightings import seeds

__all__ = [
    "contains",
    "district",
    "district_from_box",
    "district_from_file",
    "find_districts",
    "place_to_dict",
    "public_sites",
    "read_sites",
    "search",
    "seeds",
    "write_sites",
]
