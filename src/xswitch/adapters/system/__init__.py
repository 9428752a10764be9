"""The machine around the program: clock, environment, processes, prompts, network probe."""
