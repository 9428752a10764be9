"""Whether other keys under the name of a managed profile would win over its credential_process."""

from __future__ import annotations

from xswitch.core.model import ConfigView, Problem, Profile, Property

ROLE_KEY = "xswitch_role"

_COMPETING_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"role_arn", "source_profile", "credential_source"}), "assuming a role"),
    (frozenset({"web_identity_token_file"}), "a web identity"),
    (frozenset({"sso_account_id", "sso_role_name", "sso_session", "sso_start_url"}), "SSO"),
    (frozenset({"login_session"}), "a login session"),
    (frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}), "static keys"),
)


def find_shadowing(view: ConfigView, name: str) -> tuple[Problem, ...]:
    """Why a credential_process written as profile `name` of the config file would not be used, or must not be written.

    Codes: `not_ours` (error), a profile of that name without `xswitch_role`; `shadowed` (error), keys of another kind of credentials
    beside the credential_process, in either file, among which the SDKs would choose; `own_static_keys` (warning), the temporary keys
    xswitch itself wrote into the credentials file, to be removed in the same change. An empty answer means the way is free.
    """
    profile = view.profiles.get(name)
    if profile is None:
        return ()
    role_property = profile.properties.get(ROLE_KEY)
    if role_property is None or profile.cli_only:
        where = "only the AWS CLI and boto3 see it, and" if profile.cli_only else "it"
        text = f"There is a profile {name} already, and {where} is not xswitch's to change: it has no {ROLE_KEY} setting."
        return (Problem("not_ours", text, "error", profile.origin.file, profile.origin.line, name),)
    own_static = role_property.source == "credentials"
    problems = []
    for keys, source_name in _COMPETING_KEYS:
        present = [
            (key, profile.properties[key]) for key in sorted(keys) if key in profile.properties
        ]
        if present:
            problems.append(_shadow_problem(profile, present, source_name, own_static=own_static))
    process = profile.properties.get("credential_process")
    if process is not None and process.source == "credentials" and not own_static:
        problems.append(
            _shadow_problem(
                profile,
                [("credential_process", process)],
                "another credential_process",
                own_static=False,
            )
        )
    return tuple(problems)


def _shadow_problem(
    profile: Profile, here: list[tuple[str, Property]], words: str, *, own_static: bool
) -> Problem:
    origin = here[0][1].origin
    if own_static and all(
        key.startswith("aws_") and found.source == "credentials" for key, found in here
    ):
        text = f"The temporary keys xswitch wrote into the credentials file for {profile.name} would win over its credential_process."
        return Problem("own_static_keys", text, "warning", origin.file, origin.line, profile.name)
    names = ", ".join(key for key, _ in here)
    text = f"Profile {profile.name} also holds {names}: SDKs would use {words} instead of xswitch's credential_process, or refuse."
    return Problem("shadowed", text, "error", origin.file, origin.line, profile.name)
