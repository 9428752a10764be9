"""Identity Center in real time: a listing of a large portal, and callers whose sign-in has ended.

    python benchmarks/identity_center.py [ROUNDS]

The portal has 500 accounts with 3 roles each, and refuses a tenth of the requests for roles with
429. The limits are absolute: a minute, and a second.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hotworld import PROFILE, XSWITCH, HotHome, embedded_aws, identity_center_home
from measure import Figure, Row, figure, row

from support.aws.emulator import aws_server
from support.aws.identity_center import (
    endpoint_variables,
    generated_state,
    sign_in,
    write_shared_token,
    write_sso_config,
)
from support.sso.crowd import forked, started
from xswitch.emulator.faults import ALWAYS, FaultKind

ROUNDS = 5
LISTINGS = 3
ACCOUNTS, ROLES, SHARE = 500, 3, 0.1
CALLERS = 200
_SECOND = Figure("a second", 1_000, 1_000, 1_000)
_MINUTE = Figure("a minute", 60, 60, 60)
_NEEDED = 6  # the exit code of a missing sign-in
# Lists the portal of the session corp; prints JSON: roles, and the seconds to the first accounts,
# the first roles, and the end
_LISTING = """
import json, os, time
from xswitch.wiring import build_services
portals = build_services(dict(os.environ)).actions.portals
began, accounts, roles = time.monotonic(), [], []
def show(update):
    if update.accounts_known:
        accounts.append(time.monotonic() - began)
    if update.roles:
        roles.append(time.monotonic() - began)
found = portals.refresh(portals.find("corp"), show)
print(json.dumps([len(found.roles), accounts[0], roles[0], time.monotonic() - began]))
"""


def listing(folder: Path, rounds: int = LISTINGS) -> list[Row]:
    """Measure whole listings, in seconds, and the wait for the first rows, in milliseconds."""
    whole, first = [], []
    with aws_server(generated_state(ACCOUNTS, ROLES)) as aws:
        aws.faults.add(
            FaultKind.THROTTLING, "ListAccountRoles", times=ALWAYS, seconds=1, share=SHARE
        )
        for number in range(rounds):
            home = folder / f"listing{number}"
            write_sso_config(home)
            write_shared_token(home, "corp", sign_in(aws))
            done = subprocess.run(
                [sys.executable, "-c", _LISTING],
                env={"HOME": str(home), "PATH": "/usr/bin:/bin", **endpoint_variables(aws)},
                check=True,
                capture_output=True,
                text=True,
                timeout=300,
            )
            roles, accounts_at, roles_at, ended_at = json.loads(done.stdout)
            if roles != ACCOUNTS * ROLES:
                raise SystemExit(f"{roles} roles of {ACCOUNTS * ROLES}")
            whole.append(ended_at)
            first.append((roles_at - accounts_at) * 1000)
    name = f"portal, {ACCOUNTS * ROLES:,} roles in {ACCOUNTS} accounts, {SHARE:.0%} refused"
    return [
        row(figure(name, whole), _MINUTE, 1, "s"),
        row(figure("portal, first roles after the first page", first), _SECOND, 1),
    ]


def revoked(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """Measure failures with a sign-in that has ended: of one process, and of many callers at once.

    The first of the callers asks AWS to renew the sign-in, which refuses; the others wait for that.
    Of those that are forks of one process, it is the slowest that counts. Those that are a managed
    profile's commands are compared with as many bare interpreters: the time until all have ended.
    """
    with embedded_aws() as aws, identity_center_home(folder, aws) as home:
        aws.sign_ins.revoke("dana")
        token = _token_file(home)
        command, slowest, bare, managed = [], [], [], []
        words = _managed_command(home)
        for _ in range(rounds):
            with _ended(home, token):
                callers = forked(
                    ("credential-process", PROFILE),
                    home.environ,
                    CALLERS,
                    ("credential-process", "other"),
                )
                if any(not _names_login(one.ran.code, one.ran.err) for one in callers):
                    raise SystemExit(f"{callers[0]}")
                slowest.append(max(one.seconds for one in callers) * 1000)
                command.append(_milliseconds(_failing(home.environ)))
            bare.append(
                _milliseconds(_at_once([sys.executable, "-I", "-S", "-c", "pass"], home, 0))
            )
            with _ended(home, token):
                managed.append(_milliseconds(_at_once(words, home, _NEEDED)))
    interpreters = figure(f"{CALLERS} bare interpreters at once", bare)
    return [
        row(figure("sign-in that has ended, cold failure", command), _SECOND, 1),
        row(figure(f"sign-in that has ended, slowest of {CALLERS} callers", slowest), _SECOND, 1),
        row(
            figure(f"sign-in that has ended, {CALLERS} commands at once", managed),
            interpreters,
            2,  # one of them starts the full program, and the others wait for it
        ),
    ]


def _token_file(home: HotHome) -> Path:
    (file,) = Path(home.environ["HOME"], ".aws", "sso", "cache").iterdir()
    return file


@contextmanager
def _ended(home: HotHome, token: Path) -> Iterator[None]:
    """Empty the vault, and let the token have expired, as in a round before it was refused."""
    home.empty()
    before = token.read_text()
    token.write_text(json.dumps({**json.loads(before), "expiresAt": "2026-01-01T00:00:00Z"}))
    yield
    token.write_text(before)


def _managed_command(home: HotHome) -> list[str]:
    text = Path(home.environ["HOME"], ".aws", "config").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("credential_process"))
    return shlex.split(line.partition("=")[2])


def _at_once(words: list[str], home: HotHome, code: int) -> Callable[[], object]:
    def run() -> None:
        for done in started(words, home.environ, CALLERS):
            if done.code != code:
                raise SystemExit(f"{done}")

    return run


def _failing(environ: Mapping[str, str]) -> Callable[[], object]:
    def run() -> None:
        done = subprocess.run(
            [XSWITCH, "credential-process", PROFILE],
            env=dict(environ),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if not _names_login(done.returncode, done.stderr):
            raise SystemExit(done.stderr)

    return run


def _names_login(code: int, message: str) -> bool:
    return code == _NEEDED and message.rstrip().endswith("Next: xswitch login corp")


def _milliseconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def rows(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """Measure everything."""
    return [*revoked(folder, rounds), *listing(folder, min(rounds, LISTINGS))]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for result in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(result)


if __name__ == "__main__":
    main()
