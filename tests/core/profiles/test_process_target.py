from __future__ import annotations

import pytest

from support.roles import KEYS, role, roles, view
from xswitch.core.model import Role
from xswitch.core.profiles.process_target import requested_profile

COMMANDS = [
    "/opt/xswitch/bin/xswitch credential-process {}",
    "xswitch credential-process {}",
    "xswitch --debug credential-process {}",
    "/usr/bin/python3 -I -S /opt/x/share/xswitch/credential_process.py {}",
    "/usr/bin/python3 -m xswitch credential-process {}",
    "C:/py/python.exe -I -S C:/x/credential_process.py {}",
    "C:/x/xswitch.exe credential-process {}",
    "/usr/bin/env AWS_X=1 /opt/xswitch/bin/xswitch credential-process {}",
    "/opt/a\\ b/xswitch credential-process {}",
    "aws configure export-credentials --profile {}",
    "aws --profile {} configure export-credentials --format process",
    "/usr/local/bin/aws configure export-credentials --profile={} --format process",
    "timeout 10 aws configure export-credentials --profile {}",
    "sh -c 'xswitch credential-process {}'",
    "/bin/bash -lc 'exec aws configure export-credentials --profile {} --format process'",
    "bash -c \"sh -c 'xswitch credential-process {}'\"",
]
OTHERS = [
    "",
    "'",
    "/bin/keys xs-p",
    "aws sts get-caller-identity --profile xs-p",
    "aws configure export-credentials",
    "/opt/saml2aws script --profile xs-p",
    "xswitch list xs-p",
    "sh -c",
    "bash wrapper.sh xs-p",
    "sh -c 'sh -c \"sh -c sh\"'",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_profile_of_a_command_is_found(command: str) -> None:
    assert requested_profile(command.format("xs-p")) == "xs-p"


@pytest.mark.parametrize("command", OTHERS)
def test_other_commands_name_none(command: str) -> None:
    assert requested_profile(command) is None


def resolved(command: str, *, asks_for: str) -> dict[str, Role]:
    ours = {"credential_process": "/opt/xswitch credential-process", "xswitch_role": "p"}
    return roles(
        view(
            {
                "dev": {},
                "source": {"credential_process": command.format(asks_for)},
                "p": role("source"),
                "chained": role("p", "Chained"),
                "fine": role("dev", "Fine"),
                "broken": role("nowhere", "Broken"),
                "xs-p": ours,
                "xs-other-name": ours,
                "via-xs": {"credential_process": "xswitch credential-process xs-p"},
                "via-via": {"credential_process": "aws configure export-credentials --profile p"},
                "looped": role("via-via", "Looped"),
            },
            {"dev": KEYS},
        )
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("asks_for", ["p", "xs-p", "xs-other-name", "via-xs", "chained", "looped"])
def test_a_command_that_leads_back_is_a_loop(command: str, asks_for: str) -> None:
    found = resolved(command, asks_for=asks_for)
    for name in ("p", "chained", "looped"):
        assert found[name].chain is None
        assert found[name].problems[0].code == "source_loop"
        assert "form a loop" in found[name].problems[0].message


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("asks_for", ["fine", "broken", "dev", "unknown"])
def test_a_command_that_leads_elsewhere_is_none(command: str, asks_for: str) -> None:
    found = resolved(command, asks_for=asks_for)
    for name in ("p", "chained"):
        chain = found[name].chain
        assert chain is not None
        assert chain.base.profile == "source"
