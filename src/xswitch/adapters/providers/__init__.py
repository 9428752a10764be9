"""Source credentials through botocore's own credential providers; calls to STS are in `aws`."""
