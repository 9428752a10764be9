"""The container credential endpoint: its server, renewal, private files, and callers' users."""
