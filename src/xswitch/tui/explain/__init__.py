"""The explanation of a failed switch on the screen; the diagnosis itself is core/explain."""
