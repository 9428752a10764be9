"""Use cases that get, verify, renew, publish, and delete sessions, with the MFA codes they need.

Handing a session's credentials to another program is in `actions.credentials`.
"""
