"""The record: the append-only, tamper-evident history of everything that happened."""
