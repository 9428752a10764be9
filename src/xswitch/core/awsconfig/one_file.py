"""The view of one file that is both the config and the credentials file."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from xswitch.core.model import ConfigView, Problem, Profile

_PREFIXES = ("profile ", "sso-session ", "services ")
_CODES = frozenset({"not_a_profile", "profile_in_credentials", "section_in_credentials"})


def one_file_view(view: ConfigView) -> ConfigView:
    """Leave out what each of the two readings says about the other one's sections.

    As a credentials file, `[profile a]` is a profile of the AWS CLI by the name "profile a"; as a
    config file, `[a]` is a mistake.
    """
    return replace(
        view,
        profiles=MappingProxyType(
            {name: profile for name, profile in view.profiles.items() if not _is_header(profile)}
        ),
        problems=tuple(problem for problem in view.problems if not _is_about_other(problem)),
    )


def _is_header(profile: Profile) -> bool:
    return profile.cli_only and profile.name.startswith(_PREFIXES)


def _is_about_other(problem: Problem) -> bool:
    return problem.code in _CODES or (problem.profile or "").startswith(_PREFIXES)
