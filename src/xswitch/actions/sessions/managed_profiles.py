"""The profiles xswitch writes: the managed profile of a role, and the static one beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import STATIC_SUFFIX, ConfigSnapshot, take_snapshot
from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.errors import ErrorCode, ShadowError, UsageError, XswitchError
from xswitch.core.model import Profile, ProfileEdit, RemoveProfile, Role, SetProfile
from xswitch.core.profiles.managed import ROLE_KEY, Overrides, find_shadowing, managed_properties
from xswitch.core.profiles.process_command import quote_command
from xswitch.core.sessions.session_record import SessionRecord

_PROCESS_KEY = "credential_process"
_COMMENT = "xswitch wrote this profile; `xswitch forget` removes it"


class _SecretProperties(dict[str, str]):
    """Properties that hold secrets: they show themselves to nobody."""

    def __repr__(self) -> str:
        return "{***}"


def ensure_writable(snapshot: ConfigSnapshot, name: str, *, static: bool) -> None:
    """Raise before anything is done when the managed profile (and its static one) can't be written under this name."""
    if not name or name == "default" or not is_legal_name(name):
        raise UsageError(
            f"{name!r} can't be the name of a managed profile.",
            why="It takes letters, digits and _-/.%@:+, and must not be default.",
            next_step="Give another one with --profile-name.",
            code=ErrorCode.BAD_PROFILE_NAME,
        )
    found = find_shadowing(snapshot.view, name)
    if snapshot.managed_profile_for_static(name):
        raise _cannot_write(
            name,
            "It holds keys that xswitch wrote down for another managed profile.",
            ErrorCode.NOT_OURS,
        )
    if found:
        raise _cannot_write(
            name, f"{found[0].message} ({found[0].file}:{found[0].line})", found[0].code
        )
    beside = snapshot.view.profiles.get(name + STATIC_SUFFIX)
    if static and beside is not None and not snapshot.managed_profile_for_static(beside.name):
        place = f"{beside.origin.file}:{beside.origin.line}"
        raise _cannot_write(
            beside.name,
            f"There is a profile of that name that xswitch did not write ({place}).",
            ErrorCode.NOT_OURS,
        )


def _cannot_write(name: str, why: str, code: str) -> ShadowError:
    what = f'The profile "{name}" can\'t be written.'
    return ShadowError(
        what,
        why=why,
        next_step="Remove what is there, or give another name with --profile-name.",
        code=code,
    )


def managed_profile_properties(
    ports: Ports, snapshot: ConfigSnapshot, role: Role, name: str, overrides: Overrides
) -> dict[str, str]:
    """Exactly what the managed profile `name` has to hold.

    Raises UsageError for overrides AWS can't take or a guard doesn't allow.
    """
    return managed_properties(
        role, snapshot.view, overrides, _credential_process_command(ports, name)
    )


def _credential_process_command(ports: Ports, name: str) -> str:
    return quote_command((*ports.environment.credential_process(), name))


def update_credential_process(
    ports: Ports, snapshot: ConfigSnapshot, names: Iterable[str]
) -> ConfigSnapshot:
    """The config as it is once those of the managed profiles `names` that start another xswitch start this one.

    An installation that moved, or a command line from before, is mended so. What can't be written stays as it is: it served until now.
    """
    edits = []
    with suppress(XswitchError):
        for name in dict.fromkeys(names):
            profile = snapshot.managed_profile(name) and snapshot.view.profiles[name]
            if profile and profile.get(_PROCESS_KEY) not in {
                None,
                _credential_process_command(ports, name),
            }:
                kept = {
                    key: found.value
                    for key, found in profile.properties.items()
                    if found.source == "config"
                }
                edits.append(
                    SetProfile(
                        "config",
                        name,
                        {**kept, _PROCESS_KEY: _credential_process_command(ports, name)},
                        comment=_COMMENT,
                    )
                )
        if edits:
            ports.config.apply(edits)
            return take_snapshot(ports)
    return snapshot


def managed_edits(
    snapshot: ConfigSnapshot, name: str, wanted: Mapping[str, str]
) -> tuple[ProfileEdit, ...]:
    """What has to change in the config so that `name` holds that; nothing when it does already."""
    return (
        ()
        if _has_properties(snapshot.view.profiles.get(name), wanted)
        else (SetProfile("config", name, wanted, comment=_COMMENT),)
    )


def static_edits(
    snapshot: ConfigSnapshot, managed: str, wanted: Mapping[str, str], record: SessionRecord
) -> tuple[ProfileEdit, ...]:
    """The keys of a session written down, under a name of their own.

    Beside a credential_process they would win over it.

    `wanted` is what the managed profile holds. Its settings, such as the region, go into the config
    file, as the SDKs read them only there.
    """
    name = managed + STATIC_SUFFIX
    credentials = record.credentials
    expiry = f"{record.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    config = {
        key: value
        for key, value in wanted.items()
        if key != "credential_process" and not key.startswith("xswitch_")
    }
    keys = _SecretProperties(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key.reveal(),
        aws_session_token=""
        if credentials.session_token is None
        else credentials.session_token.reveal(),
        aws_expiration=expiry,
        x_security_token_expires=expiry,  # where the tools before this one looked for it
    )
    keys[ROLE_KEY] = managed
    if _has_properties(
        snapshot.view.profiles.get(name), _SecretProperties({**config, **keys}), anywhere=True
    ):
        return ()
    return (
        SetProfile("config", name, {**config, ROLE_KEY: managed}, comment=_COMMENT),
        SetProfile("credentials", name, keys, comment=_COMMENT),
    )


def removal_edits(snapshot: ConfigSnapshot, names: Sequence[str]) -> tuple[ProfileEdit, ...]:
    """The edits that remove managed and static profiles; what is not xswitch's stays."""
    edits: list[ProfileEdit] = []
    for name in names:
        if snapshot.managed_profile_for_static(name):
            edits += [RemoveProfile("config", name), RemoveProfile("credentials", name)]
        elif snapshot.managed_profile(name) is not None:
            edits.append(RemoveProfile("config", name))
    return tuple(edits)


def _has_properties(
    profile: Profile | None, wanted: Mapping[str, str], *, anywhere: bool = False
) -> bool:
    if profile is None or set(profile.properties) != set(wanted):
        return False
    return all(
        found.value == wanted[key] and (anywhere or found.source == "config")
        for key, found in profile.properties.items()
    )
