"""Stores for sessions: the system's keyring, the runtime keyring in memory, or plain files.

`open_vault` is the entry point; the session index and other files without secrets are in
`adapters.state`.
"""

from xswitch.adapters.vault.selection import open_vault

__all__ = ["open_vault"]
