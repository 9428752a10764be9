"""`doctor` on managed profiles: their keys, their role, their command, and what it answers."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from xswitch.actions.ports import FileInspector, Ports
from xswitch.actions.results import DoctorCheck
from xswitch.actions.sessions.managed_profiles import credential_process_command, ensure_bound
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.display import display
from xswitch.core.errors import ExitCode, XswitchError
from xswitch.core.model import CommandOutput
from xswitch.core.profiles.binding import STORED_ONLY_VARIABLE, stored_binding
from xswitch.core.profiles.managed import find_shadowing
from xswitch.core.profiles.process_command import split_command
from xswitch.core.text import last_argument, pluralize

RUN_SECONDS = 10.0
"""Of one command; it answers from the vault, and asks for nothing."""
_CONCURRENT_RUNS = 8
_MESSAGE_LENGTH = 300
_LAUNCHER = "/credential_process.py"


def check_managed_profiles(ports: Ports, snapshot: ConfigSnapshot) -> tuple[DoctorCheck, ...]:
    """Check every managed profile, and run the commands of those that look right."""
    names = [name for name in snapshot.view.profiles if snapshot.managed_profile(name) is not None]
    found = {name: tuple(_profile(ports, snapshot, name)) for name in names}
    sound = [name for name in names if all(check.state != "error" for check in found[name])]
    runnable = {
        name: words for name in sound if (words := _xswitch_words(snapshot, name)) is not None
    }
    with ThreadPoolExecutor(_CONCURRENT_RUNS, thread_name_prefix="doctor") as pool:
        outputs = pool.map(
            lambda words: ports.process.run_command(
                words, {STORED_ONLY_VARIABLE: "1"}, RUN_SECONDS
            ),
            runnable.values(),
        )
        failures = _failures(dict(zip(runnable, outputs, strict=True)))
    checks = (*(check for name in names for check in found[name]), *failures)
    if checks:
        return checks
    text = "Every managed profile works." if names else "There is no managed profile yet."
    return (DoctorCheck("managed", "ok", text, details={"profiles": str(len(names))}),)


def _profile(ports: Ports, snapshot: ConfigSnapshot, name: str) -> Iterator[DoctorCheck]:
    for problem in find_shadowing(snapshot.view, name):
        yield DoctorCheck(
            "managed",
            "error",
            f"{problem.message} ({problem.file}:{problem.line})",
            "Remove those keys.",
            {"code": problem.code},
        )
    if name not in snapshot.managed:
        message = f'The managed profile "{name}" no longer has a role.'
        yield DoctorCheck("managed", "warning", message, f"xswitch forget {last_argument(name)}")
        return
    files = list(_files(ports.process.file_inspector, snapshot, name))
    yield from files
    if not any(check.state == "error" for check in files):
        yield from _command(ports, snapshot, name)


def _files(files: FileInspector, snapshot: ConfigSnapshot, name: str) -> Iterator[DoctorCheck]:
    """Check the program that a managed profile starts, and the scripts it's given."""
    words = _words(snapshot, name)
    program = words[0] if words else ""
    step = f"xswitch switch {last_argument(name)}"
    file = files.inspect(program)
    if not program or not file.exists or file.folder or not file.executable:
        message = f'The managed profile "{name}" starts {program or "nothing"}, which can\'t run.'
        yield DoctorCheck("managed", "error", message, step)
        return
    own = words[1 : words.index(name, 1)] if name in words[1:] else words[1:]
    for path in own:
        if not path.startswith("/"):
            continue
        file = files.inspect(path)
        if not file.exists or file.folder:
            message = f'The managed profile "{name}" runs {path}, which is gone.'
            yield DoctorCheck("managed", "error", message, step)
        elif file.mode is not None and file.mode & stat.S_IWOTH:
            message = f'The managed profile "{name}" runs {path}, which any user can change.'
            yield DoctorCheck("managed", "error", message, f"chmod o-w {shlex.quote(path)}")


def _command(ports: Ports, snapshot: ConfigSnapshot, name: str) -> Iterator[DoctorCheck]:
    """Compare a managed profile's command with what a switch would write."""
    profile = snapshot.view.profiles[name]
    try:
        role = snapshot.role_for_profile(name)
        ensure_bound(snapshot, role, name, None)
        expected = credential_process_command(ports.config, role.principal, name)
    except XswitchError as error:
        message = f"{error.what} {error.why}".strip()
        yield DoctorCheck("managed", "error", message, error.next_step, {"code": error.code})
        return
    if profile.get("credential_process") == expected:
        return
    words, right = _words(snapshot, name), split_command(expected)
    step = f"xswitch switch {last_argument(name)}"
    if _xswitch_words(snapshot, name) is None:
        text = f"starts {words[0]}, which isn't how xswitch starts: its command was changed."
        yield DoctorCheck("managed", "error", f'The managed profile "{name}" {text}', step)
        return
    start = words[: words.index(name, 1)]
    if start != right[: right.index(name, 1)]:
        text = f"starts another xswitch: {start[-1] if start[-1][:1] == '/' else start[0]}."
    elif stored_binding(profile) is None:
        text = "isn't bound to its role: it was written by an earlier version, or changed since."
    else:
        text = "has another command than a switch in this shell would write."
    yield DoctorCheck("managed", "warning", f'The managed profile "{name}" {text}', step)


def _words(snapshot: ConfigSnapshot, name: str) -> list[str]:
    return split_command(snapshot.view.profiles[name].get("credential_process") or "")


def _xswitch_words(snapshot: ConfigSnapshot, name: str) -> list[str] | None:
    """Return the words of a command that starts an xswitch, and None for any other program's."""
    words = _words(snapshot, name)
    if name not in words[1:]:
        return None
    before = words[: words.index(name, 1)]
    starts = before[-1].endswith(_LAUNCHER) or before[1:] in (
        ["credential-process"],
        ["-m", "xswitch", "credential-process"],
        ["-P", "-m", "xswitch", "credential-process"],
    )
    return words if starts else None


def _failures(outputs: Mapping[str, CommandOutput]) -> Iterator[DoctorCheck]:
    """Return a check for each message, which names the profiles that fail with it."""
    names_by_message: dict[str, list[str]] = {}
    for name, output in outputs.items():
        message = _failure(output)
        if message:
            names_by_message.setdefault(message, []).append(name)
    for message, names in names_by_message.items():
        yield DoctorCheck(
            "managed",
            "error",
            f"{_listed(names)}: {message}",
            f"xswitch switch {last_argument(names[0])}",
        )


def _failure(output: CommandOutput) -> str:
    """Return why a command doesn't work, "" if it does; nothing it printed on stdout is shown."""
    said = display(output.stderr.strip().partition("\n")[0], limit=_MESSAGE_LENGTH)
    if output.code is None:
        return f"the command was stopped after {RUN_SECONDS:g} seconds."
    if output.code == ExitCode.MFA_NEEDED:
        return ""  # it works, and no session is stored
    if output.code != 0:
        return f"the command fails with exit code {output.code}. {said}".strip()
    return "" if _is_answer(output.stdout) else "the command prints no credentials."


def _is_answer(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("Version") == 1 and "AccessKeyId" in answer


def _listed(names: Sequence[str]) -> str:
    others = pluralize(len(names) - 1, "other profile")
    return f'The managed profile "{names[0]}"' + (f" and {others}" if len(names) > 1 else "")
