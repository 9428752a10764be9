"""Other emulators, started once for all tests that compare with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.aws.peers import BIN, Peer, free_port


class Peers:
    """Starts each emulator once."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._running: dict[str, Peer] = {}

    def get(
        self,
        name: str,
        argv: Callable[[int], list[str]],
        variables: Callable[[int], dict[str, str]],
    ) -> Peer:
        if name not in self._running:
            port = free_port()
            folder = self._folder / name
            folder.mkdir()
            env = {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "TMPDIR": str(folder),
                **variables(port),
            }
            self._running[name] = self._stack.enter_context(
                Peer(argv(port), port, env, folder / "log")
            )
        return self._running[name]


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    with ExitStack() as stack:
        yield Peers(tmp_path_factory.mktemp("peers"), stack)


@pytest.fixture
def ministack(peers: Peers, need: Callable[[str], str]) -> Peer:
    program = need(str(BIN / "ministack"))
    off = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return peers.get(
        "ministack",
        lambda _: [program],
        lambda port: {**off, "GATEWAY_PORT": str(port), "STATE_DIR": "state"},
    )


@pytest.fixture
def moto(peers: Peers, need: Callable[[str], str]) -> Peer:
    program = need(str(BIN / "moto_server"))
    return peers.get(
        "moto",
        lambda port: [program, "-H", "127.0.0.1", "-p", str(port)],
        lambda _: {"INITIAL_NO_AUTH_ACTION_COUNT": "3"},
    )
