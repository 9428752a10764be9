"""`exec`: a command runs as the target, and everything between it and its caller is its own."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.aws.emulator import DEV_KEY, DEV_SECRET, PROD, totp_code
from support.e2e import XSWITCH, Home
from support.tui.pty_program import pty_program
from xswitch.emulator.server import EmbeddedAws

WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
READER = f"arn:aws:sts::{PROD}:assumed-role/Reader/"
TRY = 'import boto3; print(boto3.client("sts").get_caller_identity())'
GUARD = '[[guards]]\nname = "prod"\nmatch = "reader"\nconfirm = "account"\n'

HOSTILE = {
    "default keys": {"AWS_ACCESS_KEY_ID": DEV_KEY, "AWS_SECRET_ACCESS_KEY": DEV_SECRET},
    "a session token": {
        "AWS_ACCESS_KEY_ID": "ASIAX",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_SECURITY_TOKEN": "x",
    },
    "web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:x"},
    "a missing profile": {"AWS_PROFILE": "missing"},
    "another default profile": {"AWS_DEFAULT_PROFILE": "dev"},
    "another tool": {"AWS_VAULT": "x", "AWSUME_PROFILE": "x", "AWS_SESSION_EXPIRATION": "x"},
    "another region": {"AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "ap-south-1"},
    "no metadata service": {"AWS_EC2_METADATA_DISABLED": "true"},
    "a container's endpoint": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/"},
    "a switched shell": {
        "AWS_PROFILE": "dev",
        "XSWITCH_REGION": "ap-south-1",
        "XSWITCH_OWN_AWS_REGION": "x",
    },
}


def script(home: Home, text: str) -> str:
    path = home.folder / "script.sh"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("form", [(), ("--env",)], ids=["profile", "keys"])
@pytest.mark.parametrize("surroundings", HOSTILE)
def test_the_command_is_the_target(
    home: Home, aws: EmbeddedAws, surroundings: str, form: tuple[str, ...]
) -> None:
    env = {**HOSTILE[surroundings], "AWS_ENDPOINT_URL": aws.endpoint}
    config = home.config.read_text(encoding="utf-8")
    home.config.write_text(f"[default]\nregion = us-west-2\n\n{config}", encoding="utf-8")
    keys = home.credentials.read_text(encoding="utf-8")
    home.credentials.write_text(
        f"[default]\naws_access_key_id = {DEV_KEY}\naws_secret_access_key = {DEV_SECRET}\n{keys}",
        encoding="utf-8",
    )
    ran = home.run("exec", *form, "reader", "--", sys.executable, "-c", WHO, env=env)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(READER)
    region = home.run(
        "exec", *form, "reader", "--", "sh", "-c", "echo $AWS_REGION $AWS_DEFAULT_REGION", env=env
    )
    assert region.out == "eu-west-1 eu-west-1\n"


def test_by_default_nothing_secret_is_in_its_environment(home: Home) -> None:
    ran = home.run("exec", "reader", "--", "env")
    assert ran.code == 0, ran.err
    names = {line.partition("=")[0] for line in ran.out.splitlines()}
    assert {"AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} <= names
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & names
    assert "AWS_PROFILE=xs-reader" in ran.out


def test_keys_in_the_environment_have_an_end_and_no_profile(home: Home) -> None:
    ran = home.run("exec", "--env", "reader", "--", "env", env={"AWS_PROFILE": "dev"})
    assert ran.code == 0, ran.err
    assert "AWS_SESSION_TOKEN=" in ran.out
    assert "AWS_CREDENTIAL_EXPIRATION=" in ran.out
    assert "AWS_PROFILE" not in ran.out
    assert "keys in the command's environment end at" in ran.err
    assert "[profile xs-reader]" not in home.config.read_text(encoding="utf-8")


def test_the_config_is_named_wherever_the_command_looks(home: Home) -> None:
    ran = home.run("exec", "reader", "--", "env", "-u", "HOME", sys.executable, "-c", WHO)
    assert ran.out.startswith(READER), ran.err
    folder = home.folder / "elsewhere"
    folder.mkdir()
    ran = home.run("exec", "--chdir", str(folder), "reader", "--", "pwd")
    assert Path(ran.out.strip()) == folder.resolve()


def test_options_have_a_profile_of_their_own(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "reader").code == 0
    before = home.config.read_text(encoding="utf-8")
    words = ("--session-name", "other", "reader", "--", sys.executable, "-c", WHO)
    ran = home.run("exec", *words)
    assert ran.out.strip() == f"{READER}other", ran.err
    assert home.config.read_text(encoding="utf-8").startswith(before.rstrip("\n"))
    plain = home.run("exec", "reader", "--", sys.executable, "-c", WHO)
    assert plain.out.startswith(READER)
    assert not plain.out.startswith(f"{READER}other")
    assert home.run("exec", *words).code == 0
    assert aws.count("AssumeRole") == 2


def test_no_renew_serves_the_stored_session_alone(home: Home, aws: EmbeddedAws) -> None:
    words = ("exec", "--no-renew", "reader", "--")
    ran = home.run(*words, sys.executable, "-c", WHO)
    assert ran.out.startswith(READER), ran.err
    lost = f"xswitch forget reader >/dev/null 2>&1; {shlex.quote(sys.executable)} -c '{TRY}'"
    ran = home.run(*words, "sh", "-c", lost)
    assert "Arn" not in ran.out, ran.out
    refused = home.run("exec", "--no-renew", "--env", "reader", "--", "true")
    assert (refused.code, refused.out) == (2, "")
    assert aws.count("AssumeRole") == 1


@pytest.mark.parametrize("code", [0, 1, 2, 77, 126, 127, 128, 200, 255])
def test_the_exit_code_is_its_own(home: Home, code: int) -> None:
    assert home.run("exec", "reader", "--", "sh", "-c", f"exit {code}").code == code


@pytest.mark.parametrize("name", ["TERM", "KILL", "HUP", "INT", "SEGV", "PIPE"])
def test_so_is_the_signal_that_ends_it(home: Home, name: str) -> None:
    ran = home.run("exec", "reader", "--", "sh", "-c", f"ulimit -c 0; kill -{name} $$")
    assert ran.code == -getattr(signal, f"SIG{name}")


def test_its_input_passes_through(home: Home) -> None:
    text = "one\ntwo\n" * 10_000
    assert home.run("exec", "reader", "--", "cat", stdin=text).out == text


def test_no_process_of_ours_stays(home: Home) -> None:
    with subprocess.Popen(
        [str(XSWITCH), "exec", "reader", "--", "sh", "-c", "echo $$; cat"],
        env=home.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        process.communicate("")


def test_words_are_passed_as_they_are(home: Home) -> None:
    odd = ["", "a b", "--", "-x", "$HOME", "é\n", "*"]
    show = f"{shlex.quote(sys.executable)} -c 'import sys; print(sys.argv[1:])' \"$@\""
    ran = home.run("exec", "reader", "--", script(home, show), *odd)
    assert ran.out.strip() == str(odd)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["no-such-command"], 127, "no command"),
        (["./missing"], 127, "no command"),
        (["/"], 126, "can't be executed"),
        ([], 2, "No command to run"),
    ],
)
def test_a_command_that_cannot_start_is_told_before_aws_is_asked(
    home: Home, aws: EmbeddedAws, command: list[str], code: int, words: str
) -> None:
    ran = home.run("exec", "reader", "--", *command)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert not aws.calls


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_without_a_target_it_asks_on_the_terminal(home: Home, aws: EmbeddedAws, term: str) -> None:
    refused = home.run("exec", "--", "true", env={"TERM": term})
    assert (refused.code, refused.out) == (2, "")
    assert "next: " in refused.err
    assert home.run("exec", "--env", "--", "true", env={"TERM": term}).code == 2
    assert not aws.calls


@pytest.mark.parametrize(("term", "keys"), [("xterm-256color", "reader\r"), ("dumb", "reader\r")])
def test_the_role_is_picked_on_the_terminal(home: Home, term: str, keys: str) -> None:
    text = "echo as $AWS_PROFILE"
    with pty_program(
        [str(XSWITCH), "exec", "--", "sh", "-c", text], {**home.env, "TERM": term}
    ) as program:
        program.until(b"tagged")
        program.quiet()
        program.send(keys)
        program.until(b"as xs-reader")
        assert program.ended() == 0


def test_a_script_without_an_interpreter_is_told(home: Home) -> None:
    path = home.folder / "odd"
    path.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    path.chmod(0o755)
    ran = home.run("exec", "reader", "--", str(path))
    assert ran.code == 126
    assert "can't start" in ran.err


def test_a_guard_is_asked_for_and_confirmed(home: Home) -> None:
    settings = home.folder / ".config/xswitch/config.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + GUARD, encoding="utf-8")
    refused = home.run("exec", "reader", "--", "echo", "a b")
    assert (refused.code, refused.out) == (2, "")
    step = refused.err.partition("next: ")[2].splitlines()[0]
    assert step.startswith("xswitch exec reader --confirm")
    ran = subprocess.run(
        ["sh", "-c", step], env=home.env, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "a b\n"), ran.stderr


def test_a_question_that_cannot_be_asked_names_the_command(home: Home, aws: EmbeddedAws) -> None:
    refused = home.run("exec", "admin", "--", "echo", "done")
    assert (refused.code, refused.out) == (5, "")
    step = refused.err.partition("next: ")[2].splitlines()[0]
    code = totp_code(now=aws.clock.now())
    ran = subprocess.run(
        ["sh", "-c", step.replace("CODE", code)],
        env=home.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "done\n"), (step, ran.stderr)


def test_a_denial_is_explained(home: Home) -> None:
    ran = home.run("exec", "denied", "--", "echo", "done")
    assert (ran.code, ran.out) == (4, "")
    assert "AssumeRole" in ran.err


def test_a_profile_with_its_own_keys(home: Home) -> None:
    ran = home.run("exec", "dev", "--", sys.executable, "-c", WHO)
    assert ran.out.endswith(":user/dev\n"), ran.err
    refused = home.run("exec", "--env", "dev", "--", "env")
    assert f"AWS_ACCESS_KEY_ID={DEV_KEY}" in refused.out
    assert "AWS_SESSION_TOKEN" not in refused.out
    assert "don't expire" in refused.err


def test_it_works_in_a_makefile_and_with_xargs(home: Home) -> None:
    make = home.folder / "Makefile"
    make.write_text(
        f'all:\n\t@xswitch exec reader -- {sys.executable} -c "{WHO}"\n', encoding="utf-8"
    )
    ran = subprocess.run(
        ["make", "-s", "-C", str(home.folder)],
        env=home.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.startswith(READER), ran.stderr
    ran = subprocess.run(
        ["sh", "-c", "printf '1\\n2\\n' | xargs -n 1 xswitch exec reader -- echo"],
        env=home.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "1\n2\n", ran.stderr


# -- on a terminal


def test_the_terminal_is_its_own(home: Home) -> None:
    """Size, Ctrl-C, and the exit code go between terminal and command without us."""
    text = "trap 'echo caught; exit 7' INT; stty size; echo ready; while :; do sleep 0.1; done"
    with pty_program(
        [str(XSWITCH), "exec", "reader", "--", "sh", "-c", text], home.env, size=(91, 33)
    ) as program:
        program.until(b"33 91", b"ready")
        program.send("\x03")
        program.until(b"caught")
        assert program.ended() == 7


def test_a_stopped_command_goes_on(home: Home) -> None:
    shell = "PS1='$ ' bash --norc --noprofile -i"
    with pty_program(["sh", "-c", shell], home.env) as program:
        program.send("xswitch exec reader -- sh -c 'echo st\"\"arted; read x; echo got:$x'\n")
        program.until(b"started")
        program.send("\x1a")
        program.until(b"Stopped")
        start = len(program.written)
        program.send("fg\n")
        program.until(b"read x", start=start)
        program.send("word\n")
        program.until(b"got:word", start=start)
        program.send("exit\n")
        assert program.ended() == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1"])
def test_signals_reach_it(home: Home, name: str) -> None:
    text = f"trap 'echo got; exit 9' {name[3:]}; echo ready; while :; do sleep 0.1; done"
    with subprocess.Popen(
        [str(XSWITCH), "exec", "reader", "--", "sh", "-c", text],
        env=home.env,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.stdout.read() == "got\n"
        assert process.wait(30) == 9


def test_the_hook_runs_it_without_evaluating_its_output(home: Home) -> None:
    text = 'eval "$(xswitch init bash)"; xs exec reader -- echo "\\\\builtin X=1"; echo "[$X]"'
    ran = subprocess.run(
        ["bash", "-c", text], env=home.env, capture_output=True, text=True, check=False
    )
    assert ran.stdout == "\\builtin X=1\n[]\n", ran.stderr


def test_the_limit_of_core_dumps_is_the_callers(home: Home) -> None:
    text = "ulimit -S -c 1024 && ulimit -S -c && xswitch exec reader -- bash -c 'ulimit -S -c'"
    ran = subprocess.run(
        ["bash", "-c", text], env=home.env, capture_output=True, text=True, check=False
    )
    limit, _, given = ran.stdout.partition("\n")
    assert limit.strip() == given.strip() != "", ran.stderr
