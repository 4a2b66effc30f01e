"""Each migration, in order."""
