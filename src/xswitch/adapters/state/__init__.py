"""xswitch's own files without secrets: index, history, usage, settings, locks, prompt files.

Sessions are in `adapters.vault`, the AWS config is in `adapters.config`.
"""
