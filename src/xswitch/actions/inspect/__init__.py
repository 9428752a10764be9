"""Use cases that only read: list, status, doctor. Use cases that change anything live elsewhere."""
