"""Setting up cross-account access on the screen: a form, the difference it makes, the work, the check."""
