"""Standard formats: bytes to values and back. Nothing here decides anything."""
