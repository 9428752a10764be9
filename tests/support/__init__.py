"""Helpers of the tests: fakes, worlds, generators, and programs that tests start."""
