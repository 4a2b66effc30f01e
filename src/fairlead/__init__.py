"""Voluntary pre-release review of frontier models, and an AI cybersecurity clearinghouse."""
