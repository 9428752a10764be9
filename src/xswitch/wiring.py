"""The one place that names both use cases and adapters."""
