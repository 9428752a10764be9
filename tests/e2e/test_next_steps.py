"""Every next step: those with a command are run as printed, and have the effect they promise."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from pathlib import Path

import pytest

from support import next_steps
from support.aws.emulator import totp_code
from support.e2e import Home, Ran, run
from support.next_steps_table import ADVICE, ELSEWHERE, RUN
from xswitch.cli.commands import COMMANDS
from xswitch.cli.parser import parse_arguments
from xswitch.core.errors import UsageError
from xswitch.emulator.server import EmbeddedAws

_ODD = "it's my $(role)"
_NAMES = (_ODD, "-odd", "--all", "-- it's")
"""A name that only the AWS CLI and boto3 see, and that a shell would split and expand."""
_PLACEHOLDERS = {
    "TARGET": "reader",
    "ACCOUNT:ROLE": "222222222222:Reader",
    "PROFILE": "dev",
    "ROLE": "Reader",
    "NAME": "xs-other",
    "SHELL": "bash",
    "FILE": "policy.json",
    "CODE": "123456",
    "ID": "unicorn-42",
    "COMMAND": "true",
    "DIR": "/",
}
_FILLED = {"--duration": "900", "init": "bash", "access": "plan"}
_COMMAND = re.compile(r"xswitch(?: [a-z-]+| --?[a-z-]+| \{\}| [A-Z:]+| [0-9a-z]+)+")


ALL = {**RUN, **ELSEWHERE, **ADVICE}


def test_every_next_step_is_run_or_has_its_reason() -> None:
    written = next_steps.written()
    assert len(ALL) == len(RUN) + len(ELSEWHERE) + len(ADVICE)
    unknown = {text: place for text, place in written.items() if text not in ALL}
    assert unknown == {}, "add a row to support/next_steps_table.py"
    assert ALL.keys() - written.keys() == set()
    assert {name for name in RUN.values() if name not in globals()} == set()
    tests = Path(__file__).parents[1]
    assert {name for name in ELSEWHERE.values() if not (tests / name).is_file()} == set()


def test_the_commands_in_them_exist() -> None:
    names = {command.name for command in COMMANDS}
    for text in ALL:
        for found in _COMMAND.findall(text):
            command = found
            for before, value in _FILLED.items():
                command = command.replace(f"{before} {{}}", f"{before} {value}")
            words = [
                _PLACEHOLDERS.get(word, word) for word in shlex.split(command.replace("{}", "x"))
            ]
            if words[1] not in names and not words[1].startswith("--"):
                continue  # the rest of a sentence
            try:
                parse_arguments(words[1:])
            except SystemExit:
                assert "--help" in words
            except UsageError as error:
                pytest.fail(f"{found}: {error}")


def test_the_commands_of_the_aws_cli_exist() -> None:
    import botocore.session  # noqa: PLC0415 -- slow, and for this test only
    from botocore import xform_name  # noqa: PLC0415

    session = botocore.session.get_session()
    text = "\n".join(ALL)
    for service, operation in re.findall(r"aws (iam|sts) ([a-z{}-]+)", text):
        model = session.get_service_model(service)
        known = {xform_name(name, "-") for name in model.operation_names}
        kinds = ("user", "role", "group") if "{}" in operation else ("",)
        assert {operation.replace("{}", kind) for kind in kinds} <= known


def printed(ran: Ran) -> str:
    """Return the next step that was printed, which the table must know."""
    if ran.out.startswith("{"):
        step = str(ran.json["problems"][0]["next_step"])
    else:
        found = re.search(r"[nN]ext: (.*)$", ran.err + ran.out, re.MULTILINE)
        assert found, ran
        step = found[1]
    assert any(next_steps.pattern(text).fullmatch(step) for text in ALL), step
    return step


def follow(home: Home, command: str, cwd: Path | None = None, **environ: str) -> Ran:
    """Run a command as it was printed, in a POSIX shell."""
    env = {**home.env, **environ}
    return run(["/bin/sh", "-c", command if cwd is None else f"cd {cwd} && {command}"], env)


def _with_role(home: Home, name: str, lines: str = "") -> None:
    text = home.config.read_text(encoding="utf-8")
    header = f"[profile {name}]" if re.fullmatch(r"[\w.-]+", name) else f'[profile "{name}"]'
    endpoint = next(line for line in text.splitlines() if line.startswith("endpoint_url"))
    home.config.write_text(
        f"{text}\n{header}\nrole_arn = arn:aws:iam::222222222222:role/Reader\n"
        f"source_profile = dev\nregion = eu-west-1\n{endpoint}\n{lines}",
        encoding="utf-8",
    )


_LOOKS: dict[str, tuple[int, ...]] = {
    "xswitch config": (0,),
    "xswitch list": (0,),
    "xswitch doctor": (0, 8),
    "xswitch --help": (0,),
    "xswitch switch --help": (0,),
    "xswitch history --limit 20": (0,),
    "xswitch access plan --help": (0,),
    "xswitch demo --help": (0,),
}


def test_a_name_in_a_command_is_written_by_the_functions_that_know_hyphens() -> None:
    # A document in JSON begins with no hyphen
    by_hand = re.compile(r"(?:\bxs(?:witch)?(?: [a-z-]+)+|--[a-z-]+) \{(?:shlex\.)?quote\((?!json)")
    found = [
        f"{file.relative_to(next_steps.ROOT)}:{number}: {line.strip()}"
        for file in sorted(next_steps.ROOT.rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if by_hand.search(line) and "emulator" not in file.parts
    ]
    assert not found, "use last_argument, command_for, or option_text of core/text.py"


@pytest.mark.parametrize("command", sorted(_LOOKS))
def test_a_command_that_looks(command: str, home: Home) -> None:
    assert follow(home, command).code in _LOOKS[command]


def test_the_shell_is_switched_without_the_hook(home: Home) -> None:
    said = home.run("switch", "reader").err
    setting = re.search(r"Set it: (.*?)   or load the shell hook: (eval \S+ init bash\)\")", said)
    assert setting, said
    env = {**home.env, "SHELL": "/bin/bash"}
    set_by_hand = run(["/bin/sh", "-c", f"{setting[1]}; env"], env)
    assert "AWS_PROFILE=xs-reader\n" in set_by_hand.out
    hooked = run(["/bin/bash", "-c", f"{setting[2]}; xs reader; env"], env)
    assert "AWS_PROFILE=xs-reader\n" in hooked.out, hooked.err


def test_placeholders_are_filled(home: Home, aws: EmbeddedAws, tmp_path: Path) -> None:
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    (tmp_path / "policy.json").write_text(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    )
    assert "xswitch switch TARGET" in home.run("status", env={"HOME": str(tmp_path)}).err
    for words, code in (
        (["explain"], (0,)),
        (["renew"], (0,)),
        (["switch", "--json"], (0,)),
        (["exec", "reader"], (0,)),
        (["exec", "--env", "--", "true"], (0,)),
        (["exec", "--serve", "--", "true"], (0,)),
        (["exec", "--chdir", "missing", "reader", "--", "true"], (0,)),
        (["access", "lint"], (0, 8)),  # the exit code tells of findings
        (["access", "plan"], (0,)),
        (["forget"], (0,)),
    ):
        step = printed(home.run(*words))
        for command in step.split(", or: "):
            filled = command.replace("--target PROFILE", "--target admin")
            for name, value in _PLACEHOLDERS.items():
                filled = re.sub(rf"\b{name}\b", value, filled)
            ran = follow(home, filled, tmp_path)
            assert ran.code in code, (command, ran)
    assert aws.count("AssumeRole")


@pytest.mark.parametrize("name", _NAMES)
def test_a_switch_gets_the_session_that_is_due(home: Home, aws: EmbeddedAws, name: str) -> None:
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    aws.clock.advance(30)
    assert home.run("forget", "--all").code == 0
    _with_role(home, name, "mfa_serial = arn:aws:iam::111111111111:mfa/dev\n")
    step = printed(home.run("credential-process", "--", name))
    assert shlex.split(step)[-1] == name
    code = totp_code(now=aws.clock.now())
    ran = follow(home, step.replace(" switch ", f" switch --mfa-code {code} ", 1))
    assert ran.code == 0, ran.err
    assert home.run("credential-process", "--", name).code == 0


def test_a_name_that_several_roles_match_is_completed(home: Home) -> None:
    step = printed(home.run("switch", "222222222222"))
    assert follow(home, step).code in (0, 5)
    step = printed(home.run("switch", "reeder"))
    assert follow(home, step).code == 0


def test_a_renewal_gets_the_code_that_is_due(home: Home, aws: EmbeddedAws) -> None:
    code = totp_code(now=aws.clock.now())
    assert home.run("switch", "admin", "--mfa-code", code, "--duration", "20m").code == 0
    for folder in home.runtime.rglob("*"):
        if folder.is_file():
            folder.unlink()
    aws.clock.advance(30)
    step = printed(home.run("credential-process", "xs-admin"))
    assert step == "xswitch renew xs-admin"
    ran = follow(home, f"{step} --mfa-code {totp_code(now=aws.clock.now())}")
    assert ran.code == 0, ran.err
    assert home.run("credential-process", "xs-admin").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["switch", _ODD],
        ["explain", _ODD],
        ["renew", _ODD],
        ["access", "lint", "Reader", "--target", _ODD],
    ],
)
def test_a_code_is_given_with_the_command(words: list[str], home: Home, aws: EmbeddedAws) -> None:
    _with_role(home, _ODD, "mfa_serial = arn:aws:iam::111111111111:mfa/dev\n")
    if words[0] == "renew":
        assert home.run("switch", _ODD, "--mfa-code", totp_code(now=aws.clock.now())).code == 0
        aws.clock.advance(30)
        for file in home.runtime.rglob("*"):
            if file.is_file():
                file.unlink()
    step = printed(home.run(*words))
    if step.startswith("repeat the command with"):
        step = f"{shlex.join(['xswitch', *words])}{step.removeprefix('repeat the command with')}"
    ran = follow(home, step.replace("CODE", totp_code(now=aws.clock.now())))
    # The role may not read IAM, but the code was taken
    assert ran.code in ((0,) if words[0] != "access" else (0, 4)), (step, ran)


@pytest.mark.parametrize("name", ["reader", *_NAMES])
def test_a_guard_is_confirmed(home: Home, name: str) -> None:
    if name != "reader":
        _with_role(home, name)
    settings = home.folder / ".config/xswitch/config.toml"
    settings.write_text(
        'vault = "runtime"\n[account_names]\n"222222222222" = "the prod\'s \\"one\\""\n'
        '[[guards]]\nname = "prod"\nmatch = "222222222222"\nconfirm = "account"\n'
    )
    ran = home.run("switch", "--", name)
    assert ran.code == 2, ran
    followed = follow(home, printed(ran))
    assert followed.code == 0, (ran.err, followed.err)


def test_a_source_gets_its_target(home: Home) -> None:
    # Without a role, nothing says which source is meant
    home.config.write_text(home.config.read_text().partition("[profile admin]")[0])
    for words in (
        ["switch", "222222222222:Reader"],
        ["switch", "nobody", "--source", "dev"],
    ):
        step = printed(home.run(*words))
        for name in ("ACCOUNT:ROLE", "PROFILE"):
            step = step.replace(name, _PLACEHOLDERS[name])
        ran = follow(home, step)
        assert ran.code == 0, (words, step, ran.err)


def test_another_name_for_the_managed_profile(home: Home) -> None:
    with home.config.open("a") as config:
        config.write("\n[profile xs-reader]\nregion = eu-west-1\n")
    ran = home.run("switch", "reader")
    assert ran.code == 8, ran
    printed(ran)
    assert follow(home, "xswitch switch reader --profile-name xs-other").code == 0
    for name in ("default", "a b"):
        printed(home.run("switch", "reader", "--profile-name", name))


def test_static_keys_are_written_again(home: Home) -> None:
    assert home.run("switch", "reader", "--static").code == 0
    assert home.run("forget", "reader").code == 0
    step = printed(home.run("config", "undo"))
    assert step == "Write them again: xswitch switch NAME --static"
    assert follow(home, step.partition(": ")[2].replace("NAME", "reader")).code == 0
    assert "aws_session_token" in home.credentials.read_text()


def test_a_change_that_cant_be_undone_is_removed(home: Home) -> None:
    assert home.run("switch", "reader").code == 0
    home.config.write_text("# a comment\n" + home.config.read_text())
    step = printed(home.run("config", "undo"))
    assert follow(home, step.partition(": ")[2].replace("NAME", "xs-reader")).code == 0
    assert "xs-reader" not in home.config.read_text()


def test_an_orphan_is_forgotten(home: Home) -> None:
    _with_role(home, "old")
    assert home.run("switch", "old").code == 0
    text = home.config.read_text()
    home.config.write_text(text.replace("[profile old]", "[profile new]"))
    steps = []
    for ran in (home.run("credential-process", "xs-old"), home.run("doctor")):
        steps += re.findall(r"[nN]ext: (xswitch forget .*)", ran.err + ran.out)
    assert set(steps) == {"xswitch forget xs-old"}
    assert follow(home, steps[0]).code == 0
    assert "xs-old" not in home.config.read_text()


def test_a_hook_is_printed(home: Home) -> None:
    step = printed(home.run("init", "tcsh"))
    assert follow(home, step.partition(",")[0].replace("SHELL", "zsh")).code == 0
    step = printed(home.run("init", "bash", "--cmd", "x;y"))
    assert follow(home, step).code == 0


def test_a_read_only_config_is_made_writable(home: Home) -> None:
    folder = home.folder / "my $(aws) files"
    folder.mkdir()
    config = folder / "it's config"
    config.write_text(home.config.read_text())
    config.chmod(0o400)
    environ = {"AWS_CONFIG_FILE": str(config)}
    ran = home.run("switch", "reader", env=environ)
    step = printed(ran)
    assert step.startswith("chmod u+w "), ran
    assert follow(home, step).code == 0
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert home.run("switch", "reader", env=environ).code == 0


def test_modes_that_doctor_names(home: Home) -> None:
    assert home.run("switch", "reader").code == 0
    home.credentials.chmod(0o644)
    state = home.folder / ".local/state/xswitch"
    state.chmod(0o755)
    locks = state / "locks"
    locks.chmod(0o500)
    steps = _permission_steps(home)
    assert len(steps) >= 3, steps
    assert follow(home, " && ".join(steps)).code == 0
    assert stat.S_IMODE(home.credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert _permission_steps(home) == []


@pytest.mark.parametrize("encoding", ["latin1", "utf-16", "utf-16-le"])
def test_a_file_is_converted(encoding: str, home: Home) -> None:
    folder = home.folder / "my $(aws) files"
    folder.mkdir()
    config = folder / "it's config"
    text = "# größe\n" + home.config.read_text()
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    config.write_bytes(mark + text.encode(encoding))
    config.chmod(0o600)
    environ = {"AWS_CONFIG_FILE": str(config)}
    ran = home.run("list", env=environ)
    assert ran.code == 8
    step = printed(ran).partition(": ")[2]
    followed = follow(home, step)
    assert followed.code == 0, (step, followed.err)
    assert config.read_text(encoding="utf-8").lstrip("\ufeff") == text
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert home.run("list", env=environ).code == 0


def test_what_isnt_a_file_is_moved_away(home: Home) -> None:
    kept = home.config.read_text()
    home.config.unlink()
    home.config.mkdir()
    step = printed(home.run("list"))
    assert follow(home, step.partition(": ")[2]).code == 0, step
    home.config.write_text(kept)
    assert home.run("list").code == 0
    memory = home.folder / ".local/state/xswitch/memory.json"
    memory.mkdir(parents=True)
    for folder in (memory, memory.parent):
        folder.chmod(0o700)
    steps = _permission_steps(home)
    assert follow(home, " && ".join(steps)).code == 0, steps
    assert _permission_steps(home) == []


def _permission_steps(home: Home) -> list[str]:
    return [
        check["next_step"]
        for check in home.run("doctor", "--json").json["data"]["checks"]
        if check["name"] == "permissions" and check["state"] != "ok"
    ]


def test_an_old_copy_of_the_config_is_removed(home: Home) -> None:
    copy = home.config.with_name("config.xswitch-original")
    copy.write_text("old")
    checks = home.run("doctor", "--json").json["data"]["checks"]
    (step,) = (check["next_step"] for check in checks if check["name"] == "leftovers")
    assert follow(home, step).code == 0
    assert not copy.exists()


def test_a_hard_link_gets_a_file_of_its_own(home: Home) -> None:
    os.link(home.config, home.folder / "it's second")
    step = printed(home.run("switch", "reader"))
    assert follow(home, step.partition(": ")[2]).code == 0, step
    assert home.run("switch", "reader").code == 0
    assert "xs-reader" not in (home.folder / "it's second").read_text()


def test_a_folder_of_others_is_closed(home: Home) -> None:
    home.config.parent.chmod(0o777)
    step = printed(home.run("switch", "reader", "--static"))
    assert follow(home, step).code == 0, step
    assert home.run("switch", "reader", "--static").code == 0


def test_a_folder_that_is_gone_is_left(home: Home) -> None:
    gone = f"mkdir {home.folder}/d && cd {home.folder}/d && rmdir ../d"
    ran = follow(home, f"{gone} && AWS_CONFIG_FILE=x xswitch list")
    step = printed(ran).partition(": ")[2]
    followed = follow(home, f"{gone} && {step} && AWS_CONFIG_FILE=x xswitch list")
    assert followed.code == 0, followed


def test_variables_are_unset(home: Home) -> None:
    def doctor(before: str, after: str = "true") -> list[dict[str, str]]:
        ran = follow(home, f"{before}; {after}; xswitch doctor --json")
        checks: list[dict[str, str]] = json.loads(ran.out)["data"]["checks"]
        return [
            check
            for check in checks
            if check["name"] in ("environment", "profile") and check["state"] != "ok"
        ]

    for before in (
        "export AWS_ACCESS_KEY_ID=AKIAQRSTUVWXYZ234567 AWS_SECRET_ACCESS_KEY=x AWS_SESSION_TOKEN=y",
        "export AWS_PROFILE=dev AWS_DEFAULT_PROFILE=plain",
        "export AWS_PROFILE=gone",
    ):
        steps = [check["next_step"] for check in doctor(before)]
        assert steps
        for step in steps:
            after = step.partition(", or: ")[2] or step
            assert doctor(before, after) == [], (before, step)
    step = printed(home.run("switch", "--unset"))
    assert (
        follow(home, f"export AWS_PROFILE=dev; {step.partition(',')[0]}; env").out.count(
            "AWS_PROFILE"
        )
        == 0
    )


def test_a_setting_of_the_vault(home: Home) -> None:
    settings = home.folder / ".config/xswitch/config.toml"
    for before, key in (('vault = "file"', "allow_plain_files = true"),):
        settings.write_text(before + "\n")
        ran = home.run("switch", "reader")
        step = printed(ran)
        assert key in step
        assert step.endswith(f"in {settings}.")
        settings.write_text(f"{before}\n{key}\n")
        assert home.run("switch", "reader").code == 0


def test_a_bad_record_is_removed(home: Home) -> None:
    settings = home.folder / ".config/xswitch/config.toml"
    settings.write_text("")
    assert home.run("switch", "reader").code == 0
    record = next(
        path
        for path in (home.folder / ".local/state/xswitch").rglob("*")
        if path.is_file()
        and path.read_bytes().strip().startswith((b"runtime", b'{"', b"secret"))
        and "vault" in path.name
    )
    record.write_text("nonsense\n")
    ran = home.run("switch", "reader", "--force")
    step = printed(ran)
    command = re.search(r": (rm .*)", step)
    assert command, step
    assert follow(home, command[1]).code == 0
    assert home.run("switch", "reader", "--force").code == 0


def test_an_untrusted_vault_is_removed(home: Home) -> None:
    assert home.run("switch", "reader").code == 0
    folder = next(path.parent for path in home.runtime.rglob("*") if path.is_file())
    os.link(next(path for path in folder.iterdir() if path.is_file()), home.runtime / "second name")
    ran = home.run("credential-process", "xs-reader")
    ran = home.run("switch", "reader", "--force") if ran.code == 0 else ran
    step = printed(ran)
    command = re.search(r": (rm -rf .*)", step)
    assert command, step
    assert follow(home, command[1]).code == 0
    assert home.run("switch", "reader").code == 0


def test_settings_are_removed(home: Home) -> None:
    settings = home.folder / ".config/xswitch/config.toml"
    settings.write_text("vault = [\n")
    step = printed(home.run("switch", "reader"))
    assert str(settings) in step
    settings.write_text('vault = "runtime"\n')
    assert home.run("switch", "reader").code == 0


def test_a_newer_file_is_removed(home: Home) -> None:
    assert home.run("pin", "reader").code == 0
    usage = next((home.folder / ".local/state/xswitch").glob("memory.json"))
    usage.write_text('{"version": 99}')
    step = printed(home.run("pin", "reader"))
    assert follow(home, step.partition(": ")[2]).code == 0
    assert home.run("pin", "reader").code == 0


def test_a_shorter_session(home: Home) -> None:
    ran = home.run("switch", "reader", "--duration", "12h")
    assert ran.code == 4, ran
    command = re.search(r"next: (xswitch switch reader --duration \d+)", ran.err)
    command = command or re.search(r"next: .*?(--duration \d+)", ran.err)
    assert command, ran.err
    text = command[1] if command[1].startswith("xswitch") else f"xswitch switch reader {command[1]}"
    assert follow(home, text).code == 0


def test_a_value_is_corrected(home: Home) -> None:
    assert "eu-west-1" in printed(home.run("switch", "reader", "--region", "no region"))
    assert home.run("switch", "reader", "--region", "eu-west-1").code == 0
    assert "900" in printed(home.run("switch", "reader", "--duration", "1"))
    assert home.run("switch", "reader", "--duration", "900").code == 0


_APPLY = ("access", "apply", "New", "--source", "dev", "--target", "admin", "--no-mfa")


def test_changes_are_confirmed(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    ran = home.run(*_APPLY)
    assert printed(ran) == "repeat the command with --yes"
    assert home.run(*_APPLY, "--yes", "--no-check").code == 0


def test_files_are_overwritten(home: Home, aws: EmbeddedAws, tmp_path: Path) -> None:
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    words = ["access", "plan", "New", "--source", "dev", "--target", "admin", "--no-mfa"]
    words += ["--format", "terraform", "--output", str(tmp_path / "files")]
    assert home.run(*words).code == 0
    assert "--force" in printed(home.run(*words))
    assert home.run(*words, "--force").code == 0


def test_the_place_of_a_mistake(home: Home) -> None:
    with home.config.open("a") as config:
        config.write(
            "\n[profile base]\ncredential_process = /nowhere/at/all\n[profile of]\n"
            "role_arn = arn:aws:iam::222222222222:role/Reader\nsource_profile = base\n"
        )
    step = printed(home.run("switch", "of"))
    place = re.search(r"at (.*):(\d+)\.", step)
    assert place, step
    line = Path(place[1]).read_text().splitlines()[int(place[2]) - 1]
    assert line == "credential_process = /nowhere/at/all"
