"""What happens before and under Textual: preloading, the first frame, the terminal driver."""
