"""Everything STS and the way there can do wrong, through every command that calls it and through the screen."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from support_aws import READER_ARN, write_config
from support_e2e import Home, Ran
from support_homes import lead_to
from support_soak import SOAK, tell
from support_sts import Answer, Received, Server, assumed, closed_port, drip, good, hang, refusal, reply, reset, serve
from support_tui import Driven
from xswitch.core.errors import ExitCode
from xswitch.demo.server import EmbeddedAws
from xswitch.tui.app import PickerApp
from xswitch.wiring import build_world

_TIME_LIMIT = 35.0  # two tries of 10 s, or 25 s in all, and what a busy machine adds


@dataclass(frozen=True)
class Fault:
    """What the server does, what a command ends with, and where instead of the server is called."""

    answer: Callable[[], Answer]
    exit_code: ExitCode
    code: str
    url: Callable[[int], str] | None = None
    tls: bool = False
    environ: Callable[[int], dict[str, str]] = field(default=lambda _port: {})
    slow: bool = False
    alone: bool = False  # only AssumeRole is answered so


USER = "<AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::222222222222:assumed-role/Reader/x</Arn>"
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<UserId>AROA:x</UserId><Account>222222222222</Account><Arn>arn:aws:sts::222222222222:assumed-role/Reader/x</Arn>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def well(request: Received) -> Answer:
    """What STS says when nothing is wrong."""
    if "Action=GetCallerIdentity" in request.body:
        return reply(200, IDENTITY)
    return assumed("arn:aws:sts::222222222222:assumed-role/Reader/x")


def skewed(hours: int) -> Answer:
    return refusal("SignatureDoesNotMatch", "Signature expired: x is now earlier than y", date=datetime.now(UTC) + timedelta(hours=hours))


def elsewhere() -> Answer:
    return assumed("arn:aws:sts::999999999999:assumed-role/Reader/me")


def over() -> Answer:
    return good("AssumeRole", f"<AssumedRoleUser>{USER}</AssumedRoleUser>", expiration="2020-01-01T00:00:00Z")


N, A, B = ExitCode.NETWORK, ExitCode.DENIED, ExitCode.BASE_CREDENTIALS
FAULTS: dict[str, Fault] = {
    "timeout": Fault(lambda: hang, N, "timeout", slow=True),
    "slow body": Fault(lambda: drip, N, "timeout", slow=True),
    "reset": Fault(lambda: reset, N, "reset"),
    "500": Fault(lambda: reply(500), N, "aws_internal"),
    "503": Fault(lambda: refusal("ServiceUnavailable", "no", 503), N, "aws_internal"),
    "Throttling": Fault(lambda: refusal("Throttling", "Rate exceeded", 400), A, "throttled"),
    "ExpiredToken": Fault(lambda: refusal("ExpiredToken", "The security token included in the request is expired"), B, "expired_token"),
    "AccessDenied": Fault(lambda: refusal("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"), A, "not_authorized"),
    "RegionDisabled": Fault(lambda: refusal("RegionDisabledException", "STS is not activated in this region"), A, "region_disabled"),
    "InvalidClientTokenId": Fault(lambda: refusal("InvalidClientTokenId", "The security token is invalid"), B, "invalid_key"),
    "clock an hour ahead": Fault(lambda: skewed(-1), A, "clock_skew"),
    "clock an hour behind": Fault(lambda: skewed(1), A, "clock_skew"),
    "packed policy too large": Fault(lambda: refusal("PackedPolicyTooLarge", "Packed size 105%", 400), A, "packed_policy"),
    "non-XML": Fault(lambda: reply(200, "<html>welcome</html>", kind="text/html"), N, "not_aws"),
    "wrong account in the answer": Fault(elsewhere, A, "wrong_identity", alone=True),
    "expiry in the past": Fault(over, N, "clock_skew", alone=True),
    "DNS failure": Fault(lambda: reset, N, "dns", url=lambda _port: "https://sts.nowhere.invalid"),
    "nobody listens": Fault(lambda: reset, N, "refused", url=lambda _port: f"http://127.0.0.1:{closed_port()}"),
    "proxy refusal": Fault(
        lambda: reply(407),
        N,
        "proxy",
        url=lambda _port: "https://sts.eu-west-1.amazonaws.com",
        environ=lambda port: {"HTTPS_PROXY": f"http://127.0.0.1:{port}"},
    ),
    "TLS failure": Fault(assumed, N, "tls", url="https://127.0.0.1:{}".format, tls=True),
}


def pictures(home: Home) -> tuple[bytes, dict[str, bytes]]:
    """The config and the vault."""
    vault = {path.name: path.read_bytes() for path in (home.runtime / "xswitch").glob("*") if path.is_file()}
    return home.config.read_bytes(), vault


COMMANDS: dict[str, tuple[str, ...]] = {
    "switch": ("switch", "reader", "--force"),
    "switch --json": ("switch", "reader", "--force", "--json"),
    "renew": ("renew", "reader"),
    "renew --all --json": ("renew", "--all", "--json"),
    "explain": ("explain", "reader"),
}


def complaints(name: str, ran: Ran, fault: Fault) -> list[str]:
    """What is wrong with what a command did under a fault."""
    wrong = []
    if ran.code != fault.exit_code:
        wrong.append(f"{name}: exit code {ran.code}, not {int(fault.exit_code)}: {ran.err}")
    if "Traceback" in ran.err or "This is a bug" in ran.err:
        wrong.append(f"{name}: {ran.err}")
    if "--json" in name:
        data = json.loads(ran.out)
        problems = data["problems"] or [one["error"] for one in data["data"]["renewed"]]
        if problems[0]["code"] != fault.code:
            wrong.append(f"{name}: {problems[0]['code']}, not {fault.code}")
    elif name != "explain" and "xswitch: " not in ran.err:
        wrong.append(f"{name}: no sentence: {ran.err}")
    return wrong


@pytest.mark.parametrize("name", FAULTS if SOAK else ["reset", "AccessDenied", "wrong account in the answer"])
async def test_every_command_and_the_screen_tell_it_and_break_nothing(name: str, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    wrong: list[str] = []
    moods: list[Callable[[Received], Answer]] = [well]
    with ExitStack() as stack:
        server: Server = stack.enter_context(serve(lambda request: moods[-1](request)))  # noqa: PLW0108 -- the mood changes
        lead_to(home, server.url)
        assert home.run("switch", "reader").code == 0
        kept = home.run("credential-process", "xs-reader").out
        healthy = home.config.read_text()
        moods.append(lambda request: well(request) if fault.alone and "Action=AssumeRole" not in request.body else fault.answer())
        environ: dict[str, str] = {}
        if fault.url is not None:
            other = stack.enter_context(serve(lambda _request: fault.answer(), tls=fault.tls))
            lead_to(home, fault.url(other.port))
            environ = fault.environ(other.port)
        before = pictures(home)
        commands = {"switch --json": COMMANDS["switch --json"], "renew": COMMANDS["renew"]} if fault.slow else COMMANDS
        for command, words in commands.items():
            began = time.monotonic()
            wrong += complaints(command, home.run(*words, env=environ), fault)
            if time.monotonic() - began > _TIME_LIMIT:
                wrong.append(f"{command} took {time.monotonic() - began:.0f} s")
            if pictures(home) != before:
                wrong.append(f"{command} changed the config or the vault")
        if not fault.slow:
            wrong += await on_screen(home, environ, monkeypatch)
        home.config.write_text(healthy)
        served = home.run("credential-process", "xs-reader")
        if served.code or served.out != kept:
            wrong.append(f"the living session is not served: {served.err}")
        again = home.run("switch", "reader")
        if again.code not in ({0} if fault.exit_code is N or fault.code == "throttled" else {0, int(fault.exit_code)}):
            wrong.append(f"a switch to the living session: exit code {again.code}: {again.err}")
    tell("sts", name, len(commands) + 3, len(wrong), "; ".join(wrong) or f"exit code {int(fault.exit_code)}, {fault.code}")


async def on_screen(home: Home, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is wrong with what the picker says of a renewal."""
    with monkeypatch.context() as patch:
        for variable, value in {**home.env, **environ}.items():
            patch.setenv(variable, value)
        world = build_world(dict(os.environ))
        app = PickerApp(world.actions, clock=world.clock, environ={})
        async with app.run_test(size=(120, 36)) as pilot:
            one = Driven(app, pilot, world.actions)  # type: ignore[arg-type] # the real ones
            await one.until(lambda: one.state.index is not None)
            role = next(role for role in one.state.roles if role.name == "reader")
            app.upkeep.renew(role)
            await one.until(lambda: "reader" in one.state.failures)
            failure = one.state.failures["reader"]
    return [] if failure.what and "bug" not in failure.what else [f"the screen says {failure}"]


def test_the_default_config_is_the_one_led_astray(home: Home, aws: EmbeddedAws) -> None:
    assert write_config(home.folder, aws.port) == home.config
    lead_to(home, "http://127.0.0.1:1")
    text = home.config.read_text()
    assert text.count("endpoint_url = http://127.0.0.1:1\n") == text.count("endpoint_url") > 5
    assert READER_ARN in text
