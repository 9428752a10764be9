"""Hostile text, and its ways through commands and screens."""
