"""The words of `switch`: the region and its reason, and what keeps a switch from the shell."""

from __future__ import annotations

import io
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from support.actions import CONFIG, GOOD_CODE, NOW, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions
from xswitch.cli.context import Context
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.switch import check_shell, report_switch, report_unset
from xswitch.core.errors import ExitCode, ShellError, UsageError
from xswitch.core.shell.limits import LIMITS_VARIABLE

REGION = CONFIG.replace("[profile open]\n", "[profile open]\nregion = eu-west-1\n")


class Spoken:
    """A command's context, and what was written."""

    def __init__(self, environ: dict[str, str], emit: str | None) -> None:
        self.out, self.err = "", io.StringIO()
        self.context = cast(
            "Context",
            SimpleNamespace(
                environ=environ,
                arguments=SimpleNamespace(emit=emit),
                stderr=Stderr(self.err),
                stdout=SimpleNamespace(raw=self._add, lines=lambda lines: self._add(*lines)),
                services=SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW)),
            ),
        )

    def _add(self, *texts: str) -> None:
        self.out += "".join(texts)


def told(
    environ: dict[str, str], emit: str | None = "sh", *, config: str = CONFIG, region: str = ""
) -> tuple[int, str, str]:
    """Switch to the role `open`, and return exit code, stdout, and stderr."""
    world = World(config=config)
    world.environment.set.update(environ)
    options = SwitchOptions(region=region or None)
    role = world.actions.resolve("open", options)
    switched = world.actions.switch(role, options, FakePrompt(GOOD_CODE), no_progress)
    assert switched.expires_at is not None
    assert switched.expires_at > NOW + timedelta(minutes=1)
    spoken = Spoken(environ, emit)
    code = report_switch(spoken.context, switched)
    return code, spoken.out, spoken.err.getvalue()


@pytest.mark.parametrize(
    ("config", "option", "environ", "place", "sets"),
    [
        (REGION, "", {"AWS_REGION": "eu-west-2"}, " in eu-west-1,", "eu-west-1"),
        (REGION, "us-east-2", {}, " in us-east-2,", "us-east-2"),
        (CONFIG, "", {"AWS_REGION": "eu-west-2"}, " in eu-west-2 (AWS_REGION),", ""),
        (
            CONFIG,
            "",
            {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"},
            " in eu-west-2 (AWS_REGION),",
            "eu-west-2",
        ),
        (
            CONFIG,
            "",
            {"AWS_REGION": "us-gov-west-1", "AWS_DEFAULT_REGION": "eu-west-3"},
            " in eu-west-3 (AWS_DEFAULT_REGION),",
            "eu-west-3",
        ),
        (
            CONFIG,
            "",
            {"AWS_REGION": "us-gov-west-1"},
            " in us-east-1 (AWS_REGION is of another partition),",
            "us-east-1",
        ),
        (CONFIG, "", {}, " as xs-open, ", ""),
    ],
)
def test_the_region_is_told_and_every_program_gets_it(
    config: str, option: str, environ: dict[str, str], place: str, sets: str
) -> None:
    code, out, _ = told(environ, config=config, region=option)
    assert code == ExitCode.DONE
    assert place in out  # POSIX shells say it once it's done
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        assert (f"export {name}='{sets}'" in out) == bool(sets)
    without_hook = told(environ, None, config=config, region=option)[2]
    assert place in without_hook
    other = [name for name in environ if sets and environ[name] != sets]
    warned = without_hook.partition("With ")[2].partition(", programs use")[0]
    assert warned == ", ".join(f"{name}={environ[name]}" for name in other)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        ("", "✓ ", ExitCode.DONE),
        ("group", "Only this subshell is switched.", ExitCode.DONE),
        ("subshell", "This is a subshell", ExitCode.SHELL),
        ("local:AWS_PROFILE", "AWS_PROFILE is local", ExitCode.SHELL),
        ("hidden:AWS_PROFILE", "goes on as before", ExitCode.SHELL),
        ("universal:AWS_VAULT universal:AWS_SSO", "AWS_VAULT and AWS_SSO override", ExitCode.SHELL),
    ],
)
def test_no_success_is_claimed_that_does_not_hold(words: str, said: str, code: int) -> None:
    found, out, err = told({LIMITS_VARIABLE: words}, "bash")
    assert (found, said in err) == (code, True), err
    assert ("✓" in err) == (code == ExitCode.DONE)
    assert ("next: " in err) == (code == ExitCode.SHELL)
    assert out.startswith("\\builtin :")
    spoken = Spoken({LIMITS_VARIABLE: words}, "bash")
    assert report_unset(spoken.context) == code
    assert ("next: " in spoken.err.getvalue()) == (code == ExitCode.SHELL)


@pytest.mark.parametrize("words", ["read-only:AWS_PROFILE", "attributes:AWS_REGION group"])
def test_what_can_not_be_changed_is_refused_in_time(words: str) -> None:
    with pytest.raises(ShellError) as caught:
        check_shell({LIMITS_VARIABLE: words})
    assert caught.value.exit_code == ExitCode.SHELL
    assert caught.value.next_step
    check_shell({LIMITS_VARIABLE: "subshell local:AWS_PROFILE"})


def test_only_a_shell_can_unset_its_profile() -> None:
    with pytest.raises(UsageError):
        report_unset(Spoken({}, None).context)
