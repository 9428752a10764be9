"""The embedded AWS, servers that misbehave, and other people's emulators."""
