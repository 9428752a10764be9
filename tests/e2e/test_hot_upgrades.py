"""A managed profile's command line across upgrades of Python and xswitch, in real installations."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from support.aws.emulator import READER_ARN
from support.e2e import Home, Ran, run
from support.hot import RUNTIME, modules
from support.installation import Installation, another_python
from xswitch.emulator.server import EmbeddedAws

PROFILE = "xs-reader"


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path / "a tool")
    installation.install()
    return installation


def hot(home: Home, words: Sequence[str]) -> str:
    """Run the command, which must import only the hot path; return the access key ID."""
    bare = run([words[0], "-I", "-S", "-X", "importtime", "-c", "pass"], home.env)
    done = run([words[0], "-X", "importtime", *words[1:]], home.env)
    assert done.code == 0, done.err
    assert modules(done.err) - modules(bare.err) == RUNTIME
    return str(json.loads(done.out)["AccessKeyId"])


def call(home: Home, words: Sequence[str]) -> Ran:
    return run(words, home.env)


def test_a_managed_profile_holds_no_path_with_a_version_and_is_answered_hot(
    home: Home, installed: Installation
) -> None:
    switched = call(home, [str(installed.script), "switch", "reader"])
    assert switched.code == 0, switched.err
    words = home.command(PROFILE)
    assert words == installed.words(PROFILE, READER_ARN)
    assert hot(home, words).startswith("ASIA")


def test_another_python_below_the_same_command(
    home: Home, aws: EmbeddedAws, installed: Installation
) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    before = hot(home, home.command(PROFILE))
    old = installed.site
    installed.install(another_python())
    assert not old.exists()
    assert hot(home, home.command(PROFILE)) == before
    # The full program works with the same command
    shutil.rmtree(home.runtime / "xswitch")
    done = call(home, home.command(PROFILE))
    assert done.code == 0, done.err
    assert json.loads(done.out)["AccessKeyId"] != before
    assert aws.count("AssumeRole") == 2
    assert hot(home, home.command(PROFILE)) != before


def test_a_package_that_is_not_below_this_python_is_left_to_the_console_script(
    home: Home, installed: Installation
) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    installed.stub()
    installed.site.parent.rename(installed.site.parents[1] / "python3.0")
    done = call(home, home.command(PROFILE))
    assert (done.code, done.out) == (0, f"FULL credential-process {PROFILE} {READER_ARN}\n")


def test_a_package_without_what_it_needs_is_left_to_the_console_script(
    home: Home, installed: Installation
) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    installed.stub()
    shutil.rmtree(home.runtime / "xswitch")
    shutil.rmtree(installed.site / "xswitch" / "cli")
    done = call(home, home.command(PROFILE))
    assert (done.code, done.out) == (0, f"FULL credential-process {PROFILE} {READER_ARN}\n")


def test_a_launcher_without_its_package_reports_that(home: Home, installed: Installation) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    shutil.rmtree(installed.site / "xswitch")
    installed.script.unlink()
    done = call(home, home.command(PROFILE))
    assert (done.code, done.out) == (1, "")
    assert (
        done.err == f"xswitch is no longer installed at {installed.script}.\n"
        "Reinstall it, then run: xswitch renew --all\n"
    )


def _other_minor_version(installed: Installation) -> None:
    installed.site.parent.rename(installed.site.parents[1] / "python3.0")


def _half_replaced(installed: Installation) -> None:
    (installed.site / "xswitch" / "hot" / "answer.py").write_text("def run(argv, command)\n")


def _of_another_python(installed: Installation) -> None:
    (installed.site / "xswitch" / "hot" / "answer.py").write_text("def run(x: int | str[1]): ...\n")


def _without_a_module(installed: Installation) -> None:
    (installed.site / "xswitch" / "core" / "arn.py").unlink()


def _damaged_module(installed: Installation) -> None:
    (installed.site / "xswitch" / "wiring.py").write_text("def f(:\n")


@pytest.mark.parametrize(
    "replace",
    [
        _other_minor_version,
        _half_replaced,
        _of_another_python,
        _without_a_module,
        _damaged_module,
    ],
)
def test_an_installation_that_was_broken_says_so_and_prints_no_traceback(
    home: Home, installed: Installation, replace: Callable[[Installation], None]
) -> None:
    """The console script belongs to it too, so it isn't started."""
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    shutil.rmtree(home.runtime / "xswitch")
    replace(installed)
    done = call(home, home.command(PROFILE))
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert str(installed.folder / "bin" / "python") in done.err
    assert done.err.lower().rstrip().endswith("run: xswitch renew --all")
    (check,) = (
        check
        for check in home.run("doctor", "--json").json["data"]["checks"]
        if check["name"] == "managed" and check["state"] == "error"
    )
    assert "the command fails with exit code 1. xswitch" in check["message"]
    assert home.run("renew", "reader").code == 0
    assert call(home, home.command(PROFILE)).code == 0


def test_a_new_version_of_xswitch_is_used_at_once(home: Home, installed: Installation) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    module = installed.site / "xswitch" / "hot" / "answer.py"
    module.write_text(
        module.read_text().replace("\ndef run(", '\nCOMMAND = "no such command"\n\n\ndef run(')
    )
    installed.stub()
    shutil.rmtree(installed.site / "xswitch" / "cli")
    assert (
        call(home, home.command(PROFILE)).out == f"FULL credential-process {PROFILE} {READER_ARN}\n"
    )


@pytest.mark.parametrize("gone", ["python", "launcher", "everything"])
def test_doctor_finds_a_dangling_command_and_a_renewal_fixes_it(
    home: Home, installed: Installation, gone: str
) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    dangling = home.command(PROFILE)
    if gone == "python":
        for name in ("python", "python3", f"python3.{sys.version_info[1]}"):
            (installed.folder / "bin" / name).unlink()
            (installed.folder / "bin" / name).symlink_to("/no/such/python")
    elif gone == "launcher":
        installed.launcher.unlink()
    else:
        shutil.rmtree(installed.folder)
    checks = [
        check
        for check in home.run("doctor", "--json").json["data"]["checks"]
        if check["name"] == "managed"
    ]
    assert [check["state"] for check in checks] == ["error"]
    assert (
        str(installed.launcher if gone == "launcher" else installed.folder / "bin" / "python3")
        in checks[0]["message"]
    )
    assert home.run("renew", "reader").code == 0
    assert home.command(PROFILE) != dangling
    assert hot(home, home.command(PROFILE)).startswith("ASIA")


def test_the_command_line_of_before_works_and_is_replaced(
    home: Home, installed: Installation
) -> None:
    script = str(installed.script)
    assert call(home, [script, "switch", "reader"]).code == 0
    new = home.command(PROFILE)
    for words in (["switch", "reader"], ["renew", "reader"], ["renew", "--all"]):
        text = home.config.read_text(encoding="utf-8")
        spelled = next(line for line in text.splitlines() if line.startswith("credential_process"))
        program = script.replace(" ", "\\ ")
        home.config.write_text(
            text.replace(spelled, f"credential_process = {program} credential-process {PROFILE}"),
            encoding="utf-8",
        )
        old = home.command(PROFILE)
        assert old == [script, "credential-process", PROFILE]
        done = call(home, old)
        assert done.code == 0, done.err
        assert call(home, [script, *words]).code == 0
        assert home.command(PROFILE) == new
        assert hot(home, new).startswith("ASIA")


def test_a_source_tree_is_started_where_it_is(home: Home) -> None:
    assert home.run("switch", "reader").code == 0
    words = home.command(PROFILE)
    assert words[1:3] == ["-I", "-S"]
    assert hot(home, words).startswith("ASIA")


def test_any_other_words_are_the_full_programs(home: Home, installed: Installation) -> None:
    words = installed.words()
    done = call(home, [*words, "list", "--json"])
    assert done.code == 0, done.err
    assert done.json["command"] == "list"
    assert call(home, words).code == 2


def test_an_interrupted_read_prints_nothing(tmp_path: Path) -> None:
    package = tmp_path / "lib" / f"python3.{sys.version_info[1]}" / "site-packages" / "xswitch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    hot = package / "hot"
    hot.mkdir()
    (hot / "__init__.py").write_text("")
    (hot / "answer.py").write_text("def run(*_):\n    raise KeyboardInterrupt\n")
    launcher = tmp_path / "share" / "xswitch" / "credential_process.py"
    launcher.parent.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[2] / "src" / "xswitch" / "credential_process.py", launcher)
    done = subprocess.run(
        [sys.executable, "-I", "-S", launcher, "x"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_environment_that_steers_interpreters_steers_neither_the_warm_nor_the_cold_answer(
    home: Home, aws: EmbeddedAws, installed: Installation, tmp_path: Path
) -> None:
    assert call(home, [str(installed.script), "switch", "reader"]).code == 0
    mark, theirs = tmp_path / "mark", tmp_path / "theirs"
    theirs.mkdir()
    names = (
        "site",
        "sitecustomize",
        "usercustomize",
        "xswitch",
        "posix",
        "time",
        "json",
        "os",
        "botocore",
        "keyring",
        "encodings",
        "argparse",
    )
    for name in names:
        (theirs / f"{name}.py").write_text(
            f"open({str(mark)!r}, 'a').write({name!r})\nraise SystemExit(77)\n"
        )
    user = theirs / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    user.mkdir(parents=True)
    (user / "theirs.pth").write_text(f"import sys; open({str(mark)!r}, 'a').write('pth')\n")
    hostile = {
        **home.env,
        "PYTHONPATH": str(theirs),
        "PYTHONHOME": str(theirs),
        "PYTHONSTARTUP": str(theirs / "os.py"),
        "PYTHONUSERBASE": str(theirs),
        "PYTHONPLATLIBDIR": "theirs",
        "PYTHONINSPECT": "1",
        "PYTHONEXECUTABLE": "/no/such/python",
    }
    words = home.command(PROFILE)
    for made in (1, 2):
        done = subprocess.run(
            words, env=hostile, cwd=theirs, capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["Version"] == 1
        assert aws.count("AssumeRole") == made
        assert not mark.exists()
        # Makes the second one cold
        shutil.rmtree(home.runtime / "xswitch", ignore_errors=True)


def test_an_installation_in_a_cache_says_so_before_it_writes_a_profile(home: Home) -> None:
    """As `uvx xswitch` and `pipx run xswitch` are."""
    cached = Installation(home.folder / ".cache" / "uv" / "archive-v0" / "x1")
    cached.install()
    switched = call(home, [str(cached.script), "switch", "reader"])
    assert switched.code == 0, switched.err
    told, written = (
        switched.err.index(text) for text in ("uv tool install", "writing the profile")
    )
    assert told < written
    switched = call(home, [str(cached.script), "switch", "reader", "--json"])
    codes = [problem["code"] for problem in switched.json["problems"]]
    assert codes == ["temporary_installation"]
    assert home.run("switch", "reader", "--json").json["problems"] == []
