"""The findings of `doctor` about this shell and the managed profiles.

What would be used instead of a session, or in vain.
"""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator, Mapping

from xswitch.actions.api import DoctorCheck
from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.actions.targets import current_profile
from xswitch.core.profiles.managed import find_shadowing

# botocore takes these before any profile that AWS_PROFILE selects; the JavaScript SDK v3 alone
# prefers the profile to the keys.
_KEY_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
)
_WEB_IDENTITY_VARIABLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")


def hook_check(variables: Mapping[str, str]) -> DoctorCheck:
    """Whether this shell has the hook; the init scripts say so."""
    shell = variables.get("XSWITCH_SHELL", "")
    if shell:
        return DoctorCheck(
            "hook", "ok", f"The shell hook is loaded ({shell}).", details={"shell": shell}
        )
    step = 'bash, zsh: eval "$(xswitch init bash)" in the shell\'s start file; others: xswitch init --help'
    return DoctorCheck(
        "hook",
        "warning",
        "The shell hook is not loaded, so a switch can't change this shell.",
        step,
    )


def environment_checks(variables: Mapping[str, str]) -> Iterator[DoctorCheck]:
    """Variables that beat the selected profile, or select different ones for different programs."""
    beating = [name for name in _KEY_VARIABLES if variables.get(name)]
    if all(variables.get(name) for name in _WEB_IDENTITY_VARIABLES):
        beating += _WEB_IDENTITY_VARIABLES
    if beating:
        words = f"{', '.join(beating)} in the environment would be used before any profile."
        yield DoctorCheck("environment", "warning", words, f"unset {' '.join(beating)}")
    first, second = variables.get("AWS_PROFILE"), variables.get("AWS_DEFAULT_PROFILE")
    if first and second and first != second:
        words = f"AWS_PROFILE is {first} and AWS_DEFAULT_PROFILE is {second}: boto3 and the AWS CLI v1 look at the latter first."
        yield DoctorCheck("environment", "warning", words, "unset AWS_DEFAULT_PROFILE")
    elif not beating:
        yield DoctorCheck("environment", "ok", "No variable goes before the selected profile.")


def profile_check(snapshot: ConfigSnapshot) -> DoctorCheck:
    """Whether the profile this shell selects is there."""
    current = current_profile(snapshot)
    if not current:
        return DoctorCheck("profile", "ok", "No profile is selected in this shell.")
    if current not in snapshot.view.profiles:
        return DoctorCheck(
            "profile",
            "error",
            f'AWS_PROFILE is "{current}", and there is no such profile.',
            "xswitch switch, or: unset AWS_PROFILE",
        )
    return DoctorCheck(
        "profile",
        "ok",
        f'This shell selects the profile "{current}".',
        details={"profile": current},
    )


def managed_checks(ports: Ports, snapshot: ConfigSnapshot) -> Iterator[DoctorCheck]:
    """Managed profiles whose command is gone, whose role is gone, or that other keys would win over."""
    names = [name for name in snapshot.view.profiles if snapshot.managed_profile(name) is not None]
    found = [check for name in names for check in _managed_profile_checks(ports, snapshot, name)]
    yield from found
    if not found:
        yield DoctorCheck(
            "managed",
            "ok",
            "Every managed profile can be served.",
            details={"profiles": str(len(names))},
        )


def _managed_profile_checks(
    ports: Ports, snapshot: ConfigSnapshot, name: str
) -> Iterator[DoctorCheck]:
    quoted = shlex.quote(name)
    for problem in find_shadowing(snapshot.view, name):
        yield DoctorCheck(
            "managed",
            "error",
            f"{problem.message} ({problem.file}:{problem.line})",
            "Remove those keys.",
            {"code": problem.code},
        )
    if name not in snapshot.managed:
        yield DoctorCheck(
            "managed",
            "warning",
            f'The managed profile "{name}" has no role any more.',
            f"xswitch forget {quoted}",
        )
        return
    profile = snapshot.view.profiles[name]
    program, *rest = split_command(profile.get("credential_process") or "") or [""]
    fact = ports.process.file_inspector.look(program)
    if not program or not fact.exists or fact.folder or not fact.executable:
        words = f'The managed profile "{name}" starts {program or "nothing"}, which can\'t be run.'
        yield DoctorCheck("managed", "error", words, f"xswitch switch {quoted}")
        return
    for path in (
        word for word in rest[:-1] if word.startswith("/")
    ):  # the last one is the profile's name
        fact = ports.process.file_inspector.look(path)
        if not fact.exists or fact.folder:
            yield DoctorCheck(
                "managed",
                "error",
                f'The managed profile "{name}" runs {path}, which is gone.',
                f"xswitch switch {quoted}",
            )
        elif fact.mode is not None and fact.mode & stat.S_IWOTH:
            yield DoctorCheck(
                "managed",
                "error",
                f'The managed profile "{name}" runs {path}, which anybody can change.',
                f"chmod o-w {path}",
            )


def split_command(command: str) -> list[str]:
    """The words of a `credential_process` that xswitch wrote.

    Blanks in them are escaped by a backslash.
    """
    return [word.replace("\0", " ") for word in command.replace("\\ ", "\0").split(" ") if word]
