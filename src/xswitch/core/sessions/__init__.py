"""Session plans, session keys, refresh times, and the stored session record.

The broker that calls STS by a plan is in `actions.sessions`.
"""
