"""Whether other keys under the name of a managed profile would win over its credential_process."""

from __future__ import annotations

from xswitch.core.model import ConfigView, Problem, Profile, Property

MARK = "xswitch_role"

_SHADOWS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"role_arn", "source_profile", "credential_source"}), "assuming a role"),
    (frozenset({"web_identity_token_file"}), "a web identity"),
    (frozenset({"sso_account_id", "sso_role_name", "sso_session", "sso_start_url"}), "SSO"),
    (frozenset({"login_session"}), "a login session"),
    (frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}), "static keys"),
)


def shadows(view: ConfigView, name: str) -> tuple[Problem, ...]:
    """Why a credential_process written as profile `name` of the config file would not be used, or must not be written.

    Codes: `not_ours` (error), a profile of that name without `xswitch_role`; `shadowed` (error), keys of another kind of credentials
    beside the credential_process, in either file, among which the SDKs would choose; `own_static_keys` (warning), the temporary keys
    xswitch itself wrote into the credentials file, to be removed in the same change. An empty answer means the way is free.
    """
    profile = view.profiles.get(name)
    if profile is None:
        return ()
    mark = profile.properties.get(MARK)
    if mark is None or profile.cli_only:
        where = "only the AWS CLI and boto3 see it, and" if profile.cli_only else "it"
        text = f"There is a profile {name} already, and {where} is not xswitch's to change: it has no {MARK} setting."
        return (Problem("not_ours", text, "error", profile.origin.file, profile.origin.line, name),)
    own_static = mark.source == "credentials"
    found = []
    for keys, words in _SHADOWS:
        here = [(key, profile.properties[key]) for key in sorted(keys) if key in profile.properties]
        if here:
            found.append(_shadow(profile, here, words, own_static=own_static))
    process = profile.properties.get("credential_process")
    if process is not None and process.source == "credentials" and not own_static:
        found.append(_shadow(profile, [("credential_process", process)], "another credential_process", own_static=False))
    return tuple(found)


def _shadow(profile: Profile, here: list[tuple[str, Property]], words: str, *, own_static: bool) -> Problem:
    origin = here[0][1].origin
    if own_static and all(key.startswith("aws_") and found.source == "credentials" for key, found in here):
        text = f"The temporary keys xswitch wrote into the credentials file for {profile.name} would win over its credential_process."
        return Problem("own_static_keys", text, "warning", origin.file, origin.line, profile.name)
    names = ", ".join(key for key, _ in here)
    text = f"Profile {profile.name} also holds {names}: SDKs would use {words} instead of xswitch's credential_process, or refuse."
    return Problem("shadowed", text, "error", origin.file, origin.line, profile.name)
