"""Managed profiles: their properties, what shadows them, the command they run.

Editing the file is in `core.awsconfig`.
"""
