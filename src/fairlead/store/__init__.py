"""Everything that is kept: SQLite or PostgreSQL, and the record's tiles on disk."""
