"""Use cases that hand a session's credentials to another program.

Getting the session is in `actions.sessions`.
"""
