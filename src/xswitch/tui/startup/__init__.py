"""Everything before and below Textual: preloading, the first frame, and the terminal driver."""
