"""The strict embedded AWS: HTTP, SigV4, STS, IAM, state.

Serves tests and the demo; imports `core` only.
"""
