"""Use cases: what xswitch does, and the ports it does it through.

No I/O of its own; adapters are handed in.
"""
