"""Errors of web services, each shown against a live service with a flag of its own."""
