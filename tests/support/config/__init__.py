"""Generated shared-config texts, checks of them, and processes that write them."""
