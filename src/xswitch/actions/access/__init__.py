"""Use cases of cross-account access: plan, apply, roll back, check, lint.

Diagnosing a denial is in `actions.explain`.
"""
