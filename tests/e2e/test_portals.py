"""Listing a portal over HTTP, and profiles for what it lists."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from support.aws.identity_center import browser_program, sign_in, write_shared_token
from support.e2e import XSWITCH, run
from support.sso.place import SECTION, START, Place, place

RENAMED = "x-{account_id}-{role_name}"


def test_a_portal_is_listed_populated_pruned_and_undone(tmp_path: Path) -> None:
    with place(tmp_path, 5, 3) as one:
        empty = run([str(XSWITCH), "sso", "list"], one.env)
        assert "xswitch sso refresh SESSION" in empty.err
        missing = run([str(XSWITCH), "sso", "list", "corp"], one.env)
        assert "next: xswitch sso refresh corp" in missing.err
        found = one.xswitch("sso", "refresh")
        assert found["accounts"] == 5
        assert len(found["roles"]) == 15
        assert one.xswitch("sso", "list")["lists"] == [found]
        human = run([str(XSWITCH), "sso", "list", "corp"], one.env)
        assert "team-0004" in human.out
        assert "corp: listed" in human.err
        dry = one.xswitch("sso", "populate", "corp", "--dry-run")
        assert len(dry["added"]) == 15
        assert not dry["changed"]
        assert one.config.read_text() == SECTION
        refused = run([str(XSWITCH), "sso", "populate"], one.env)
        assert refused.code == 2
        assert "No terminal: the changes can't be confirmed." in refused.err
        made = one.xswitch("sso", "populate", "--yes", "--region", "us-east-1")
        assert made["changed"]
        text = one.config.read_text()
        assert text.startswith(SECTION)
        assert text.count("region = us-east-1") == 15
        again = one.xswitch("sso", "populate", "--yes", "--cached")
        assert not again["changed"]
        assert len(again["unchanged"]) == 15
        pruned = one.xswitch(
            "sso",
            "populate",
            "--yes",
            "--cached",
            "--prune",
            "--template",
            RENAMED,
        )
        assert len(pruned["removed"]) == len(pruned["added"]) == 15
        one.xswitch("config", "undo")
        assert one.config.read_text() == text


def test_a_sign_in_that_ends_midway_is_a_sentence_and_the_progress_is_kept(
    tmp_path: Path,
) -> None:
    with place(tmp_path, 40, 1) as one:
        process = subprocess.Popen(
            [str(XSWITCH), "sso", "refresh"], env=one.env, stderr=subprocess.PIPE, text=True
        )
        one.wait_for(5)
        one.aws.sign_ins.revoke("dana")
        _, err = process.communicate(timeout=60)
        assert process.returncode == 6, err
        assert "You aren't signed in to IAM Identity Center (corp)." in err
        assert "of 40 accounts are kept" in err
        assert "next: xswitch login corp" in err
        assert one.token.access_token not in err
        write_shared_token(tmp_path, "corp", sign_in(one.aws, user="dana"))
        before = len(one.aws.calls)
        assert len(one.xswitch("sso", "refresh")["roles"]) == 40
        asked = Counter(call.action for call in one.aws.calls[before:])
        assert asked["ListAccounts"] == 0
        assert asked["ListAccountRoles"] < 40


def test_a_sign_in_starts_a_listing(tmp_path: Path) -> None:
    with place(tmp_path, 3, 2) as one:
        (tmp_path / ".aws" / "sso" / "cache").rename(tmp_path / "elsewhere")
        settings = tmp_path / ".config" / "xswitch" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text('vault = "file"\nallow_plain_files = true\n')
        one.env["BROWSER"] = str(browser_program(tmp_path))
        one.xswitch("login", "corp")
        assert len(_list_when_there(one)["roles"]) == 6


def _list_when_there(one: Place) -> Any:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        lists = one.xswitch("sso", "list")["lists"]
        if lists:
            return lists[0]
        time.sleep(0.1)
    raise AssertionError("no list")


def test_a_session_is_added(tmp_path: Path) -> None:
    with place(tmp_path, 1, 1) as one:
        words = ("sso", "add", "beta", "--start-url", START, "--region", "eu-west-1")
        added = one.xswitch(*words, "--yes")
        assert added["changed"]
        assert added["diff"][1:] == [
            "+[sso-session beta]",
            f"+sso_start_url = {START}",
            "+sso_region = eu-west-1",
            "+sso_registration_scopes = sso:account:access",
        ]
        assert one.config.read_text().startswith(SECTION)
        assert not one.xswitch(*words)["changed"]
        other = ("sso", "add", "beta", "--start-url", START, "--region", "us-east-1", "--yes")
        one.xswitch(*other, code=2)
        one.xswitch("config", "undo")
        assert one.config.read_text() == SECTION
        for wrong in (
            ("a b", START, "eu-west-1"),
            ("c", "http://corp.awsapps.com/start", "eu-west-1"),
            ("c", "corp", "eu-west-1"),
            ("c", START, "eu-wst-1"),
            ("c", START, "nowhere"),
        ):
            name, url, region = wrong
            failed = run(
                [str(XSWITCH), "sso", "add", name, "--start-url", url, "--region", region, "--yes"],
                one.env,
            )
            assert failed.code == 2, (wrong, failed)
        nothing = run([str(XSWITCH), "sso", "add"], one.env)
        assert "xswitch sso add NAME --start-url URL --region REGION" in nothing.err


def test_a_stale_list_is_refreshed_in_the_background_once(tmp_path: Path) -> None:
    with place(tmp_path, 3, 1) as one:
        one.xswitch("sso", "refresh")
        file = next(one.folder.glob("*.json"))
        data = json.loads(file.read_text())
        old = data["listed_at"] - 5 * 3600
        file.write_text(json.dumps({**data, "listed_at": old}))
        os.utime(file, (old, old))
        calls = len(one.aws.calls)
        for _ in range(3):
            assert run([str(XSWITCH), "list"], one.env).code == 0
        until = time.monotonic() + 30
        while one.xswitch("sso", "list")["lists"][0]["stale"] and time.monotonic() < until:
            time.sleep(0.1)
        assert not one.xswitch("sso", "list")["lists"][0]["stale"]
        asked = Counter(call.action for call in one.aws.calls[calls:])
        assert asked["ListAccounts"] == 1


def test_a_killed_listing_goes_on(tmp_path: Path) -> None:
    with place(tmp_path, 40, 2) as one:
        one.aws.faults.add("throttling", "ListAccountRoles", times=10_000, share=0.1, seconds=1)
        process = subprocess.Popen(
            [str(XSWITCH), "sso", "refresh"], env=one.env, stderr=subprocess.DEVNULL
        )
        one.wait_for(5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = one.kept
        assert kept > 5
        finished = {line[1] for line in map(json.loads, one.pages[1:]) if line[0] == "roles"}
        before = len(one.aws.calls)
        found = one.xswitch("sso", "refresh")
        assert len(found["roles"]) == 80
        asked = one.aws.calls[before:]
        assert not [call for call in asked if call.action == "ListAccounts"]
        assert Counter(call.action for call in asked)["ListAccountRoles"] >= 40 - len(finished)
        assert not list(one.folder.glob("*.pages"))
        leaks = [
            path
            for path in (tmp_path / ".local").rglob("*")
            if path.is_file() and one.token.access_token.encode() in path.read_bytes()
        ]
        assert not leaks
