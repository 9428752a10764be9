"""The demo's throw-away HOME: AWS files, settings, shell start files, and the environment."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xswitch.demo import organization, scenario, shells

DEMO, ENDPOINT, CLOCK, TOTP = (
    "XSWITCH_DEMO",
    "XSWITCH_DEMO_ENDPOINT",
    "XSWITCH_DEMO_CLOCK",
    "XSWITCH_DEMO_TOTP",
)
"""Variables that tell a process of its demo: the AWS endpoint, clock offset, and MFA secrets."""

_REMOVED_VARIABLES = (
    "AWS_",
    "XSWITCH_",
    "XDG_",
    "BOTO",
    "PYTHON_KEYRING",
    "DBUS_SESSION_BUS_ADDRESS",
    "ZDOTDIR",
)
_SSO_RULES = Path("2019-06-10", "endpoint-rule-set-1.json")
_SHELL_FILES = ("BASH_ENV", "ENV")


@dataclass(frozen=True, slots=True)
class DemoHome:
    """A written HOME; `env` is the whole environment of programs that run in it."""

    folder: Path
    env: Mapping[str, str]
    config: str
    state_file: Path


def write_home(
    folder: Path,
    endpoint: str,
    *,
    environ: Mapping[str, str],
    command: Sequence[str],
    memory: Path | None,
) -> DemoHome:
    """Fill `folder` (empty, private).

    `command` is the argv that starts xswitch, an absolute path first. `memory` is a private folder
    on a memory file system for the runtime keyring; without one, the demo's sessions, which open
    nothing real, are plain files.
    """
    config = config_text(endpoint)
    keys = "\n".join(
        f"[{person.profile}]\naws_access_key_id = {person.access_key_id}\naws_secret_access_key ="
        f" {person.secret_access_key}\n"
        for person in scenario.PEOPLE
    )
    devices = [
        {"serial": person.mfa_serial, "secret": person.totp_secret}
        for person in scenario.PEOPLE
        if person.totp_secret
    ]
    demo = folder / "demo"
    state_path = demo / "state.json"
    _write(folder / ".aws" / "config", config)
    _write(folder / ".aws" / "credentials", keys)
    for service in ("sso", "sso-oidc"):
        _write(folder / ".aws" / "models" / service / _SSO_RULES, sso_endpoint_rules(endpoint))
    _write(state_path, json.dumps(scenario.state(), indent=1) + "\n")
    _write(demo / "totp.json", json.dumps({"devices": devices}) + "\n")
    _write(demo / "bin" / "xswitch", f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', mode=0o700)
    settings = settings_text("runtime" if memory is not None else "file")
    _write(folder / ".config" / "xswitch" / "config.toml", settings)
    if sys.platform == "darwin":
        _write(folder / "Library" / "Application Support" / "xswitch" / "config.toml", settings)
    for name, text in shells.start_files().items():
        _write(folder / name, text)
    env = environment(environ, folder, endpoint, memory)
    return DemoHome(folder=folder, env=env, config=config, state_file=state_path)


def environment(
    environ: Mapping[str, str], folder: Path, endpoint: str, memory: Path | None
) -> dict[str, str]:
    """`environ` with the demo's variables, without any that lead to the user's AWS or settings."""
    inherited = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_REMOVED_VARIABLES) and name not in _SHELL_FILES
    }
    demo = folder / "demo"
    return {
        **inherited,
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "PATH": f"{demo / 'bin'}:{environ.get('PATH', '/usr/bin:/bin')}",
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_STATE_HOME": str(folder / ".local" / "state"),
        "XDG_DATA_HOME": str(folder / ".local" / "share"),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "XDG_RUNTIME_DIR": str(memory or folder / "run"),
        "ZDOTDIR": str(folder / shells.ZSH_FOLDER),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        DEMO: "1",
        ENDPOINT: endpoint,
        CLOCK: str(demo / "clock"),
        TOTP: str(demo / "totp.json"),
    }


def sso_endpoint_rules(endpoint: str) -> str:
    """An endpoint rule set for `~/.aws/models` that leads botocore's clients to the embedded AWS.

    Before version 2.13, the AWS CLI reads no variable that names an endpoint, and `aws sso login`
    never reads `--endpoint-url`.
    """
    text = {"required": False, "type": "String"}
    flag = {"required": True, "default": False, "type": "Boolean"}
    parameters = {
        "Region": {**text, "builtIn": "AWS::Region"},
        "UseDualStack": {**flag, "builtIn": "AWS::UseDualStack"},
        "UseFIPS": {**flag, "builtIn": "AWS::UseFIPS"},
        "Endpoint": {**text, "builtIn": "SDK::Endpoint"},
    }
    rule = {"conditions": [], "endpoint": {"url": endpoint}, "type": "endpoint"}
    return json.dumps({"version": "1.0", "parameters": parameters, "rules": [rule]})


def config_text(endpoint: str) -> str:
    """The demo's ~/.aws/config."""
    sections = [
        "# The demo's own config: every profile talks to the embedded AWS.",
        organization.config_section(),
        *(
            f"[profile {person.profile}]\nregion = eu-west-1\nendpoint_url = {endpoint}\n"
            f"{f'xswitch_note = {person.note}' + chr(10) if person.note else ''}"
            for person in scenario.PEOPLE
        ),
    ]
    for role in scenario.ROLES:
        settings = {
            "role_arn": role.arn,
            "source_profile": role.source,
            "region": role.region,
            "endpoint_url": endpoint,
        }
        settings |= {"mfa_serial": scenario.MFA_SERIAL} if role.mfa else {}
        settings |= {"external_id": role.external_id} if role.external_id else {}
        settings |= {"xswitch_note": role.note} if role.note else {}
        settings |= {"xswitch_account_name": scenario.ACCOUNT_NAMES[role.account], **role.settings}
        lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
        sections.append(f"[profile {role.profile}]\n{lines}")
    return "\n".join(sections)


def settings_text(vault: str) -> str:
    """The demo's config.toml."""
    names = "".join(f'"{account}" = "{name}"\n' for account, name in scenario.ACCOUNT_NAMES.items())
    plain = "allow_plain_files = true\n" if vault == "file" else ""
    guard = (
        '[[guards]]\nname = "production"\nmatch = ["payments-prod-admin",'
        ' "payments-prod-database"]\ncolor = "red"\nconfirm = "account"\n'
    )
    return f'vault = "{vault}"\n{plain}\n[account_names]\n{names}\n{guard}'


def _write(path: Path, text: str, *, mode: int = 0o600) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
