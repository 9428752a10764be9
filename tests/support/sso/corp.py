"""A home whose config has an sso-session, and an Identity Center to sign in to."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.aws.emulator import aws_server, role, trust
from support.aws.identity_center import (
    WORK,
    browser_program,
    endpoint_variables,
    identity_center_state,
    write_sso_config,
)
from support.e2e import XSWITCH, Home, Ran, run
from support.runtime_folder import runtime_folder
from xswitch.core.model import Credentials, CredentialSource, CredentialSourceKind
from xswitch.core.sso import sign_in_record
from xswitch.core.sso.sign_in_record import SignInRecord, sign_in_key
from xswitch.emulator.server import EmbeddedAws
from xswitch.wiring import build_services

READER = f"""
[profile reader]
role_arn = arn:aws:iam::{WORK}:role/Reader
source_profile = work-admin
region = eu-west-1
"""


@dataclass
class Corp:
    """A home whose config has an sso-session, and an Identity Center to sign in to."""

    home: Home
    aws: EmbeddedAws

    def run(self, *words: str, answer: str = "", **env: str) -> Ran:
        if answer:
            env["BROWSER"] = str(browser_program(self.home.folder, answer))
        return self.home.run(*words, env=env)

    @contextmanager
    def running(self, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [str(XSWITCH), *words],
            env={**self.home.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def open(self, browser: Path, url: str) -> None:
        """Open a URL with a browser's program, and wait for its end."""
        run([str(browser), url], self.home.env)

    def record(self) -> SignInRecord:
        services = build_services(self.home.env)
        session = services.actions.sso.labeled("corp")
        key = sign_in_key(session)
        return sign_in_record.decode(services.ports.storage.vault.get(key), key)

    def credentials(self, profile: str = "work-admin") -> Credentials:
        """Return the credentials of a profile, as the source of a chain."""
        ports = build_services(self.home.env).ports
        view = ports.config.files.read()
        base = CredentialSource(CredentialSourceKind.SSO, profile, "identity")
        found = ports.aws.source_credentials
        return found.resolve(
            base, view, build_services(self.home.env).actions.sso.labeled("corp").portal_endpoint
        )


@pytest.fixture
def corp(clean_world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Corp]:
    state = identity_center_state()
    root = f"arn:aws:iam::{WORK}:root"
    work = next(account for account in state["accounts"] if account["id"] == WORK)
    work["roles"] = [role("Reader", trust(root), max_session_duration=3600)]
    with aws_server(state) as aws, runtime_folder() as memory:
        home = Home(clean_world, aws, memory)
        home.env |= endpoint_variables(aws)
        config = write_sso_config(clean_world)
        config.write_text(config.read_text(encoding="utf-8") + READER, encoding="utf-8")
        home.credentials.unlink(missing_ok=True)
        for name, value in home.env.items():
            monkeypatch.setenv(name, value)
        yield Corp(home, aws)


def printed_url(process: subprocess.Popen[str]) -> str:
    """Return the URL that a running `login` prints."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"http://\S+", line)
        if found:
            return found[0]
    raise AssertionError("no URL")
