"""The setup screen for cross-account access: form, plan, apply, check."""
