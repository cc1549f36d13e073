"""Bounds of the number of regions that need no enumeration."""
