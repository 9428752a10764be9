"""The hot path: answers `credential-process` from the vault with a bare interpreter's imports only.

Anything it can't answer is left to the full program, in `cli`.
"""
