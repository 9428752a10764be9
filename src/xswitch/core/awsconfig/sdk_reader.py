"""Read both files as the SDKs do, merge them, and report problems.

Sources of the rules: the parsers of the Rust, C, and Java SDKs. `differences` compares the result
with what the AWS CLI and boto3 read.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.awsconfig.differences import compare_with_cli
from xswitch.core.awsconfig.document import BOM, ConfigDocument, SectionKind, parse_document
from xswitch.core.awsconfig.problems import fault_problems, section_problems
from xswitch.core.model import ConfigPaths, ConfigView, FileProperties, Origin, Problem, Profile
from xswitch.core.model.profiles import PropertyRow


def read_view(
    paths: ConfigPaths, config_text: str | None, credentials_text: str | None
) -> ConfigView:
    """Merge both files by key; the credentials file wins, and None is a missing file.

    Problems are sorted by file, config first, and by line. Sections that only the AWS CLI and boto3
    see are included as `cli_only`, unless the SDKs see one of that name. Never raises.
    """
    config = parse_document(config_text or "", "config")
    credentials = parse_document(credentials_text or "", "credentials")
    config_sections = sdk_sections(config, paths.config)
    credentials_sections = sdk_sections(credentials, paths.credentials)
    config_differences = compare_with_cli(config, config_sections, paths.config)
    credentials_differences = compare_with_cli(credentials, credentials_sections, paths.credentials)
    profiles = _merge(config_sections["profile"], credentials_sections["profile"])
    only = config_differences.cli_only
    for name, profile in _merge(
        only["profile"], credentials_differences.cli_only["profile"]
    ).items():
        profiles.setdefault(name, profile)
    problems = [
        *_problems(config, paths.config, config_differences.problems),
        *_problems(credentials, paths.credentials, credentials_differences.problems),
    ]
    return ConfigView(
        paths,
        MappingProxyType(profiles),
        MappingProxyType({**config_sections["sso-session"], **only["sso-session"]}),
        MappingProxyType({**config_sections["services"], **only["services"]}),
        tuple(problems),
    )


def sdk_sections(document: ConfigDocument, path: str) -> dict[SectionKind, dict[str, Profile]]:
    """Return the profiles, sso-sessions, and services of one file by name.

    Sections with the same name are joined; the last value of a key wins.
    """
    profiles: dict[SectionKind, dict[str, Profile]] = {
        "profile": {},
        "sso-session": {},
        "services": {},
    }
    rows: dict[tuple[str, str], dict[str, PropertyRow]] = {}
    for section in document.sections:
        kind = section.kind
        if kind not in profiles or document.ignores(section):
            continue
        name = section.name
        section_rows = rows.get((kind, name))
        if section_rows is None:
            section_rows = rows[kind, name] = {row[0]: row for row in section.rows}
            profiles[kind][name] = Profile(
                name, FileProperties(section_rows, path, document.file), Origin(path, section.line)
            )
        else:
            section_rows.update((row[0], row) for row in section.rows)
    return profiles


def _merge(config: Mapping[str, Profile], credentials: Mapping[str, Profile]) -> dict[str, Profile]:
    merged = dict(config)
    for name, profile in credentials.items():
        config_profile = merged.get(name)
        if config_profile is None:
            merged[name] = profile
        else:
            merged[name] = Profile(
                name,
                {**config_profile.properties, **profile.properties},
                config_profile.origin,
                config_profile.cli_only,
            )
    return merged


def _problems(
    document: ConfigDocument, path: str, differences: tuple[Problem, ...]
) -> list[Problem]:
    problems = [*fault_problems(document, path), *section_problems(document, path), *differences]
    body = document.text.removeprefix(BOM)
    if not body.isascii():
        line = next(number for number, text in enumerate(body.split("\n"), 1) if not text.isascii())
        message = (
            "The file isn't ASCII: the AWS CLI and boto3 read it in the locale's encoding, the SDKs"
            " as UTF-8."
        )
        problems.append(Problem("not_ascii", message, "info", path, line))
    problems.sort(key=lambda problem: problem.line or 0)
    return problems
