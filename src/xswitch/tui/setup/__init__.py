"""Setting up cross-account access on the screen.

A form, the difference it makes, the work, the check.
"""
