"""Role profiles resolved to roles.

Credential sources, hops, chains, endpoints, guards, and the targets a user types.
"""
