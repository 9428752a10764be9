"""Hostile text, and the ways it takes through commands and screens."""
