"""Role profiles resolved to roles: credential sources, hops, chains, endpoints, guards, and the targets a user types."""
