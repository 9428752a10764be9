"""The findings of `doctor` about this shell and the managed profiles: what would be used instead of a session, or in vain."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator, Mapping

from xswitch.actions.api import Check
from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import Reading
from xswitch.actions.targets import current_profile
from xswitch.core.profiles.shadowing import shadows

# botocore takes these before any profile that AWS_PROFILE selects; the JavaScript SDK v3 alone prefers the profile to the keys.
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_WEB_IDENTITY = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")


def hook_check(variables: Mapping[str, str]) -> Check:
    """Whether this shell has the hook; the init scripts say so."""
    shell = variables.get("XSWITCH_SHELL", "")
    if shell:
        return Check("hook", "ok", f"The shell hook is loaded ({shell}).", details={"shell": shell})
    step = 'bash, zsh: eval "$(xswitch init bash)" in the shell\'s start file; others: xswitch init --help'
    return Check("hook", "warning", "The shell hook is not loaded, so a switch can't change this shell.", step)


def environment_checks(variables: Mapping[str, str]) -> Iterator[Check]:
    """Variables that beat the selected profile, or select different ones for different programs."""
    beating = [name for name in _KEYS if variables.get(name)]
    if all(variables.get(name) for name in _WEB_IDENTITY):
        beating += _WEB_IDENTITY
    if beating:
        words = f"{', '.join(beating)} in the environment would be used before any profile."
        yield Check("environment", "warning", words, f"unset {' '.join(beating)}")
    first, second = variables.get("AWS_PROFILE"), variables.get("AWS_DEFAULT_PROFILE")
    if first and second and first != second:
        words = f"AWS_PROFILE is {first} and AWS_DEFAULT_PROFILE is {second}: boto3 and the AWS CLI v1 look at the latter first."
        yield Check("environment", "warning", words, "unset AWS_DEFAULT_PROFILE")
    elif not beating:
        yield Check("environment", "ok", "No variable goes before the selected profile.")


def profile_check(reading: Reading) -> Check:
    """Whether the profile this shell selects is there."""
    current = current_profile(reading)
    if not current:
        return Check("profile", "ok", "No profile is selected in this shell.")
    if current not in reading.view.profiles:
        return Check(
            "profile", "error", f'AWS_PROFILE is "{current}", and there is no such profile.', "xswitch switch, or: unset AWS_PROFILE"
        )
    return Check("profile", "ok", f'This shell selects the profile "{current}".', details={"profile": current})


def managed_checks(ports: Ports, reading: Reading) -> Iterator[Check]:
    """Managed profiles whose command is gone, whose role is gone, or that other keys would win over."""
    names = [name for name in reading.view.profiles if reading.managed_profile(name) is not None]
    found = [check for name in names for check in _managed(ports, reading, name)]
    yield from found
    if not found:
        yield Check("managed", "ok", "Every managed profile can be served.", details={"profiles": str(len(names))})


def _managed(ports: Ports, reading: Reading, name: str) -> Iterator[Check]:
    quoted = shlex.quote(name)
    for problem in shadows(reading.view, name):
        yield Check("managed", "error", f"{problem.message} ({problem.file}:{problem.line})", "Remove those keys.", {"code": problem.code})
    if name not in reading.managed:
        yield Check("managed", "warning", f'The managed profile "{name}" has no role any more.', f"xswitch forget {quoted}")
        return
    profile = reading.view.profiles[name]
    program, *rest = command_words(profile.get("credential_process") or "") or [""]
    fact = ports.file_facts.look(program)
    if not program or not fact.exists or fact.folder or not fact.executable:
        words = f'The managed profile "{name}" starts {program or "nothing"}, which can\'t be run.'
        yield Check("managed", "error", words, f"xswitch switch {quoted}")
        return
    for path in (word for word in rest[:-1] if word.startswith("/")):  # the last one is the profile's name
        fact = ports.file_facts.look(path)
        if not fact.exists or fact.folder:
            yield Check("managed", "error", f'The managed profile "{name}" runs {path}, which is gone.', f"xswitch switch {quoted}")
        elif fact.mode is not None and fact.mode & stat.S_IWOTH:
            yield Check("managed", "error", f'The managed profile "{name}" runs {path}, which anybody can change.', f"chmod o-w {path}")


def command_words(command: str) -> list[str]:
    """The words of a `credential_process` that xswitch wrote: blanks in them are escaped by a backslash."""
    return [word.replace("\0", " ") for word in command.replace("\\ ", "\0").split(" ") if word]
