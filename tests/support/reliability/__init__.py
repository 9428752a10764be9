"""Rows, seeds, and crowds of the reliability tests."""
