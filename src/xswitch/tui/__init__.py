"""The screen: a full-screen picker over the use cases. `run.run_picker` opens it."""
