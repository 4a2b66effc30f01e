"""Terms: what two sides signed, and the rule by which access is decided. Pure."""
