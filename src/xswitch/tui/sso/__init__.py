"""The screen's part of IAM Identity Center: signing in and out, and adding a session."""
