"""IAM Identity Center over HTTP."""
