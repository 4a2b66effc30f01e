"""Owners: who they are, what they wish, what is delivered to them when, and by mail."""
