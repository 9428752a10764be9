"""Resolve role profiles: credential sources, hops, chains, endpoints, guards, and TARGET arguments.

Session durations and keys of a resolved role are planned in `core.sessions`.
"""
