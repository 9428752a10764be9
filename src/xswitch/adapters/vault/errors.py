"""What the user is told when a store is locked, absent or broken.

One place, so that every answer has its own sentence.
"""

from __future__ import annotations

import shlex

from xswitch.core.errors import ErrorCode, VaultAbsentError, VaultBrokenError, VaultLockedError


class VaultErrors:
    """The errors of one machine.

    `settings` is the path of xswitch's settings file, named where a setting is the way out.
    """

    def __init__(self, settings: str) -> None:
        self._settings = settings

    # -- the system's keyring
    # ------------------------------------------------------------------------------------

    def locked(self, label: str, why: str = "") -> VaultLockedError:
        """The store is there and locked."""
        return VaultLockedError(
            f"The keyring ({label}) is locked.",
            why=_as_sentence(why),
            next_step="Unlock it and do this again: log in to the desktop, or open the desktop's keyring program; "
            "without a desktop: gnome-keyring-daemon --replace --unlock --components=secrets (type the password, then Ctrl-D twice).",
        )

    def absent(self, label: str, why: str) -> VaultAbsentError:
        """There is no such store now, although it was chosen."""
        return VaultAbsentError(
            f"The keyring ({label}) that xswitch keeps its sessions in is not there.",
            why=_as_sentence(why),
            next_step=f"Start it where you run xswitch, or choose another store: {self._other_store()}.",
        )

    def mute(self, label: str, why: str) -> VaultBrokenError:
        """It took the question and says nothing."""
        return VaultBrokenError(
            f"The keyring ({label}) does not answer.",
            why=_as_sentence(why),
            next_step=f"Restart it, or choose another store: {self._other_store()}.",
            code=ErrorCode.VAULT_MUTE,
        )

    def no_keyring(self, label: str) -> VaultBrokenError:
        """The service runs and has no default keyring: nobody ever logged in with one."""
        return VaultBrokenError(
            f"The {label} has no default keyring to keep anything in.",
            why="Nobody has made one yet, as it is on machines without a desktop.",
            next_step=f"Make one in the desktop's keyring program, or choose another store: {self._other_store()}.",
            code=ErrorCode.VAULT_NO_KEYRING,
        )

    def broken(self, label: str, why: str) -> VaultBrokenError:
        """It answers wrongly."""
        return VaultBrokenError(
            f"The keyring ({label}) can't be used.",
            why=_as_sentence(why),
            next_step=f"Run `xswitch doctor`, or choose another store: {self._other_store()}.",
        )

    # -- files
    # ---------------------------------------------------------------------------------------------------

    def untrusted(self, label: str, path: str, why: str) -> VaultBrokenError:
        """A folder or file is not as only we would have made it."""
        return VaultBrokenError(
            f"The {label} can't be trusted.",
            why=_as_sentence(f"{path} {why}"),
            next_step=f"See whose it is (ls -ld {shlex.quote(path)}) and remove it (rm -r {shlex.quote(path)}); sessions are made again.",
            code=ErrorCode.VAULT_UNTRUSTED,
        )

    def unusable(self, label: str, path: str, why: str) -> VaultBrokenError:
        """The system refuses to read or write there."""
        return VaultBrokenError(
            f"The {label} can't be used.",
            why=_as_sentence(f"{path}: {why}"),
            next_step="xswitch doctor",
        )

    def no_memory(self, why: str) -> VaultBrokenError:
        """No file system in memory for the runtime keyring."""
        return VaultBrokenError(
            "There is no keyring here, and no file system in memory to keep sessions in.",
            why=_as_sentence(why),
            next_step="Give this user a runtime folder (XDG_RUNTIME_DIR on a tmpfs), or, to let sessions lie on the disk as plain files "
            f'only you can read: set vault = "file" and allow_plain_files = true in {self._settings}.',
            code=ErrorCode.VAULT_NO_MEMORY,
        )

    def not_allowed(self) -> VaultBrokenError:
        """`vault = "file"` alone."""
        return VaultBrokenError(
            "Sessions are not kept in plain files unless you allow it.",
            why='vault = "file" is set, allow_plain_files is not.',
            next_step=f"Set allow_plain_files = true in {self._settings}.",
            code=ErrorCode.VAULT_NOT_ALLOWED,
        )

    # -- the choice
    # ----------------------------------------------------------------------------------------------

    def unknown(self, name: str, known: tuple[str, ...]) -> VaultBrokenError:
        """A store nobody has heard of, `null`, `fail` and `chainer` among them."""
        return VaultBrokenError(
            f"There is no vault called {name!r}.",
            why=f"It can be {', '.join(known)}.",
            next_step=f'Set vault = "auto" in {self._settings}.',
            code=ErrorCode.VAULT_UNKNOWN,
        )

    def elsewhere(self, name: str) -> VaultAbsentError:
        """A store of another operating system."""
        return VaultAbsentError(
            f"The vault {name!r} does not exist on this operating system.",
            next_step=f'Set vault = "auto" in {self._settings}.',
        )

    def bad_pin(self, path: str, why: str) -> VaultBrokenError:
        """The record of the first choice can't be read.

        Choosing again behind the user's back would be a downgrade.
        """
        return VaultBrokenError(
            "xswitch's record of which vault it uses can't be used.",
            why=_as_sentence(f"{path}: {why}"),
            next_step=f"Remove it (rm {shlex.quote(path)}), and the choice is made again.",
            code=ErrorCode.VAULT_PIN,
        )

    def _other_store(self) -> str:
        return f'set vault = "runtime" (sessions in memory only) in {self._settings}'


def _as_sentence(why: str) -> str:
    return (
        f"{why[0].upper() if not why.startswith(('/', '$')) else why[0]}{why[1:].rstrip('.')}."
        if why
        else ""
    )
