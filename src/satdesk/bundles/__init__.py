"""A provider's folder becomes a Scene; one file a format."""
