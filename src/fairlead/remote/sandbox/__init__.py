"""Sandboxes on Linux: bubblewrap with control groups and seccomp, and gVisor."""
