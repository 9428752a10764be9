"""Keyrings: real, fake, and refused."""
