"""What is reached over the network: witnesses of the log."""
