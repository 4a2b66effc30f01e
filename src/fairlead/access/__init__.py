"""Who takes part, as what, and the one place that decides who may see or do what."""
