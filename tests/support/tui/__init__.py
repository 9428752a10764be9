"""Fake use cases and real terminals."""
