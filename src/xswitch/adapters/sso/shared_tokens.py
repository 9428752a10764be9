"""The token files that the AWS CLI and the SDKs share, in `~/.aws/sso/cache`."""

from __future__ import annotations

from pathlib import Path

from xswitch.adapters.ownership import state_error
from xswitch.adapters.state.private_files import read_file, replace_private
from xswitch.core.model import SharedSignIn, SsoSession, SsoToken
from xswitch.core.sso.cache_files import MAX_BYTES, encode_token, read_token, token_file_name


class SharedTokenFiles:
    """Reads and writes the token files below a home folder.

    Implements `actions.sso.sign_in_ports.SharedTokens`.
    """

    def __init__(self, home: str | None) -> None:
        self._folder = None if home is None else Path(home, ".aws", "sso", "cache")

    def load(self, session: SsoSession) -> SharedSignIn:
        """Return a session's token; never raises."""
        if self._folder is None:
            return SharedSignIn()
        try:
            text = read_file(self._folder / token_file_name(session), MAX_BYTES).decode()
        except FileNotFoundError:
            return SharedSignIn()
        except (OSError, UnicodeDecodeError):
            return SharedSignIn(damaged=True)
        return read_token(text, session)

    def store(self, session: SsoSession, token: SsoToken) -> None:
        """Write a session's token, mode 0600, by rename. Raises ConfigError."""
        if self._folder is None:
            return
        path = self._folder / token_file_name(session)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_private(path, encode_token(session, token).encode())
        except OSError as error:
            raise state_error(
                "The token file of the AWS CLI's cache can't be written.", path, error
            ) from None

    def delete(self, session: SsoSession) -> bool:
        """Delete a session's token file; return whether it existed. Raises ConfigError."""
        if self._folder is None:
            return False
        path = self._folder / token_file_name(session)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise state_error(
                "The token file of the AWS CLI's cache can't be deleted.", path, error
            ) from None
        return True
