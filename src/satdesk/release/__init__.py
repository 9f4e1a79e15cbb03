"""The folder that the public receives."""
