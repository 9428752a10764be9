"""Switches by every route, in hostile surroundings, and the real clients that follow them."""
