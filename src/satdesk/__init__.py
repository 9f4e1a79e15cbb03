"""satdesk: scenes of a satellite go in, issued images of a named district come out."""

__version__ = "0.1.0"
