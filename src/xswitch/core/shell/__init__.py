"""Code that other people's shells run: quoting, hooks, and completion; nothing here runs it."""
