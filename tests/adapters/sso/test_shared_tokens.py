"""The token files of `~/.aws/sso/cache`: private, whole, and botocore's own reader reads them."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest
from botocore.utils import JSONFileCache, SSOTokenLoader

from support.actions import FakeClock
from support.sso.sign_in import SESSION, START_URL, a_token
from xswitch.adapters.sso.shared_tokens import SharedTokenFiles
from xswitch.core.errors import ConfigError
from xswitch.core.model import SharedSignIn, SsoSession

TOKEN = a_token(FakeClock())
LEGACY = SsoSession("", START_URL, "eu-west-1")


@pytest.mark.parametrize("session", [SESSION, LEGACY])
def test_stored_and_read_by_botocore(session: SsoSession, tmp_path: Path) -> None:
    files = SharedTokenFiles(str(tmp_path))
    assert files.load(session) == SharedSignIn()
    files.store(session, TOKEN)
    assert files.load(session) == SharedSignIn(TOKEN)
    folder = tmp_path / ".aws/sso/cache"
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]
    read = SSOTokenLoader(JSONFileCache(str(folder)))(START_URL, session.name or None)
    assert read["accessToken"] == TOKEN.access_token.reveal()
    assert files.delete(session)
    assert not files.delete(session)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]"])
def test_damaged(content: bytes, tmp_path: Path) -> None:
    files = SharedTokenFiles(str(tmp_path))
    files.store(SESSION, TOKEN)
    [path] = (tmp_path / ".aws/sso/cache").iterdir()
    path.write_bytes(content)
    assert files.load(SESSION) == SharedSignIn(damaged=True)


def test_a_reader_never_sees_half(tmp_path: Path) -> None:
    files = SharedTokenFiles(str(tmp_path))
    files.store(SESSION, TOKEN)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            files.store(SESSION, TOKEN)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert all(files.load(SESSION) == SharedSignIn(TOKEN) for _ in range(300))
    finally:
        stop.set()
        writer.join()
    assert len(list((tmp_path / ".aws/sso/cache").iterdir())) == 1


def test_the_clis_file_of_a_device_sign_in(tmp_path: Path) -> None:
    files = SharedTokenFiles(str(tmp_path))
    files.store(SESSION, TOKEN)
    [path] = (tmp_path / ".aws/sso/cache").iterdir()
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({k: data[k] for k in ("accessToken", "expiresAt")}))
    found = files.load(SESSION).token
    assert found is not None
    assert found.refresh_token is None


def test_no_home() -> None:
    files = SharedTokenFiles(None)
    assert files.load(SESSION) == SharedSignIn()
    files.store(SESSION, TOKEN)
    assert not files.delete(SESSION)


def test_a_folder_that_cant_be_written(tmp_path: Path) -> None:
    (tmp_path / ".aws").write_text("a file")
    with pytest.raises(ConfigError):
        SharedTokenFiles(str(tmp_path)).store(SESSION, TOKEN)
    assert [path.name for path in tmp_path.iterdir()] == [".aws"]
