"""Made-up policies, requests, and verdicts."""
