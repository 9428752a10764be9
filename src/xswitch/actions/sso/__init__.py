"""Use cases of IAM Identity Center: sign-in, tokens, and what the portal lists."""
