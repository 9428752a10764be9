"""No secret in any output, argv, environment or file outside the vault, over every command and its failures."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Self

import pytest

from support_aws import DEV_SECRET, PLAIN_SECRET, TOTP_SECRET, totp_code
from support_e2e import Home, Ran
from xswitch.demo.faults import FaultKind
from xswitch.demo.server import EmbeddedAws

_COMMANDS: list[list[str]] = [
    *[["list"], ["list", "--json"], ["status"], ["status", "--json"], ["config"], ["config", "--json"], ["doctor"], ["doctor", "--json"]],
    *[["switch", "reader"], ["switch", "reader", "--json"], ["switch", "reader", "--force"], ["switch", "denied"], ["switch", "forbidden"]],
    *[
        ["switch", "external"],
        ["switch", "tagged", "--tag", "team=x"],
        ["switch", "deep"],
        ["switch", "nobody"],
        ["switch", "reader", "--json"],
    ],
    *[["renew", "--all"], ["renew", "--all", "--json"], ["renew", "reader"], ["complete"], ["init", "bash"], ["init", "zsh", "--prompt"]],
    *[["completion", "fish"], ["credential-process", "nobody"], ["renew-background", "xs-reader"], ["switch", "--emit", "zsh", "reader"]],
    *[
        ["history"],
        ["history", "--json"],
        ["console", "reader"],
        ["explain", "reader"],
        ["explain", "denied", "--json"],
        ["forget", "deep"],
    ],
    *[["explain", "forbidden"], ["access", "lint", "--profile", "dev", "reader"], ["access", "plan", "--help"], ["console", "nobody"]],
    *[["switch", "reader", "--static"], ["renew", "--all"], ["switch", "--unset", "--emit", "fish"], ["list", "--nonsense"]],
    *[
        ["config", "undo"],
        ["pin", "reader"],
        ["pin", "reader", "--off"],
        ["switch"],
        [],
        ["--nonsense"],
        ["switch", "reader", "--duration", "1"],
    ],
]
_FAULTS = [str(kind) for kind in FaultKind if kind is not FaultKind.DELAY]


class _Watch:
    """Looks at the argv and environment of every process in this HOME until stopped."""

    def __init__(self, home: Path, needles: list[str]) -> None:
        self._home = f"HOME={home}\0".encode()
        self._needles = [needle.encode() for needle in needles]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: set[str] = set()
        self.processes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    environ, words = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
                except OSError:
                    continue
                if self._home not in environ:
                    continue
                self.processes += 1
                if any(needle in content for needle in self._needles for content in (environ, words)):
                    self.seen.add(repr(words[:200]))


def _issued(answer: Ran) -> list[str]:
    data = json.loads(answer.out)
    return [data["SecretAccessKey"], data["SessionToken"]]


def test_no_secret_is_seen(home: Home, aws: EmbeddedAws) -> None:
    long_term = [DEV_SECRET, PLAIN_SECRET, TOTP_SECRET]
    outputs: list[Ran] = []
    secrets: list[str] = []
    with _Watch(home.folder, long_term) as watch:
        outputs.append(home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())))
        assert outputs[0].code == 0, outputs[0].err
        outputs.extend(home.run(*words) for words in _COMMANDS)
        assert home.run("switch", "reader").code == 0
        secrets += _issued(home.run("credential-process", "xs-reader"))
        secrets += _issued(home.run("credential-process", "xs-admin"))
        for fault in _FAULTS:
            aws.faults.add(fault, "AssumeRole", times=4)
            outputs.append(home.run("switch", "reader", "--force"))
            outputs.append(home.run("renew", "admin", "--json"))
            aws.faults.clear()
        outputs.append(home.run("switch", "admin", "--force", "--mfa-code", "000000"))
    assert watch.processes > len(_COMMANDS)
    assert not watch.seen
    secrets += [line for file in home.runtime.rglob("*") if file.is_file() for line in _tokens(file)]
    assert len(secrets) > 4
    for output in outputs:
        for secret in [*long_term, *secrets]:
            assert secret not in output.out
            assert secret not in output.err
        assert "Traceback" not in output.err
        assert output.code != 1, output.err
    for file in home.folder.rglob("*"):
        if file.is_file() and file != home.credentials:
            content = file.read_bytes()
            for secret in [*long_term, *secrets]:
                assert secret.encode() not in content, file


def _tokens(file: Path) -> list[str]:
    _, _, answer = file.read_text(encoding="utf-8", errors="replace").partition("\n")
    if not answer.startswith("{"):
        return []
    data = json.loads(answer)
    return [data["SecretAccessKey"], data["SessionToken"]]


def test_a_crash_is_a_sentence_without_values(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from xswitch.cli import main as cli  # noqa: PLC0415 -- the module under test is patched below

    def crash(_: object) -> object:
        raise ValueError(DEV_SECRET)

    monkeypatch.setattr(cli, "_world", crash)
    assert cli.main(["list"], home.env) == 1
    captured = capsys.readouterr()
    assert DEV_SECRET not in captured.err + captured.out
    assert "This is a bug in xswitch: ValueError at" in captured.err
