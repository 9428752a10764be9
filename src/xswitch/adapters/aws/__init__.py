"""Clients of STS and IAM, and the translation of their errors; sources are in `providers`."""
