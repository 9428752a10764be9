"""The AWS config and credentials files on disk: read, changed in transactions, replaced, backed up.

Parsing is in `core.awsconfig`.
"""
