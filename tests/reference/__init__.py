"""Slow, obvious implementations that the fast ones are compared with; nothing here imports polyregions."""
