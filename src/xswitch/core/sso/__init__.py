"""Pure rules of IAM Identity Center: pacing, names, and profiles for what the portal lists."""
