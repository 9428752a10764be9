"""Run the reliability tests with their full counts.

`make soak` writes docs/reliability.md. `make clients` (`--target clients`) runs the rows that are
about AWS's own clients and writes docs/clients.md; `make generated` (`--target generated`) those
that read and change generated config files, and writes docs/generated.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
_RELIABILITY = ROOT / "tests" / "reliability"
WAITING = (
    "test_hostile_screens",
    "test_hostile_screens_widgets",
    "test_sts_faults",
)
"""Modules that wait for most of their time, for a terminal or for an answer that is late."""
COMPUTING = (
    "test_canary",
    "test_hostile_screens_commands",
    "test_canary_bugs",
    "test_secretservice_faults",
)
"""Long modules that don't. They run beside those that wait; the short ones come last."""

_HANGS = 600
"""Seconds after which a test with its full count is named as one that hangs."""


@dataclass(frozen=True)
class Row:
    """One row of docs/reliability.md, or of the page of another `target` of make.

    `title` is what is done, `least` the minimum of each figure, `holds` what must hold, `test` the
    test module. `also` are ordinary test modules that count as proof too.
    """

    title: str
    least: int
    holds: str
    test: str
    also: tuple[str, ...] = ()
    target: str = "soak"


ROWS: dict[str, Row] = {
    "shells": Row(
        "Hostile names, ARNs and messages through each shell's emitted code",
        10_000,
        "0 injected, 0 wrong values",
        "test_hostile_shells",
    ),
    "histories": Row(
        "Steps of switches and of the user's own changes in each real shell",
        100,
        "the environment is the model's after every step; leaving gives back what was there",
        "test_shell_histories",
        ("core/shell/test_variables_real.py", "e2e/test_shell_surroundings.py"),
    ),
    "writer": Row(
        "The same into the config file by the writer",
        2_000,
        "0 sections or keys injected; refused or exact",
        "test_hostile_writer",
    ),
    "screens": Row(
        "The same through widgets and commands, in a real pty",
        500,
        "no control sequence of theirs, no crash, no live markup",
        "test_hostile_screens",
    ),
    "configs": Row(
        "20,000 generated config files: valid, broken, mixed; half of them damaged",
        10_000,
        "no exception; the predicted CLI view is botocore's; every difference of the SDK view is"
        " among the problems",
        "test_generated_configs",
        target="generated",
    ),
    "edits": Row(
        "20,000 edits on such files",
        10_000,
        "only the intended keys differ in both views, or refused and untouched",
        "test_generated_edits",
        target="generated",
    ),
    "portals": Row(
        "Listings of a portal with 500 accounts and 1,500 roles that refuses a tenth of the"
        " requests, in virtual time",
        100,
        "complete, each page once, all within a minute; the first roles within a second of the"
        " first page, a second more for each refusal before them but one",
        "test_portals",
        ("actions/sso/test_discovery.py",),
    ),
    "portal_kills": Row(
        "`kill -9` at random moments of a listing, in forks and of the whole program",
        20,
        "no finished page is asked for again; the list is complete",
        "test_portal_kills",
    ),
    "expired_sign_ins": Row(
        "Callers at once at the end of a token of Identity Center, which can be renewed or not",
        20,
        "one refresh for all, and the same keys; or a failure of each that names the command;"
        " no browser",
        "test_expired_sign_ins",
        ("actions/sso/test_tokens.py",),
    ),
    "populate": Row(
        "Generated configs populated from a portal's list, edited by hand, and pruned",
        10_000,
        "no foreign byte changed; what was edited stays; a second run changes nothing",
        "test_populated",
        ("core/sso/test_populate.py",),
        target="generated",
    ),
    "populate_odd": Row(
        "The same with mistakes in the configs",
        2_500,
        "no foreign byte changed, or refused because no edit is safe",
        "test_populated",
        target="generated",
    ),
    "edited": Row(
        "Edits of config, credentials, and settings around a plan, its pointer, and the hot path",
        2_000,
        "nothing is served that was planned from other files",
        "test_edited_inputs",
        ("hot/test_stamps.py", "hot/test_bound.py"),
    ),
    "kills": Row(
        "`kill -9` during a write of config, vault, index",
        500,
        "old or new, never anything else; no lock left",
        "test_kills",
    ),
    "together": Row(
        "Processes at once, 20 rounds",
        20,
        "every write kept; one STS call for a role; every profile there",
        "test_together",
    ),
    "questions": Row(
        "An open MFA question on a terminal, and other callers",
        10,
        "callers that can't ask fail at once, others are served, one question for all who can",
        "test_open_questions",
    ),
    "planted": Row(
        "Disk full, read-only and planted paths",
        1,
        "a sentence, the right exit code, nothing lost",
        "test_planted",
    ),
    "forget": Row(
        "`forget --all` killed, or refused a change, at any moment",
        60,
        "what is left is named, no bug; the next one leaves nothing",
        "test_forget_faults",
        (
            "e2e/test_forget_all.py",
            "e2e/test_newer_files.py",
            "e2e/test_runtime_keyring.py",
            "adapters/vault/test_clearing.py",
        ),
    ),
    "owners": Row(
        "Every file of xswitch's own: another user's, unreadable, read-only, of another kind",
        1,
        "it works, or one sentence whose command fixes it; root writes nothing in a user's home",
        "test_owners",
    ),
    "homes": Row(
        "No HOME, no current folder, no entry of the user, odd XDG folders",
        500,
        "it works, or a sentence",
        "test_homes",
    ),
    "streams": Row(
        "Closed, full, and unread output of every command",
        50,
        "a change is made whole; the exit code tells; no bug",
        "test_lost_output",
    ),
    "sts": Row(
        "STS faults through the screen and every command",
        1,
        "its own sentence and exit code in time; nothing half-written; a living session is served",
        "test_sts_faults",
    ),
    "secretservice": Row(
        "Secret Service faults",
        1,
        "the right one of four answers in 3 s, no prompt, no silent downgrade",
        "test_secretservice",
        ("adapters/vault/test_secret_service.py", "adapters/vault/test_selection.py"),
    ),
    "runtime": Row(
        "Runtime keyring faults",
        1,
        "refused or safe",
        "test_files",
        ("adapters/vault/test_file_store.py", "adapters/vault/test_tmpfs.py"),
    ),
    "canary": Row(
        "A canary secret through every command, failure, log and crash report",
        1,
        "0 sightings outside vault and answer",
        "test_canary",
        ("e2e/test_canary.py",),
    ),
    "identity": Row(
        "Switches by every route, in the surroundings of docs/identity.md, then real clients",
        20,
        "the announced identity and region, or a sentence and no credentials",
        "test_identity",
    ),
    "identity_of_clients": Row(
        "Switches by every route, in the surroundings of docs/identity.md, then every client",
        100,
        "the announced identity and region, or a sentence and no credentials",
        "test_identity",
        target="clients",
    ),
    "kinds": Row(
        "Each kind of profile, and roles of each other source, switched to in bash, zsh, and fish,"
        " then real clients",
        6,
        "the announced identity",
        "test_kinds",
        target="clients",
    ),
    "tokens": Row(
        "Token files of Identity Center, written by xswitch and read by each client, and back",
        10,
        "the token that was written, and the role it gives",
        "test_token_files",
        target="clients",
    ),
    "surroundings": Row(
        "Hostile environment and settings",
        1,
        "the pinned backend stays; no code of theirs on the hot path",
        "test_surroundings",
        ("e2e/test_surroundings.py",),
    ),
    "endpoint": Row(
        "A minute of 500 requests a second to the container credential endpoint, while its session"
        " is replaced twenty times a second",
        30_000,
        "each request is served; the memory stays within 4 MiB",
        "test_endpoint",
    ),
    "terminals": Row(
        "Terminals of the terminfo database, at seven sizes",
        40,
        "drawn by ANSI sequences or as a numbered list; Escape or Ctrl-C ends it,"
        " exit code 130, every mode as before, and the prompt on a clean line",
        "test_terminals",
        (
            "tui/startup/test_terminals.py",
            "tui/startup/test_terminal_programs.py",
            "tui/startup/test_full_screen.py",
        ),
    ),
}


@dataclass
class Figure:
    """The sum of one figure's pieces."""

    done: int = 0
    wrong: int = 0
    notes: list[str] = field(default_factory=list)
    parts: Counter[str] = field(default_factory=Counter)
    ordinary: bool = False
    """Counted from a test outside of the row's own."""

    @property
    def remarks(self) -> list[str]:
        """The parts, and the notes."""
        return [f"{name}: {number:,}" for name, number in sorted(self.parts.items())] + self.notes


@dataclass(frozen=True)
class Run:
    """A run of some of the rows, and the page it writes."""

    target: str
    title: str
    about: str

    @property
    def path(self) -> Path:
        """The path of its page."""
        return ROOT / "docs" / f"{self.title.lower()}.md"

    @property
    def modules(self) -> list[str]:
        """The test modules."""
        targets = defaultdict(set)
        for row in ROWS.values():
            targets[row.test].add(row.target)
        stems = sorted(path.stem for path in _RELIABILITY.glob("test_*.py"))
        mine = [stem for stem in stems if self.target in (targets[stem] or {SOAK_RUN.target})]
        also = [f"tests/{module}" for row in self.rows.values() for module in row.also]
        return [*(f"tests/reliability/{stem}.py" for stem in mine), *also]

    @property
    def rows(self) -> dict[str, Row]:
        """The rows of its page."""
        return {key: row for key, row in ROWS.items() if row.target == self.target}


SOAK_RUN = Run(
    "soak",
    "Reliability",
    "`make soak` tries to make xswitch lose, leak, or accept what it must not.",
)
CLIENTS_RUN = Run(
    "clients",
    "Clients",
    "`make clients` lets AWS's own clients use what xswitch writes, and xswitch what they write.",
)
GENERATED_RUN = Run(
    "generated",
    "Generated",
    "`make generated` reads, edits, populates, and prunes generated config files.",
)
RUNS = {run.target: run for run in (SOAK_RUN, CLIENTS_RUN, GENERATED_RUN)}


def main() -> int:
    """Run, add up, write; the exit code says whether every row holds."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--target", choices=RUNS, default=SOAK_RUN.target)
    chosen, arguments = parser.parse_known_args()
    run = RUNS[chosen.target]
    seed = int(os.environ.get("XSWITCH_SOAK_SEED") or time.time())
    with tempfile.TemporaryDirectory(prefix="xswitch-soak-") as folder:
        figures = Path(folder) / "figures.jsonl"
        figures.touch()
        world = {
            **os.environ,
            "XSWITCH_SOAK": str(figures),
            "XSWITCH_SOAK_SEED": str(seed),
            "XSWITCH_SOAK_TARGET": run.target,
        }
        started = time.monotonic()
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *run.modules),
                *("-n", str((os.cpu_count() or 1) + 4)),  # much of it waits
                # One test at a time, in the plugin's order.
                *("-q", "--dist", "load", "--maxschedchunk", "1"),
                *("--timeout", str(_HANGS), "-p", "support.reliability.soak_plugin"),
                *arguments,
            ],
            env=world,
            cwd=ROOT,
            check=False,
        )
        minutes = (time.monotonic() - started) / 60
        found = added(figures.read_text(encoding="utf-8").splitlines())
    missing = [
        line
        for line in shortfalls(found, run.rows)
        if not arguments or not line.endswith("nothing counted")
    ]
    text = page(run, found, seed, minutes)
    print(text)
    for line in missing:
        print(f"Not held: {line}", file=sys.stderr)
    if arguments:
        return ran.returncode
    run.path.write_text(text, encoding="utf-8")
    return ran.returncode or int(bool(missing))


def added(lines: list[str]) -> dict[str, dict[str, Figure]]:
    """Figures by row and by what was counted."""
    found: dict[str, dict[str, Figure]] = defaultdict(lambda: defaultdict(Figure))
    for line in lines:
        told = json.loads(line)
        figure = found[told["row"]][told["what"]]
        figure.done += told["done"]
        figure.wrong += told["wrong"]
        figure.ordinary |= told.get("ordinary", False)
        figure.parts.update(told.get("parts", {}))
        if told["note"] and told["note"] not in figure.notes:
            figure.notes.append(told["note"])
    return found


def shortfalls(found: dict[str, dict[str, Figure]], rows: dict[str, Row]) -> list[str]:
    """A line for every row that has no figures, too small a count, or something wrong."""
    lines: list[str] = []
    for key, row in rows.items():
        figures = found.get(key, {})
        if not figures:
            lines.append(f"{key}: nothing counted")
        for what, figure in figures.items():
            least = 1 if figure.ordinary else row.least
            if figure.done < least:
                lines.append(f"{key}, {what}: {figure.done} of {least}")
            if figure.wrong:
                lines.append(f"{key}, {what}: {figure.wrong} wrong")
    return lines


def page(run: Run, found: dict[str, dict[str, Figure]], seed: int, minutes: float) -> str:
    """The page of a run."""
    rows = [
        f"| {row.title} | {row.holds} | {_told(found.get(key, {}))} | `{row.test}` |"
        for key, row in run.rows.items()
    ]
    return _PAGE.format(
        title=run.title,
        about=run.about,
        target=run.target,
        variable=f"{run.target.upper()}_ARGS",
        example=next(iter(run.rows.values())).test,
        seed=seed,
        minutes=minutes,
        when=time.strftime("%Y-%m-%d"),
        python=sys.version.split()[0],
        cores=os.cpu_count(),
        rows="\n".join(rows),
    )


def _told(figures: dict[str, Figure]) -> str:
    lines = [
        f"{what}: {figure.done:,}, {figure.wrong}"
        f" wrong{''.join(f' ({remark})' for remark in figure.remarks)}"
        for what, figure in sorted(figures.items())
    ]
    return "<br>".join(lines) or "nothing counted"


_PAGE = """# {title}

{about} Run on {when}:
Python {python}, {minutes:.0f} minutes on a shared machine with {cores} cores, seed {seed}.
A slice of each row runs in `make test`.

To repeat one row on the same generated input, take its test from the last column:

```sh
XSWITCH_SOAK_SEED={seed} make {target} {variable}='-k {example}'
```

| done to it | must hold | seen | test |
| --- | --- | --- | --- |
{rows}
"""

if __name__ == "__main__":
    sys.exit(main())
