"""Use case that collects evidence about a denied switch.

Weighing the evidence is in `core.explain`.
"""
