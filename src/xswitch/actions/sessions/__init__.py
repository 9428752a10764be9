"""Use cases that make, verify, renew, publish, and drop sessions, with the MFA codes they need."""
