"""Bundles with known truth."""
