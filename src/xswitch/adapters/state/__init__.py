"""Files xswitch owns in its state and config folders: index, history, usage, settings, locks, prompt files, hot pointers. No secrets."""
