"""The only writers of stdout and stderr, and the text and JSON they write."""
