"""The ports' real implementations.

They fit the Protocols of `actions.ports` by shape and never import `actions`.
"""
