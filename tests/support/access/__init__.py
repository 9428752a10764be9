"""Fakes and worlds for cross-account access."""
