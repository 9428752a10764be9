"""The show.

A scenario and a throw-away HOME on top of `emulator`, and the shell that runs in it.
"""
