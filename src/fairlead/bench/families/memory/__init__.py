"""Errors of memory in small parsers written in C, shown by an input that crashes them."""
