"""Checks of any config text against botocore and a second reader with the SDKs' rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from support.config.texts import NAMES, Botocore, read_simply_as_sdk
from xswitch.core.awsconfig.botocore_reader import parse_as_cli
from xswitch.core.awsconfig.differences import same_value
from xswitch.core.awsconfig.document import parse_document
from xswitch.core.awsconfig.edit import apply_edits
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.awsconfig.verify import verify
from xswitch.core.errors import ConfigError
from xswitch.core.model import (
    ConfigPaths,
    ConfigView,
    FileKind,
    ProfileEdit,
    RemoveProfile,
    SetProfile,
)

PATHS = ConfigPaths("/home/ann/.aws/config", "/home/ann/.aws/credentials")
FILES: dict[FileKind, str] = {"config": PATHS.config, "credentials": PATHS.credentials}
files: st.SearchStrategy[FileKind] = st.sampled_from(["config", "credentials"])
properties = st.dictionaries(
    st.sampled_from(["region", "output", "credential_process", "xswitch_role", "external_id"]),
    st.sampled_from(["", "eu-west-1", "/usr/bin/x y", "a#b", "a = b", "ä", "50%", "[x]"]),
    max_size=4,
)


def view(config: str | None = None, credentials: str | None = None) -> ConfigView:
    return read_view(PATHS, config, credentials)


def check_prediction(botocore: Botocore, text: str) -> None:
    raw = botocore.raw(text)
    parsed = parse_as_cli(text)
    if raw is None:
        assert parsed.error is not None
        assert 1 <= parsed.error.line <= text.count("\n") + 1
        return
    assert parsed.error is None
    assert parsed.raw() == raw
    profile_map = parsed.profile_map()
    mapped: dict[str, object] = {
        name: section.values for name, section in profile_map.other.items()
    }
    for word, sections in (
        ("profiles", profile_map.profiles),
        ("sso_sessions", profile_map.sso_sessions),
        ("services", profile_map.services),
    ):
        mapped[word] = {name: section.values for name, section in sections.items()}
    assert mapped == botocore.load(text)
    lines = text.split("\n")
    for name, section in parsed.sections.items():
        assert name in lines[section.line - 1]
        for key, line in section.lines.items():
            assert key in lines[line - 1].lower()


def key_lines(text: str, key: str) -> set[int]:
    """Return the lines with the key's text, and their continuation lines."""
    lines = set()
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and line[0] not in " \t#;\x0c\u00a0":
            inside = False
        inside = inside or key in line.lower()
        if inside:
            lines.add(number)
    return lines


def check_differences(botocore: Botocore, text: str, file: FileKind) -> None:
    path = FILES[file]
    config_view = view(text, None) if file == "config" else view(None, text)
    for problem in config_view.problems:
        assert problem.file == path
        assert problem.line is not None
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.message
    sdk = read_simply_as_sdk(text, file)
    cli = botocore.by_kind(text, file)
    refusals = [problem for problem in config_view.problems if problem.code == "cli_refuses"]
    assert bool(refusals) == (cli is None)
    if cli is None:
        return
    sections = {
        "profile": config_view.profiles,
        "sso-session": config_view.sso_sessions,
        "services": config_view.services,
    }
    for kind, name in {*sdk, *cli}:
        sdk_values, cli_values = sdk.get((kind, name)), cli.get((kind, name))
        if sdk_values is None or cli_values is None:
            code = "cli_only" if sdk_values is None else "cli_misses"
            named = [
                p
                for p in config_view.problems
                if p.code == code
                and (p.profile == name or (kind != "profile" and p.profile is None))
            ]
            assert named, (kind, name)
            if cli_values is not None:
                found = sections[kind][name]
                assert found.cli_only
                assert found.properties.keys() == cli_values.keys()
            continue
        for key in {*sdk_values, *cli_values}:
            if (
                key not in sdk_values
                or key not in cli_values
                or not same_value(sdk_values[key], cli_values[key])
            ):
                leaked = key not in sdk_values and any(
                    p.code == "default_leaks" for p in config_view.problems
                )
                assert leaked or {p.line for p in config_view.problems} & key_lines(text, key), (
                    kind,
                    name,
                    key,
                )


@st.composite
def edits(draw: st.DrawFn, file: FileKind) -> list[ProfileEdit]:
    drawn: list[ProfileEdit] = []
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*NAMES, "xs-new"]))
        if draw(st.integers(0, 2)):
            comment = draw(st.sampled_from(["", "made by hand", "xswitch wrote this"]))
            drawn.append(
                SetProfile(file, name, draw(properties), comment, exact=draw(st.booleans()))
            )
        else:
            drawn.append(RemoveProfile(file, name))
    return drawn


def expected_values(
    before: Mapping[str, Any] | None, name: str, changes: Sequence[ProfileEdit]
) -> dict[str, Any] | None:
    """Return the properties of profile `name` after the changes."""
    expected = None if before is None else dict(before)
    for edit in changes:
        if edit.name != name:
            continue
        retained = (
            {} if expected is None or isinstance(edit, RemoveProfile) or edit.exact else expected
        )
        expected = None if isinstance(edit, RemoveProfile) else {**retained, **edit.properties}
    return expected


def check_change(
    botocore: Botocore, text: str, new: str, file: FileKind, changes: Sequence[ProfileEdit]
) -> None:
    """Check with other readers that `new` differs from `text` only by these changes."""
    before, after = read_simply_as_sdk(text, file), read_simply_as_sdk(new, file)
    names = {edit.name for edit in changes}
    for key in {*before, *after}:
        if key[0] == "profile" and key[1] in names:
            assert after.get(key) == expected_values(before.get(key), key[1], changes)
        else:
            assert after.get(key) == before.get(key)
    for name in names:
        if expected_values(before.get(("profile", name)), name, changes) is not None:
            assert ("profile", name) in after
    cli_before, cli_after = botocore.by_kind(text, file), botocore.by_kind(new, file)
    if cli_before is not None:
        assert cli_after is not None
        leaked = (
            {}
            if "[DEFAULT]" not in text
            else (botocore.raw(text + "\n[only-defaults]\n") or {}).get("only-defaults", {})
        )
        for key in {*cli_before, *cli_after}:
            now, was = cli_after.get(key), cli_before.get(key)
            if key[0] == "profile" and key[1] in names:
                expected = expected_values(was, key[1], changes)
                assert (now is None) == (expected is None)
                assert now == expected or {**leaked, **(now or {})} == {
                    **leaked,
                    **(expected or {}),
                }
            else:
                assert now == was
    check_lines(text, new, file, names)


def check_edit(
    botocore: Botocore, text: str, file: FileKind, changes: Sequence[ProfileEdit]
) -> bool:
    """Return whether the edit is possible; if so, check its result with `check_change`."""
    new = apply_edits(text, file, changes)
    try:
        verify(text, new, file, changes)
    except ConfigError:
        return False
    check_change(botocore, text, new, file, changes)
    return True


def check_lines(text: str, new: str, file: FileKind, touched: set[str]) -> None:
    """Check that other sections, and the comments after any section, are unchanged and in order."""
    at = 0
    for section in parse_document(text, file).sections:
        if section.kind != "profile" or section.name not in touched:
            whole = text[section.start : section.content_end]
            assert whole in new[at:]
            at = new.index(whole, at) + len(whole)
        for line in text[section.content_end : section.end].split("\n"):
            if line[:1] in ("#", ";") and not line.startswith("# xswitch"):
                assert line in new[at:]
                at = new.index(line, at) + len(line)
