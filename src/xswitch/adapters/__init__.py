"""The ports, for real: files, keyrings, STS, terminals. Never imports `actions`."""
