"""The embedded AWS: strict STS on loopback, for the demo and the tests."""
