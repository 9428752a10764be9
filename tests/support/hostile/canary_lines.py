"""Command lines that use the whole grammar, for the default emulator of `support.aws.emulator`."""

from __future__ import annotations

from collections.abc import Iterable

from xswitch.cli.completion import completion_words

_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_OPTIONS = (
    *(
        "--source",
        "dev",
        "--region",
        "eu-west-1",
        "--duration",
        "20m",
        "--session-name",
        "canary",
        "--external-id",
        "unicorn-42",
    ),
    *("--policy-arn", _READ_ONLY, "--policy", _POLICY, "--tag", "team=x"),
)
_SIDES = (
    "--source",
    "dev",
    "--target",
    "admin",
    "--user",
    "dev",
    "--policy",
    "ReadOnlyAccess",
    "--mfa-serial",
    "arn:aws:iam::111111111111:mfa/dev",
)
_DETAILS = (
    *(
        "--path",
        "/team/",
        "--document",
        "own=own.json",
        "--external-id",
        "unicorn-42",
        "--max-session",
        "2h",
        "--tag",
        "team=x",
    ),
    *(
        "--description",
        "what for",
        "--profile",
        "new",
        "--switch-from",
        "dev",
        "--region",
        "eu-west-1",
        "--display-name",
        "New",
        "--color",
        "red",
    ),
)
_SHELLS = ("bash", "zsh", "fish", "powershell", "nu")


def lines(code: str, port: int) -> list[tuple[str, ...]]:
    """Return the command lines in an order in which most of them work.

    `code` is a current MFA code for the first line. `port` is a port that accepts connections.
    `settings.json` and `state.json` are files of the working directory.
    """
    return [
        ("switch", "admin", "--mfa-code", code),
        (
            "switch",
            "reader",
            "--region",
            "eu-west-1",
            "--duration",
            "20m",
            "--session-name",
            "canary",
            "--profile-name",
            "xs-canary",
            "--json",
        ),
        ("switch", "reader", "--policy-arn", _READ_ONLY, "--policy", _POLICY, "--force"),
        ("switch", "external", "--external-id", "unicorn-42"),
        ("switch", "222222222222:Reader", "--source", "dev", "--confirm", "prod"),
        ("switch", "tagged", "--tag", "team=x"),
        ("switch", "reader"),
        ("switch", "reader", "--static"),
        ("switch", "-"),
        ("switch", "deep"),
        ("switch", "denied"),
        ("switch", "forbidden", "--json"),
        ("switch", "admin", "--force", "--mfa-code", code),
        ("switch", "--unset"),
        *(("switch", "reader", "--emit", shell) for shell in ("zsh", "fish", "nu", "powershell")),
        ("exec", "222222222222:Reader", *_OPTIONS, "--confirm", "prod", "--", "true"),
        ("exec", "reader", "--mfa-code", "000000", "--env", "--chdir", "/", "--", "true"),
        ("exec", "reader", "--serve", "--no-renew", "--", "true"),
        ("explain", "reader"),
        ("explain", "222222222222:Reader", *_OPTIONS, "--json"),
        ("explain", "admin", "--mfa-code", "000000"),
        ("explain", "denied"),
        ("explain", "forbidden", "--json"),
        *(
            (name, *more)
            for name in ("list", "status", "history", "doctor")
            for more in ((), ("--json",))
        ),
        ("history", "--limit", "2"),
        ("config", "show"),
        ("config", "--json"),
        ("renew", "reader", "--json"),
        ("renew", "--all", "--mfa-code", "000000"),
        ("pin", "reader"),
        ("pin", "reader", "--off"),
        ("credential-process", "nobody"),
        ("renew-background", "xs-reader"),
        ("complete", ""),
        ("console", "reader"),
        ("console", "admin", "--json"),
        ("access", "plan", "New", *_SIDES, "--no-mfa"),
        ("access", "plan", "New", *_SIDES, *_DETAILS, "--mfa", "--json"),
        (
            "access",
            "plan",
            "--role",
            "New",
            "--source-account",
            "111111111111",
            "--target",
            "admin",
            "--account",
            "--format",
            "cli",
        ),
        (
            "access",
            "plan",
            "New",
            "--source",
            "dev",
            "--target-account",
            "222222222222",
            "--group",
            "nobody",
        ),
        (
            "access",
            "plan",
            "New",
            "--source",
            "dev",
            "--target-account",
            "222222222222",
            "--assuming-role",
            "nobody",
        ),
        (
            "access",
            "plan",
            "New",
            *_SIDES,
            "--generate-external-id",
            "--output",
            "files",
            "--format",
            "terraform",
        ),
        (
            "access",
            "plan",
            "New",
            *_SIDES,
            "--output",
            "files",
            "--format",
            "cloudformation",
            "--force",
        ),
        ("access", "apply", "New", *_SIDES),
        ("access", "apply", "New", *_SIDES, "--dry-run"),
        (
            "access",
            "apply",
            "New",
            *_SIDES,
            "--no-mfa",
            "--yes",
            "--no-check",
            "--rollback-on-failure",
        ),
        ("access", "apply", "New", *_SIDES, "--no-mfa", "--yes", "--json"),
        ("access", "check", "New", *_SIDES, "--mfa-code", "000000"),
        ("access", "lint", "own.json", "New", "--target", "admin"),
        *_identity_center_lines(),
        *(
            ("init", shell, *more)
            for shell in _SHELLS
            for more in ((), ("--cmd", "sx", "--prompt"))
        ),
        *(("completion", shell, "--cmd", "sx") for shell in _SHELLS),
        ("demo", "--serve", "--state", "state.json", "--port", str(port)),
        ("demo", "--code", "--user", "dana"),
        ("demo", "--approve", f"http://127.0.0.1:{port}/authorize?state=canary"),
        ("demo", "--advance", "1h"),
        *(
            (*name.split(" "), "--help")
            for name in sorted({word.command for word in completion_words() if word.command})
        ),
        ("--help",),
        ("--version",),
        ("switch",),
        (),
        ("--nonsense",),
        ("switch", "reader", "--duration", "1"),
        ("config", "undo"),
        ("forget", "deep"),
        ("forget", "--all", "--json"),
        ("forget", "--all", "--yes"),
    ]


def _identity_center_lines() -> list[tuple[str, ...]]:
    """Return the lines of sign-ins and lists; the portal doesn't exist."""
    address = ("--start-url", "https://canary.awsapps.com/start", "--region", "eu-west-1")
    names = ("--template", "{account_name}-{role_name}", "--case", "lower", "--separator", "-")
    patterns = ("--trim", "AWS*", "--only", "*", "--except", "none*")
    return [
        ("sso", "add", "canary", *address, "--scope", "sso:account:access", "--dry-run", "--json"),
        ("sso", "add", "canary", *address, "--yes"),
        ("login", "canary", "--no-browser", "--json"),
        ("login", "canary", "--device-code", "--share", "--force"),
        ("sso", "list", "--json"),
        ("sso", "refresh", "canary", "--json"),
        ("sso", "populate", "canary", *names, *patterns, "--cached", "--dry-run", "--json"),
        ("sso", "populate", "canary", "--region", "eu-west-1", "--prune", "--yes"),
        ("logout", "canary", "--json"),
        ("logout", "--all"),
    ]


def with_debug(tried: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the same commands with --debug."""
    return [(line[0], "--debug", *line[1:]) if line else ("--debug",) for line in tried]


def missing_words(tried: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the words of the grammar that no line uses; a verb's options count for its command."""
    seen = {
        (line[0] if line and not line[0].startswith("-") else "", word)
        for line in tried
        for word in line
    }
    seen |= {("", command) for command, _ in seen}
    return [
        f"{row.command} {row.word}"
        for row in completion_words()
        if row.word
        and row.kind != "target"
        and (row.command.partition(" ")[0], row.word) not in seen
    ]
