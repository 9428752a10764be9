"""Scenarios and evidence for `explain`."""
