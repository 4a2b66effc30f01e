"""What everything else is said in: identifiers, instants, people, markings. Pure."""
