"""Secrets stay hidden where they don't belong: other config keys, variables, a damaged vault."""

from __future__ import annotations

from collections.abc import Callable

from support.e2e import XSWITCH, Home, run
from support.forked import Forks
from support.hostile.canary import LONG_TERM, Canaries, issued, report
from support.programs.canary import CANARY
from support.reliability.soak import SOAK, count
from xswitch.emulator.server import EmbeddedAws

_KEY = "aws_access_key_id = AKIAODDODDODDODD2345\n"
_PRINTS = (
    """credential_process = /bin/sh -c 'printf "{{\\"Version\\": 1, """
    """\\"SecretAccessKey\\": \\"{0}\\"%s"'\n"""
)
MISPLACED = {
    "a key pair in the config file": _KEY + "aws_secret_access_key = {}\n",
    "a line without =": "aws_secret_access_key {}\n",
    "a continued line": "region = eu-west-1\n  aws_secret_access_key = {}\n",
    "a key given twice": "aws_secret_access_key = {0}\naws_secret_access_key = {0}\n",
    "a key in other letters": "AWS_Secret_Access_Key = {}\n",
    "a header with rubbish": "[profile odd] aws_secret_access_key = {}\nregion = eu-west-1\n",
    "an invisible character": _KEY + "aws_secret_access_key = \u200b{}\n",
    "only one half of a pair": "aws_secret_access_key = {}\n",
    "a command that has it": "credential_process = /bin/sh -c 'exit 3' {}\n",
    "a command that prints it": "credential_process = /bin/sh -c 'echo {0}; echo {0} >&2'\n",
    "a command that prints it and fails": (
        "credential_process = /bin/sh -c 'echo {0}; echo {0} >&2; exit 9'\n"
    ),
    "half a JSON answer": _PRINTS % "",
    "an answer that lacks a key": _PRINTS % "}}",
    "a command that knows codes": (
        "mfa_process = /bin/sh -c 'echo {0}; echo {0} >&2'\n"
        "mfa_serial = arn:aws:iam::111111111111:mfa/dev\n"
    ),
    "a user in the endpoint": _KEY
    + "endpoint_url = http://me:{}@127.0.0.1:1\naws_secret_access_key = x\n",
}
_USES = (
    "\n[profile uses]\nrole_arn = arn:aws:iam::222222222222:role/Reader\nsource_profile = odd\n"
    "region = eu-west-1\nendpoint_url = http://127.0.0.1:1\n"
)


def test_no_misplaced_secret_is_revealed(home: Home, warm: Forks) -> None:
    home.warm = warm
    canaries = Canaries([CANARY])
    whole = home.config.read_text(encoding="utf-8")
    commands = [
        ["switch", "uses"],
        ["config"],
        ["doctor"],
        ["list", "--json"],
        ["explain", "uses", "--json"],
        ["config", "--json"],
        ["switch", "odd"],
    ]
    names = list(MISPLACED) if SOAK else list(MISPLACED)[1:3]
    faults: list[str] = []
    done = 0
    spared = [
        home.config,
        home.credentials,
        *(home.folder / ".local/state/xswitch").rglob("backups/*"),
    ]
    places = [
        {"PWD": "/"},
        {
            "HTTPS_PROXY": f"http://me:{CANARY}@127.0.0.1:1",
            "AWS_SESSION_TOKEN": CANARY,
            "AWS_SECRET_ACCESS_KEY": CANARY,
        },
    ]
    for name in names:
        home.config.write_text(
            "[profile odd]\n" + MISPLACED[name].format(CANARY) + _USES + whole, encoding="utf-8"
        )
        for words in commands if SOAK else commands[:2]:
            for environ in places if SOAK else places[:1]:
                ran = home.run(*words, "--debug", env=environ)
                done += 1
                faults += [
                    f"{name}, {words}: {ran.err} {ran.out}"
                    for _ in canaries.in_text(ran.out, ran.err)
                ]
                if ran.code == 1 or "Traceback" in ran.err:
                    faults.append(f"{name}, {words}: {ran.err}")
    faults += canaries.in_files(home.folder, spared)
    report("commands over config files with one in the wrong place", faults, done)


def test_a_damaged_vault_is_not_quoted(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "reader").code == 0
    process = home.command("xs-reader")
    canaries = Canaries([*LONG_TERM, *issued(aws)])
    kept = {
        file: file.read_bytes()
        for file in home.runtime.rglob("*")
        if file.is_file() and canaries.in_bytes(file.read_bytes())
    }
    assert kept
    damages: dict[str, Callable[[bytes], bytes]] = {
        "cut off": lambda data: data[:-40],
        "no JSON": lambda data: data.replace(b"{", b"", 1),
        "no text": lambda data: data[:60] + b"\xff\xfe" + data[60:],
        "other words": lambda data: data.replace(b"SecretAccessKey", b"SecretAccessKex"),
        "another version": lambda data: data.replace(b"xswitch1", b"xswitch9"),
        "twice": lambda data: data + data,
    }
    commands = [
        process,
        *(
            [str(XSWITCH), *words]
            for words in (["status"], ["switch", "reader"], ["doctor"], ["renew", "--all"])
        ),
    ]
    faults: list[str] = []
    done = 0
    for name in list(damages)[: count(1, 9)]:
        for number, words in enumerate(commands[: count(2, 9)]):
            for file, data in kept.items():
                file.write_bytes(damages[name](data))
            ran = run(words, home.env)
            done += 1
            found = Canaries([*LONG_TERM, *issued(aws)]).in_text(
                ran.err, "" if number == 0 and ran.code == 0 else ran.out
            )
            faults += [f"{name}, {words}: {ran.err}" for _ in found]
            if ran.code == 1 or "Traceback" in ran.err:
                faults.append(f"{name}, {words}: {ran.err}")
    faults += Canaries([*LONG_TERM, *issued(aws)]).in_files(home.folder, [home.credentials])
    report("reads of a damaged vault", faults, done)
