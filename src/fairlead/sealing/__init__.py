"""Keeping content closed: keys, and boxes that only their key opens."""
