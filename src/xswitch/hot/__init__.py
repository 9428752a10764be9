"""The fast path of `credential-process`.

Each module imports only what the bare interpreter has loaded.
"""
