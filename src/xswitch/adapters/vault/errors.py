"""The messages for a store that is locked, absent or broken."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from xswitch.core.errors import (
    ErrorCode,
    VaultAbsentError,
    VaultBrokenError,
    VaultError,
    VaultLockedError,
)
from xswitch.core.text import pluralize


class VaultErrors:
    """Creates the vault's errors; `settings` is the path of xswitch's settings file."""

    def __init__(self, settings: str) -> None:
        self._settings = settings

    def locked(self, label: str, why: str = "") -> VaultLockedError:
        """Report a locked keyring."""
        return VaultLockedError(
            f"The keyring ({label}) is locked.",
            why=_as_sentence(why),
            next_step="Unlock it, then retry: log in to the desktop, or open its keyring program; "
            "without a desktop: gnome-keyring-daemon --replace --unlock --components=secrets "
            "(type the password, then press Ctrl-D twice).",
        )

    def absent(self, label: str, why: str) -> VaultAbsentError:
        """Report that the recorded keyring isn't running."""
        return VaultAbsentError(
            f"The keyring ({label}) that holds your sessions isn't available.",
            why=_as_sentence(why),
            next_step=f"Start it, or choose another store: {self._other_store()}.",
        )

    def unresponsive(self, label: str, why: str) -> VaultBrokenError:
        """Report a keyring that doesn't answer."""
        return VaultBrokenError(
            f"The keyring ({label}) does not answer.",
            why=_as_sentence(why),
            next_step=f"Restart it, or choose another store: {self._other_store()}.",
            code=ErrorCode.VAULT_MUTE,
        )

    def no_keyring(self, label: str) -> VaultBrokenError:
        """Report a Secret Service without a default keyring, as on servers."""
        return VaultBrokenError(
            f"The {label} has no default keyring.",
            why="It is usually created by the first login to a desktop.",
            next_step="Create one in the desktop's keyring program, or choose another store: "
            f"{self._other_store()}.",
            code=ErrorCode.VAULT_NO_KEYRING,
        )

    def broken(self, label: str, why: str) -> VaultBrokenError:
        """Report a keyring that answers wrongly."""
        return VaultBrokenError(
            f"The keyring ({label}) can't be used.",
            why=_as_sentence(why),
            next_step=f"Run `xswitch doctor`, or choose another store: {self._other_store()}.",
        )

    def untrusted(self, label: str, path: str, why: str) -> VaultBrokenError:
        """Report a file or folder whose owner, mode or type is wrong."""
        sudo = "sudo " if why.startswith("belongs") else ""
        return VaultBrokenError(
            f"The {label} can't be trusted.",
            why=_as_sentence(f"{path} {why}"),
            next_step="Remove it; new sessions replace the lost ones: "
            f"{sudo}rm -rf {shlex.quote(path)}",
            code=ErrorCode.VAULT_UNTRUSTED,
        )

    def unusable(self, label: str, why: str, next_step: str) -> VaultBrokenError:
        """Report a file or folder that can't be read or written."""
        return VaultBrokenError(
            f"The {label} can't be used.", why=_as_sentence(why), next_step=next_step
        )

    def left(self, label: str, path: str, reasons: Sequence[str]) -> VaultBrokenError:
        """Report files of sessions that can't be deleted, with the reason for each."""
        count = pluralize(len(reasons), "session is", "sessions are")
        return VaultBrokenError(
            f"{count} left in the {label}.",
            why=_as_sentence(f"{path}: {'; '.join(dict.fromkeys(reasons))}"),
            next_step=f"rm -r {shlex.quote(path)}",
            code=ErrorCode.VAULT_LEFT,
        )

    def left_locked(self, label: str, count: int) -> VaultLockedError:
        """Report sessions in a locked keyring, which can't be deleted."""
        locked = self.locked(label)
        sessions = pluralize(count, "session is", "sessions are")
        return VaultLockedError(
            f"{sessions} left in the locked keyring ({label}).",
            next_step=f"{locked.next_step} Then: xswitch forget --all",
            code=ErrorCode.VAULT_LOCKED,
        )

    def left_unreachable(self, label: str, error: VaultError) -> VaultError:
        """Report a keyring that may hold sessions, and can't be used because of `error`."""
        return type(error)(
            f"Sessions may be left in the keyring ({label}).",
            why=f"{error.what} {error.why}".strip(),
            next_step=f"{error.next_step} Then: xswitch forget --all",
            code=error.code,
        )

    def unlisted(self, label: str, command: str) -> VaultBrokenError:
        """Report a keyring that doesn't list its entries; `command` does."""
        return VaultBrokenError(
            f"The {label} lists no entries, so only the sessions that the index names are gone.",
            next_step=f"To see whether there are others: {command}",
            code=ErrorCode.VAULT_UNLISTED,
        )

    def no_memory(self, why: str) -> VaultBrokenError:
        """Report a machine without a keyring and without a file system in memory."""
        return VaultBrokenError(
            "This machine has no keyring, and no file system in memory for sessions.",
            why=_as_sentence(why),
            next_step="Give this user a runtime folder (XDG_RUNTIME_DIR on a tmpfs). Or, to store "
            'sessions on disk in plain files that only you can read: set vault = "file" and '
            f"allow_plain_files = true in {self._settings}.",
            code=ErrorCode.VAULT_NO_MEMORY,
        )

    def not_allowed(self) -> VaultBrokenError:
        """Report `vault = "file"` without `allow_plain_files`."""
        return VaultBrokenError(
            "Sessions are not stored in plain files unless you allow it.",
            why='vault = "file" is set, but allow_plain_files is not.',
            next_step=f"Set allow_plain_files = true in {self._settings}.",
            code=ErrorCode.VAULT_NOT_ALLOWED,
        )

    def unknown(self, name: str, known: tuple[str, ...]) -> VaultBrokenError:
        """Report an unknown `vault` setting."""
        return VaultBrokenError(
            f"Unknown vault {name!r}.",
            why=f"It can be {', '.join(known)}.",
            next_step=f'Set vault = "auto" in {self._settings}.',
            code=ErrorCode.VAULT_UNKNOWN,
        )

    def elsewhere(self, name: str) -> VaultAbsentError:
        """Report a store of another operating system."""
        return VaultAbsentError(
            f"The vault {name!r} does not exist on this operating system.",
            next_step=f'Set vault = "auto" in {self._settings}.',
        )

    def bad_record(self, path: str, why: str, next_step: str = "") -> VaultBrokenError:
        """Report an unreadable record of the store; selecting again could be a downgrade.

        `next_step` is what fixes it, "" for removing it.
        """
        return VaultBrokenError(
            "xswitch's record of which vault it uses can't be used.",
            why=_as_sentence(f"{path}: {why}"),
            next_step=next_step
            or f"Remove it; xswitch then selects a vault again: rm -rf {shlex.quote(path)}",
            code=ErrorCode.VAULT_PIN,
        )

    def newer_record(self, path: str, version: str) -> VaultBrokenError:
        """Report a record of a newer xswitch; selecting again could be a downgrade."""
        return VaultBrokenError(
            "A newer xswitch has recorded which vault it uses.",
            why=_as_sentence(f"{path} has version {version}, and this xswitch knows version 1"),
            next_step="Upgrade xswitch, or set a vault yourself, such as "
            f'vault = "runtime", in {self._settings}.',
            code=ErrorCode.STATE_NEWER,
        )

    def _other_store(self) -> str:
        return f'set vault = "runtime" (sessions in memory only) in {self._settings}'


def _as_sentence(why: str) -> str:
    if not why:
        return ""
    first = why[0] if why.startswith(("/", "$")) else why[0].upper()
    return f"{first}{why[1:].rstrip('.')}."
