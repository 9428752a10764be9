"""Session plans, session keys, refresh times, and the stored session record."""
