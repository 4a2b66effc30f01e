"""Evidence: whether a reported vulnerability can be shown, and whether a fix stops it.

A recipe is run in a sandbox, several times, each in one of its own; what that shows is a
statement, signed by the machine on which it happened, which anyone who reads the case
can attach to it.
"""
