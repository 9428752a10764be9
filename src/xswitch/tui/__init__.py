"""The screen.

Frozen state, pure transitions, widgets that draw; it calls use cases and never sees an adapter.
"""
