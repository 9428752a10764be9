"""Both files as the SDKs read them, merged, with everything odd in them.

Sources of the rules: the Rust, C and Java SDKs' readers. Where the AWS CLI and boto3 read something else, `differences` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.awsconfig.differences import compare
from xswitch.core.awsconfig.document import BOM, Document, SectionKind, parse
from xswitch.core.awsconfig.problems import fault_problems, section_problems
from xswitch.core.model import ConfigPaths, ConfigView, FileProperties, Origin, Problem, Profile
from xswitch.core.model.properties import Row


def read_view(paths: ConfigPaths, config_text: str | None, credentials_text: str | None) -> ConfigView:
    """Both files, merged per key (the credentials file wins); a text of None is a missing file.

    Problems come sorted by file, config first, then line. Never raises. Profiles that only the AWS CLI and boto3 see are among the
    profiles, marked `cli_only`, unless the SDKs know one of that name.
    """
    config = parse(config_text or "", "config")
    credentials = parse(credentials_text or "", "credentials")
    of_config = sdk_sections(config, paths.config)
    of_credentials = sdk_sections(credentials, paths.credentials)
    first = compare(config, of_config, paths.config)
    second = compare(credentials, of_credentials, paths.credentials)
    profiles = _merge(of_config["profile"], of_credentials["profile"])
    for name, profile in _merge(first.cli_only, second.cli_only).items():
        profiles.setdefault(name, profile)
    problems = [*_problems(config, paths.config, first.problems), *_problems(credentials, paths.credentials, second.problems)]
    return ConfigView(
        paths,
        MappingProxyType(profiles),
        MappingProxyType(of_config["sso-session"]),
        MappingProxyType(of_config["services"]),
        tuple(problems),
    )


def sdk_sections(document: Document, path: str) -> dict[SectionKind, dict[str, Profile]]:
    """The profiles, sso-sessions and services of one file by name; sections of one name are joined, the last value wins."""
    found: dict[SectionKind, dict[str, Profile]] = {"profile": {}, "sso-session": {}, "services": {}}
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    ignore_plain_default = any(s.prefixed and s.name == "default" and s.kind == "profile" for s in document.sections)
    for section in document.sections:
        kind = section.kind
        if kind not in found:
            continue
        name = section.name
        if ignore_plain_default and name == "default" and kind == "profile" and not section.prefixed:
            continue
        of_name = rows.get((kind, name))
        if of_name is None:
            of_name = rows[kind, name] = {row[0]: row for row in section.rows}
            found[kind][name] = Profile(name, FileProperties(of_name, path, document.file), Origin(path, section.line))
        else:
            of_name.update((row[0], row) for row in section.rows)
    return found


def _merge(config: Mapping[str, Profile], credentials: Mapping[str, Profile]) -> dict[str, Profile]:
    merged = dict(config)
    for name, profile in credentials.items():
        below = merged.get(name)
        if below is None:
            merged[name] = profile
        else:
            merged[name] = Profile(name, {**below.properties, **profile.properties}, below.origin, below.cli_only)
    return merged


def _problems(document: Document, path: str, differences: tuple[Problem, ...]) -> list[Problem]:
    found = [*fault_problems(document, path), *section_problems(document, path), *differences]
    body = document.text.removeprefix(BOM)
    if not body.isascii():
        line = next(number for number, text in enumerate(body.split("\n"), 1) if not text.isascii())
        message = "The file holds more than ASCII: the AWS CLI and boto3 read it in the locale's encoding, the SDKs as UTF-8."
        found.append(Problem("not_ascii", message, "info", path, line))
    found.sort(key=lambda problem: problem.line or 0)
    return found
