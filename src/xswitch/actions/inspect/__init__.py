"""Use cases that only read: list, status, config, doctor."""
