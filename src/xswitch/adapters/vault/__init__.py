"""Where sessions live: the system's keyring, else the runtime keyring.

`open_vault` is the only door.
"""

from xswitch.adapters.vault.selection import open_vault

__all__ = ["open_vault"]
