"""Diagnosis of denied switches from evidence that `actions.explain` collects; no I/O."""
