"""The use case that collects evidence about a denied switch. `core.explain` evaluates it."""
