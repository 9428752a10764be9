"""Both sides of cross-account access, as pure values: plan, difference, renderings, lint."""
