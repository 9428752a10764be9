"""Text, spans, colors, and formats shared by screens. Widgets are in `tui.widgets`."""
