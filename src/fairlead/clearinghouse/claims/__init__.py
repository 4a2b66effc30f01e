"""Claims: who scans what, so that nobody digs the same hole twice."""
