"""Files xswitch owns in its state and config folders.

Index, history, usage, settings, locks, prompt files. No secrets.
"""
