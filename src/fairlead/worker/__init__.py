"""Jobs and timers: what is done soon after, and what is done when its instant comes."""
