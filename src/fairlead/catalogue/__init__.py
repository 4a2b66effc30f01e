"""The catalogue: what others have published. Reference data, replaceable at any time."""
