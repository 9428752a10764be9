"""A portal of Identity Center in virtual time."""
