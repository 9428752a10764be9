"""Why a switch was denied, on the screen.

Both sides next to each other, the missing piece marked.
"""
