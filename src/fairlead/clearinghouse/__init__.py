"""The clearinghouse: reports, duplicates, cases, advisories. Rules and use cases."""
