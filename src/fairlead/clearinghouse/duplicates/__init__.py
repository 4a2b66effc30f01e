"""Deciding whether two findings are the same bug."""
