"""Working on a case: delivery, clocks, embargo, parts, messages, statements, tasks."""
