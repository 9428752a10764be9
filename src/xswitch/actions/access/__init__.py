"""Use cases of cross-account access: plan, apply, roll back, check, lint.

The diagnosis of a denial is in `actions.explain`.
"""
