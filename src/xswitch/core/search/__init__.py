"""Matching and ranking of the picker's list."""
