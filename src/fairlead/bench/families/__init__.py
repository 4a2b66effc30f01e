"""Families of generated tasks: seed and step → an instance, pure and repeatable."""
