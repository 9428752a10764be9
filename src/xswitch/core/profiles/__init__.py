"""Managed profiles: their properties, what shadows them, and the command they run.

Reading and editing the config file is in `core.awsconfig`.
"""
