"""The full-screen picker.

Immutable state, pure transitions, and widgets that draw. It calls use cases, never adapters.
"""
