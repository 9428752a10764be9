"""The AWS config and credentials files on disk; their syntax is in `core.awsconfig`."""
