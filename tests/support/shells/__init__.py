"""Real shells, and a reader of PowerShell's grammar."""
