"""`login` and `logout` of the real program against the embedded Identity Center."""

from __future__ import annotations

import json
import os
import shlex
import stat
import threading
import time
from pathlib import Path

import pexpect
import pytest

from support.aws.identity_center import (
    START_URL,
    WORK,
    approve,
    browser_program,
    sign_in,
    write_shared_token,
)
from support.e2e import XSWITCH, Ran
from support.sso.corp import Corp, printed_url
from xswitch.core.errors import SignInNeededError, XswitchError
from xswitch.core.model import Credentials
from xswitch.core.sso.sign_in_record import SignInRecord, sign_in_key
from xswitch.wiring import build_services

SHARED = ".aws/sso/cache"
CALLERS = 200


def error_code(done: Ran) -> str:
    return str(done.json["problems"][0]["code"])


def test_by_the_browser(corp: Corp) -> None:
    done = corp.run("login", "corp", "--json", answer="approve")
    assert done.code == 0, done.err
    assert done.json["data"] == {
        "session": "corp",
        "start_url": START_URL,
        "region": "eu-west-1",
        "expires_at": done.json["data"]["expires_at"],
        "refreshable": True,
        "method": "authorization_code",
        "shared": False,
    }
    assert not (corp.home.folder / SHARED).exists()
    assert corp.credentials().access_key_id.startswith("ASIA")
    [row] = corp.run("status", "--json").json["data"]["sessions"]
    assert (row["kind"], row["profile"], row["principal"]) == ("sso_token", "corp", START_URL)
    again = corp.run("login", "corp")
    assert "still signed in to corp" in again.err
    assert corp.aws.count("CreateToken") == 1


def test_a_profile_names_the_session(corp: Corp) -> None:
    assert corp.run("login", "work-admin", answer="approve").code == 0
    for words in (["work-readonly"], ["corp"], ["reader"]):
        assert "still signed in" in corp.run("login", *words).err
    assert ["corp", "sign-in", "live"] in [
        line.split()[:3] for line in corp.run("status").out.splitlines()
    ]
    assert "still signed in" in corp.run("login", AWS_PROFILE="work-admin").err


WORDS = f"""
[sso-session 'Two Words']
sso_start_url = {START_URL}
sso_region = eu-west-1

[sso-session --all]
sso_start_url = {START_URL}
sso_region = eu-west-1

[profile option]
sso_session = --all
sso_account_id = {WORK}
sso_role_name = Admin
region = eu-west-1

[profile words]
sso_session = Two Words
sso_account_id = {WORK}
sso_role_name = Admin
region = eu-west-1
"""


@pytest.mark.parametrize(
    ("profile", "label"),
    [
        ("work-admin", "corp"),
        ("reader", "corp"),
        ("legacy-admin", START_URL),
        ("words", "Two Words"),
        ("option", "--all"),
    ],
)
def test_the_next_step_of_a_switch_signs_in_to_its_session(
    corp: Corp, profile: str, label: str
) -> None:
    """Also where several sessions have the same start URL: each has its own sign-in."""
    config = corp.home.folder / ".aws/config"
    config.write_text(config.read_text(encoding="utf-8") + WORDS, encoding="utf-8")
    done = corp.run("switch", profile, "--json")
    words = shlex.split(done.json["problems"][0]["next_step"])
    assert words == ["xswitch", "login", *(["--"] if label.startswith("-") else []), label]
    assert corp.run(*words[1:], answer="approve").code == 0
    assert "still signed in" in corp.run("login", profile).err
    done = corp.run("switch", profile, "--json")
    assert done.code == 0, done.out


@pytest.mark.parametrize(
    ("answer", "code"), [("deny", "sso_callback"), ("wrong_state", "sso_state")]
)
def test_answers_that_end_it(corp: Corp, answer: str, code: str) -> None:
    done = corp.run("login", "corp", "--json", answer=answer)
    assert (done.code, error_code(done)) == (6, code)
    assert done.json["problems"][0]["next_step"] == "xswitch login corp"
    # The next step works
    assert corp.run("login", "corp", answer="approve").code == 0
    assert corp.run("login", "corp", "--force", answer="approve").code == 0


def test_a_second_answer_changes_nothing(corp: Corp) -> None:
    assert corp.run("login", "corp", answer="twice").code == 0
    assert corp.aws.count("CreateToken") == 1


@pytest.mark.parametrize("why", ["option", "ssh", "no display", "a browser that fails"])
def test_by_a_code(corp: Corp, why: str) -> None:
    words = ["login", "corp", "--json", *(["--device-code"] if why == "option" else [])]
    env = {"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0"} if why == "ssh" else {}
    if why == "a browser that fails":
        env["BROWSER"] = str(browser_program(corp.home.folder, "fail"))
    with corp.running(*words, **env) as process:
        url = printed_url(process)
        if why == "a browser that fails":  # that of the browser came first
            url = printed_url(process)
        approve(url)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["data"]["method"] == "device_code"
    assert corp.credentials().access_key_id.startswith("ASIA")


def test_a_code_that_is_denied(corp: Corp) -> None:
    with corp.running("login", "corp", "--json", "--device-code") as process:
        approve(printed_url(process), deny=True)
        out, _ = process.communicate(timeout=60)
    assert json.loads(out)["problems"][0]["code"] == "sso_not_approved"


@pytest.mark.parametrize("device", [True, False])
def test_ctrl_c_ends_it_and_leaves_nothing(corp: Corp, device: object) -> None:
    words = ["--device-code"] if device else ["--no-browser"]
    with corp.running("login", "corp", *words) as process:
        printed_url(process)
        os.kill(process.pid, 2)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_printed_url_is_opened_by_hand(corp: Corp) -> None:
    with corp.running("login", "corp", "--no-browser") as process:
        approve(printed_url(process), follow=True)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_a_terminal_shows_a_qr_code_and_copies_the_url(corp: Corp) -> None:
    child = pexpect.spawn(
        str(XSWITCH),
        ["login", "corp", "--device-code"],
        env=corp.home.env,
        encoding="utf-8",
        dimensions=(60, 120),
        timeout=60,
    )
    try:
        child.expect(r"(http://\S+user_code=\S+)")
        url = str(child.match.group(1))  # type: ignore[union-attr]
        child.expect("The page shows the code")
        child.expect("█")
        child.expect("\x1b]52;c;")
        child.expect("left")
        approve(url)
        child.expect("signed in to corp")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)


@pytest.mark.parametrize("how", ["option", "setting"])
def test_a_shared_token(corp: Corp, how: str) -> None:
    if how == "setting":
        settings = corp.home.folder / ".config/xswitch/config.toml"
        settings.write_text('vault = "runtime"\nshare_sso_token = true\n', encoding="utf-8")
    words = ["--share"] if how == "option" else []
    assert corp.run("login", "corp", *words, answer="approve").code == 0
    [file] = (corp.home.folder / SHARED).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = corp.record().token
    assert token is not None
    assert (
        json.loads(file.read_text(encoding="utf-8"))["accessToken"] == token.access_token.reveal()
    )
    done = corp.run("logout", "corp")
    assert done.code == 0, done.err
    assert "xswitch forget --all" in done.err
    assert not file.exists()
    assert corp.record().token is None


def test_logout(corp: Corp) -> None:
    assert "weren't signed in" in corp.run("logout", "corp").err
    assert corp.run("login", "corp", answer="approve").code == 0
    done = corp.run("logout", "--all", "--json")
    assert (done.code, done.json["data"]["signed_out"][0]) == (
        0,
        {"session": "corp", "was_signed_in": True},
    )
    assert corp.aws.count("Logout", service="sso") == 1
    assert not corp.run("status", "--json").json["data"]["sessions"]
    with pytest.raises(SignInNeededError):
        corp.credentials()


def test_forget_all_deletes_the_sign_in(corp: Corp) -> None:
    assert corp.run("login", "corp", answer="approve").code == 0
    done = corp.run("forget", "--all", "--yes", "--json")
    assert done.code == 0, done.err
    forgotten = [found["name"] for found in done.json["data"]["forgotten"]]
    # The folder in /dev/shm that all programs of this user share may hold another test's
    assert [name for name in forgotten if "didn't name" not in name] == ["corp (sign-in)"]
    assert corp.record() == SignInRecord()


def test_a_token_of_the_aws_cli_is_used_and_renewed_there(corp: Corp) -> None:
    file = write_shared_token(corp.home.folder, "corp", sign_in(corp.aws))
    assert corp.credentials().access_key_id.startswith("ASIA")
    assert corp.record() == SignInRecord()
    assert "still signed in" in corp.run("login", "corp").err
    assert file.exists()


def test_usage(corp: Corp) -> None:
    done = corp.run("login", "--device-code", "--no-browser")
    assert (done.code, "next: xswitch login --device-code" in done.err) == (2, True)
    done = corp.run("logout", "--all", "corp")
    assert (done.code, "next: xswitch logout --all" in done.err) == (2, True)
    assert corp.run("login", "nobody").code == 3


# -- programs that only ask for credentials


def without_time_left(corp: Corp) -> None:
    """Leave the stored token without a life, as hours later."""
    services = build_services(corp.home.env)
    session = services.actions.sso.labeled("corp")
    key = sign_in_key(session)
    vault = services.ports.storage.vault
    data = json.loads(vault.get(key) or "")
    data["token"]["expiresAt"] = time.time() - 60
    vault.put(key, json.dumps(data))


def crowd(corp: Corp) -> list[Credentials | XswitchError]:
    results: list[Credentials | XswitchError] = []
    start = threading.Barrier(CALLERS)

    def ask() -> None:
        start.wait()
        try:
            services = build_services(corp.home.env)
            session = services.actions.sso.labeled("corp")
            services.actions.sso.tokens.token(session)
        except XswitchError as error:
            results.append(error)

    threads = [threading.Thread(target=ask) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_hundred_callers_at_the_end_refresh_once(corp: Corp) -> None:
    assert corp.run("login", "corp", answer="approve").code == 0
    without_time_left(corp)
    opened = corp.home.folder / "opened"
    before = opened.read_text(encoding="utf-8")
    assert crowd(corp) == []
    assert corp.aws.count("CreateToken") == 2
    assert opened.read_text(encoding="utf-8") == before


def test_two_hundred_callers_with_a_revoked_sign_in_ask_once(corp: Corp) -> None:
    assert corp.run("login", "corp", answer="approve").code == 0
    corp.aws.sign_ins.revoke("dana")
    without_time_left(corp)
    results = crowd(corp)
    assert [error.next_step for error in results if isinstance(error, SignInNeededError)] == [
        "xswitch login corp"
    ] * CALLERS
    assert corp.aws.count("CreateToken") == 2


def test_after_a_sign_in_that_was_ended_elsewhere_the_next_step_signs_in(corp: Corp) -> None:
    assert corp.run("login", "corp", answer="approve").code == 0
    corp.aws.sign_ins.revoke("dana")
    with pytest.raises(SignInNeededError) as caught:
        corp.credentials()
    assert caught.value.next_step == "xswitch login corp"
    assert "\u2713 signed in to corp" in corp.run("login", "corp", answer="approve").err
    assert corp.credentials().access_key_id.startswith("ASIA")


def test_a_program_without_a_terminal_fails_at_once_with_the_command(corp: Corp) -> None:
    browser = str(browser_program(corp.home.folder))
    done = corp.run("switch", "reader", "--json", BROWSER=browser, DISPLAY=":0")
    assert (done.code, error_code(done)) == (6, "sso_login")
    assert done.json["problems"][0]["next_step"] == "xswitch login corp"
    done = corp.run("credential-process", "reader", BROWSER=browser, DISPLAY=":0")
    assert done.code == 6
    assert done.err.strip().endswith("Next: xswitch login corp")
    assert not (corp.home.folder / "opened").exists()


def test_who_isnt_signed_in_waits_for_no_import_of_botocore(corp: Corp) -> None:
    corp.home.env["PYTHONPROFILEIMPORTTIME"] = "1"
    for profile in ("work-admin", "legacy-admin", "reader"):
        done = corp.run("credential-process", profile)
        assert (done.code, "Next: xswitch login" in done.err) == (6, True)
        assert "xswitch.actions" in done.err
        assert "botocore.session" not in done.err


def test_debug_names_the_calls_and_no_secret(corp: Corp) -> None:
    done = corp.run("--debug", "login", "corp", answer="approve")
    assert "oidc.register corp authorization_code" in done.err
    assert "oidc.token_by_code corp" in done.err
    assert "shared.load corp: nothing" in done.err


@pytest.mark.parametrize(
    ("target", "answer"), [("reader", ""), ("reader", "n"), ("work-admin", "")]
)
def test_a_switch_on_a_terminal_offers_the_sign_in(corp: Corp, target: str, answer: str) -> None:
    browser = str(browser_program(corp.home.folder))
    child = pexpect.spawn(
        str(XSWITCH),
        ["switch", target],
        env={**corp.home.env, "BROWSER": browser},
        encoding="utf-8",
        timeout=60,
    )
    try:
        child.expect(r"Sign in to corp now\? \[Y/n\]")
        child.sendline(answer)
        child.expect(f"xs-{target}" if not answer else "next: .*xswitch login corp")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert (corp.record().token is None) == (answer == "n")


def test_a_renewal_on_a_terminal_offers_the_sign_in(corp: Corp) -> None:
    assert corp.run("login", "corp", answer="approve").code == 0
    for profile in ("work-admin", "work-readonly"):
        assert corp.run("switch", profile).code == 0
    assert corp.run("logout", "corp").code == 0
    done = corp.run("renew", "--all")  # no terminal
    assert (done.code, done.err.count("next: xswitch login corp")) == (6, 2)
    child = pexpect.spawn(
        str(XSWITCH),
        ["renew", "--all"],
        env={**corp.home.env, "BROWSER": str(browser_program(corp.home.folder))},
        encoding="utf-8",
        timeout=60,
    )
    try:
        child.expect(r"Sign in to corp now\? \[Y/n\]")
        child.sendline("")
        child.expect("work-admin until")
        child.expect("work-readonly until")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0


@pytest.mark.parametrize("answer", ["", "n"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sso", "refresh"), r"corp: \d accounts, \d roles"),
        (("sso", "populate", "--dry-run"), r"sso_account_id = \d{12}"),
    ],
)
def test_listing_a_portal_on_a_terminal_offers_the_sign_in(
    corp: Corp, words: tuple[str, ...], said: str, answer: str
) -> None:
    section = (corp.home.folder / ".aws/config").read_text(encoding="utf-8").split("[profile ")[0]
    (corp.home.folder / ".aws/config").write_text(section, encoding="utf-8")
    child = pexpect.spawn(
        str(XSWITCH),
        [*words, "corp"],
        env={**corp.home.env, "BROWSER": str(browser_program(corp.home.folder))},
        encoding="utf-8",
        timeout=60,
    )
    try:
        child.expect(r"Sign in to corp now\? \[Y/n\]")
        child.sendline(answer)
        child.expect("next: .*xswitch login corp" if answer else said)
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)


def background_listing(home: Path) -> Path:
    """Return the /proc folder of the listing that runs for a home."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--background" in words and f"HOME={home}".encode() in variables:
            return folder
    raise AssertionError("no listing runs")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_after_a_sign_in_the_portal_is_listed_while_the_prompt_is_back(corp: Corp) -> None:
    corp.aws.faults.add("throttling", "ListAccounts", times=10_000, seconds=1)
    child = pexpect.spawn(
        str(XSWITCH),
        ["login", "corp"],
        env={**corp.home.env, "BROWSER": str(browser_program(corp.home.folder))},
        encoding="utf-8",
        timeout=60,
    )
    try:
        child.expect("Its roles are being listed in the background; see: xswitch list")
        child.expect(pexpect.EOF)
        child.wait()
        process = background_listing(corp.home.folder)
        # It has no terminal to read from or write to
        state = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        assert state[4] == "0"  # tty_nr
        assert {str((process / f"fd/{number}").readlink()) for number in range(3)} == {os.devnull}
        assert corp.run("sso", "list", "--json").json["data"]["lists"] == []
    finally:
        corp.aws.faults.clear()
        child.close(force=True)
    # It ends when the portal is listed
    end = time.monotonic() + 60
    while process.exists():
        assert time.monotonic() < end, (process / "stat").read_text(encoding="utf-8")
        time.sleep(0.05)
    [found] = corp.run("sso", "list", "--json").json["data"]["lists"]
    assert found["session"] == "corp"
    assert found["roles"]


def test_completion_offers_what_login_takes(corp: Corp) -> None:
    config = corp.home.folder / ".aws/config"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        f"{text}\n[profile tool]\ncredential_process = /bin/true\n"
        "\n[profile laptop]\nlogin_session = arn:aws:iam::111111111111:user/dana\n",
        encoding="utf-8",
    )
    lines = corp.run("complete", "", "sign-ins").out.splitlines()
    names = [line.split("\t")[0] for line in lines]
    assert {"corp", "work-admin", "reader", "laptop"} <= set(names)
    assert "tool" not in names
    assert "tool" in corp.run("complete", "").out
    for name in names:
        assert corp.run("complete", name[:3], "sign-ins").out
    assert corp.run("complete", "no-such", "sign-ins").out == ""


# -- secrets


def test_no_secret_is_anywhere_but_in_the_vault(corp: Corp) -> None:
    out = [
        f"{done.out}{done.err}"
        for done in (
            corp.run("--debug", "login", "corp", answer="approve"),
            corp.run("--debug", "login", "corp", "--json", "--force", answer="approve"),
            corp.run("--debug", "status", "--json"),
            corp.run("--debug", "switch", "reader"),
            corp.run("--debug", "doctor"),
            corp.run("history"),
            corp.run("config", "--json"),
        )
    ]
    corp.credentials()
    record = corp.record()
    assert record.token is not None
    assert record.token.refresh_token is not None
    secrets = [record.token.access_token, record.token.refresh_token]
    secrets += [one.client_secret for one in record.registrations]
    values = [secret.reveal() for secret in secrets]
    opened = (corp.home.folder / "opened").read_text(encoding="utf-8")  # the browser's argv
    files = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in corp.home.folder.rglob("*")
        if path.is_file()
    ]
    for value in values:
        assert value
        assert not any(value in text for text in (*out, opened, *files))
    holders = [
        path
        for path in corp.home.runtime.rglob("*")
        if path.is_file() and any(value in path.read_text(errors="replace") for value in values)
    ]
    assert [stat.S_IMODE(path.stat().st_mode) for path in holders] == [0o600]
