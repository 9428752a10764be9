"""Source credentials (static keys, SSO, web identity, process, login) through botocore's own providers."""
