"""One module per command group: reads arguments, calls one use case, prints its result."""
