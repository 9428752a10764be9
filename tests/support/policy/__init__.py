"""Cases and generators of policies and requests."""
