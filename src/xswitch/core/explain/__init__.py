"""Why a switch is denied: evidence in, causes out."""
