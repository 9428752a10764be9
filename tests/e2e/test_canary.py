"""No secret in output, argv, environment, or files outside the vault, for every command."""

from __future__ import annotations

import json

import pytest

from support.aws.emulator import DEV_SECRET, PLAIN_SECRET, TOTP_SECRET, totp_code
from support.e2e import Home, Ran
from support.hostile.canary import Canaries, Watch, issued
from xswitch.emulator.faults import FaultKind
from xswitch.emulator.server import EmbeddedAws

_COMMANDS: list[list[str]] = [
    *[
        ["list"],
        ["list", "--json"],
        ["status"],
        ["status", "--json"],
        ["config"],
        ["config", "--json"],
        ["doctor"],
        ["doctor", "--json"],
    ],
    *[
        ["switch", "reader"],
        ["switch", "reader", "--json"],
        ["switch", "reader", "--force"],
        ["switch", "denied"],
        ["switch", "forbidden"],
    ],
    *[
        ["switch", "external"],
        ["switch", "tagged", "--tag", "team=x"],
        ["switch", "deep"],
        ["switch", "nobody"],
        ["switch", "reader", "--json"],
    ],
    *[
        ["renew", "--all"],
        ["renew", "--all", "--json"],
        ["renew", "reader"],
        ["complete"],
        ["init", "bash"],
        ["init", "zsh", "--prompt"],
    ],
    *[
        ["completion", "fish"],
        ["credential-process", "nobody"],
        ["renew-background", "xs-reader"],
        ["switch", "--emit", "zsh", "reader"],
    ],
    *[
        ["history"],
        ["history", "--json"],
        ["console", "reader"],
        ["explain", "reader"],
        ["explain", "denied", "--json"],
        ["forget", "deep"],
    ],
    *[
        ["explain", "forbidden"],
        ["access", "lint", "--profile", "dev", "reader"],
        ["access", "plan", "--help"],
        ["console", "nobody"],
    ],
    *[
        ["switch", "reader", "--static"],
        ["renew", "--all"],
        ["switch", "--unset", "--emit", "fish"],
        ["list", "--nonsense"],
    ],
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


def _issued(answer: Ran) -> list[str]:
    data = json.loads(answer.out)
    return [data["SecretAccessKey"], data["SessionToken"]]


def test_no_secret_appears(home: Home, aws: EmbeddedAws) -> None:
    long_term = Canaries([DEV_SECRET, PLAIN_SECRET, TOTP_SECRET])
    outputs: list[Ran] = []
    with Watch(home.folder, long_term) as watch:
        outputs.append(home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())))
        assert outputs[0].code == 0, outputs[0].err
        outputs.extend(home.run(*words) for words in _COMMANDS)
        assert home.run("switch", "reader").code == 0
        secrets = [
            *_issued(home.run("credential-process", "xs-reader")),
            *_issued(home.run("credential-process", "xs-admin")),
        ]
        for fault in _FAULTS:
            aws.faults.add(fault, "AssumeRole", times=4)
            outputs.append(home.run("switch", "reader", "--force"))
            outputs.append(home.run("renew", "admin", "--json"))
            aws.faults.clear()
        outputs.append(home.run("switch", "admin", "--force", "--mfa-code", "000000"))
    assert watch.processes > len(_COMMANDS)
    assert not watch.seen
    assert set(secrets) <= set(issued(aws))
    canaries = Canaries([DEV_SECRET, PLAIN_SECRET, TOTP_SECRET, *issued(aws)])
    assert len(canaries) > 7
    for output in outputs:
        assert canaries.in_text(output.out, output.err) == []
        assert "Traceback" not in output.err
        assert output.code != 1, output.err
    assert canaries.in_files(home.folder, [home.credentials]) == []


def test_a_crash_is_a_message_without_values(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xswitch.cli import main as cli  # noqa: PLC0415 -- the module under test is patched below

    def crash(*_: object) -> object:
        raise ValueError(DEV_SECRET)

    monkeypatch.setattr(cli, "_services", crash)
    assert cli.main(["list"], home.env) == 1
    captured = capsys.readouterr()
    assert DEV_SECRET not in captured.err + captured.out
    assert "This is a bug in xswitch: ValueError at" in captured.err
