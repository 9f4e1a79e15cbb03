"""Lazy layers that wrap layers."""
