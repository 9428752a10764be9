"""Matching and ranking of roles; the picker draws the result."""
