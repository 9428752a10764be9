"""Cross-account access as pure values: plan, diff, rendered files, lint; no IAM calls."""
