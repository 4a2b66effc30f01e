"""Voluntary pre-release review of frontier models, and a vulnerability clearinghouse."""
