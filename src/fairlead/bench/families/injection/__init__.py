"""Steering and exfiltration: what an agent reads tells it to do something else."""
