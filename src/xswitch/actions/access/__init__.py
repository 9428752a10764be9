"""Both sides of cross-account access: read, planned, made so, taken back, checked as the user."""
