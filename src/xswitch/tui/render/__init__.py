"""Text, spans, colors, and formats that screens share. No widgets."""
