"""What links the pillars: the unit of work they share."""
