"""The catalogue on disk: reference data that others publish, built aside and swapped in.

On SQLite it is a file of its own, on PostgreSQL a schema of its own; imports never hold
a lock that intake needs. There are no migrations: a catalogue of another version is made
anew by importing again.
"""
