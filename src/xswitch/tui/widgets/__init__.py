"""Reusable widgets. Whole dialogs are in `tui.dialogs.screens`."""
