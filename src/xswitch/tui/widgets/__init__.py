"""Widgets shared by several screens. Whole dialogs are in `tui.dialogs`."""
