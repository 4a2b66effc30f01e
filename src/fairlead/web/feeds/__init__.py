"""Feeds: what programs fetch of what was published."""
