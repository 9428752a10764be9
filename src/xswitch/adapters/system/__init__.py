"""The machine: environment, clock, child processes, MFA prompts; xswitch's files are in `state`."""
