"""Running suites with Inspect: the only place that imports it.

Importing Inspect takes seconds and some hundred megabytes, so nothing but the commands
that run a suite imports this, and they do so when they are called.
"""
