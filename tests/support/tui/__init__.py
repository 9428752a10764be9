"""Fake use cases, real terminals."""
