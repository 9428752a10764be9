"""The profiles that xswitch writes: a role's managed profile, and its static profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from xswitch.actions.ports import Config
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.snapshot import STATIC_SUFFIX, ConfigSnapshot, take_snapshot
from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.errors import ConfigError, ErrorCode, ShadowError, UsageError, XswitchError
from xswitch.core.model import (
    FileKind,
    Problem,
    Profile,
    ProfileEdit,
    RemoveProfile,
    Role,
    SessionPlan,
    SetProfile,
)
from xswitch.core.profiles.binding import ProfileBinding, bind, binding_words, stored_binding
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    ROLE_KEY,
    Overrides,
    find_shadowing,
    managed_properties,
)
from xswitch.core.profiles.process_command import quote_command
from xswitch.core.sessions.session_record import SessionRecord
from xswitch.core.text import last_argument

_PROCESS_KEY = "credential_process"
_COMMENT = "xswitch wrote this profile; `xswitch forget` removes it"


class _SecretProperties(dict[str, str]):
    """Properties with secrets, which its repr hides."""

    def __repr__(self) -> str:
        return "{***}"


def ensure_writable(config: Config, snapshot: ConfigSnapshot, name: str, *, static: bool) -> None:
    """Raise unless the managed profile, and its static profile, can be written as `name`."""
    if not name or name == "default" or not is_legal_name(name):
        raise UsageError(
            f"{name!r} can't be the name of a managed profile.",
            why="A name has letters, digits, and _-/.%@:+, and isn't default.",
            next_step="Choose another one with --profile-name.",
            code=ErrorCode.BAD_PROFILE_NAME,
        )
    if snapshot.managed_profile_for_static(name):
        raise _cannot_write(
            name,
            "It holds keys that xswitch wrote for another managed profile.",
            ErrorCode.NOT_OURS,
        )
    for problem in find_shadowing(snapshot.view, name):
        raise _cannot_write(
            name, f"{problem.message} ({problem.file}:{problem.line})", problem.code
        )
    existing = snapshot.view.profiles.get(name + STATIC_SUFFIX)
    if static and existing is not None and not snapshot.managed_profile_for_static(existing.name):
        place = f"{existing.origin.file}:{existing.origin.line}"
        raise _cannot_write(
            existing.name,
            f"A profile with this name exists, and xswitch didn't write it ({place}).",
            ErrorCode.NOT_OURS,
        )
    if static and existing is not None and not _is_in_config(config, existing):
        place = f"{existing.origin.file}:{existing.origin.line}"
        raise _cannot_write(
            existing.name,
            "It has the keys of a profile of this name in another config file, whose programs would"
            f" get this role ({place}).",
            ErrorCode.NOT_OURS,
        )


def _is_in_config(config: Config, static: Profile) -> bool:
    """Whether this config has a static profile's settings, which `static_edits` writes there.

    Several config files can share a credentials file, and so the names of its profiles.
    """
    return static.origin.file == config.files.paths().config


def _cannot_write(name: str, why: str, code: str) -> ShadowError:
    return ShadowError(
        f'The profile "{name}" can\'t be written.',
        why=why,
        next_step="Remove it, or choose another name with --profile-name.",
        code=code,
    )


def managed_profile_properties(
    config: Config, snapshot: ConfigSnapshot, role: Role, name: str, overrides: Overrides
) -> dict[str, str]:
    """Return the exact properties of the managed profile `name`.

    Raises UsageError for overrides that AWS can't take or a guard doesn't allow.
    """
    return managed_properties(
        role, snapshot.view, overrides, credential_process_command(config, role.principal, name)
    )


def credential_process_command(config: Config, role_arn: str, name: str) -> str:
    """Return the `credential_process` of the managed profile `name` of a role.

    It is bound to the role and to the config files; see `core.profiles.binding`. Raises
    ConfigError if a word can't be written.
    """
    binding = bind(role_arn, config.files.paths(), config.files.default_paths())
    return quote_command((*config.environment.credential_process(), name, *binding_words(binding)))


def ensure_bound(
    snapshot: ConfigSnapshot, role: Role, profile: str, binding: ProfileBinding | None
) -> None:
    """Raise ConfigError if `profile` isn't for the role that its command is bound to.

    `binding` is that of the command that runs. Without one, the command in the config file counts:
    people may name the profile by hand.
    """
    managed = snapshot.managed_profile(profile)
    if binding is None and managed is not None:
        binding = stored_binding(managed)
    if binding is None or binding.role_arn == role.principal:
        return
    kept = not role.is_ad_hoc and snapshot.stored_overrides(profile) != NO_OVERRIDES
    target = profile if kept else role.name  # a switch by the role's name drops the options
    raise ConfigError(
        f'The profile "{profile}" was written for {binding.role_arn}, and {role.name} is'
        f" {role.principal or 'of no known identity'} now.",
        why=f"The config has changed since the switch, or is another one"
        f" ({role.origin.file}:{role.origin.line}).",
        next_step=f"xswitch switch {last_argument(target)}",
        code=ErrorCode.OTHER_ROLE,
    )


def update_credential_process(
    config: Config, snapshot: ConfigSnapshot, names: Iterable[str]
) -> ConfigSnapshot:
    """Make managed profiles that start another xswitch start this one, and return the new config.

    This fixes profiles after an installation has moved, or whose command is outdated. If they can't
    be written, or are for another role by now, they stay unchanged. So they do if this xswitch is
    in a cache: the one that they start may last longer.
    """
    if config.environment.cache_folder():
        return snapshot
    edits = []
    for name in dict.fromkeys(names):
        with suppress(XswitchError):
            edits += _command_edit(config, snapshot, name)
    if edits:
        with suppress(XswitchError):
            config.files.apply(edits)
            return take_snapshot(config, settle=True)
    return snapshot


def _command_edit(config: Config, snapshot: ConfigSnapshot, name: str) -> list[ProfileEdit]:
    profile = snapshot.managed_profile(name)
    if profile is None or profile.get(_PROCESS_KEY) is None:
        return []
    role = snapshot.role_for_profile(name)
    ensure_bound(snapshot, role, name, None)
    command = credential_process_command(config, role.principal, name)
    if profile.get(_PROCESS_KEY) == command:
        return []
    properties = {
        key: value.value for key, value in profile.properties.items() if value.source == "config"
    }
    properties[_PROCESS_KEY] = command
    return [SetProfile("config", name, properties, comment=_COMMENT)]


def managed_edits(
    snapshot: ConfigSnapshot, name: str, properties: Mapping[str, str]
) -> tuple[ProfileEdit, ...]:
    """Return the edits that give a managed profile these properties, none if it has them."""
    if _has_properties(snapshot.view.profiles.get(name), properties):
        return ()
    return (SetProfile("config", name, properties, comment=_COMMENT),)


def static_edits(
    snapshot: ConfigSnapshot, managed: str, properties: Mapping[str, str], record: SessionRecord
) -> tuple[ProfileEdit, ...]:
    """Return the edits that write a session's keys into a static profile.

    It needs its own name, as keys take precedence over a credential_process. `properties` are those
    of the managed profile; its settings, such as the region, go into the config file, the only
    place where the SDKs read them.
    """
    name = managed + STATIC_SUFFIX
    credentials = record.credentials
    expiry = f"{record.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    config = {
        key: value
        for key, value in properties.items()
        if key != _PROCESS_KEY and not key.startswith("xswitch_")
    }
    keys = _SecretProperties(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key.reveal(),
        aws_session_token=""
        if credentials.session_token is None
        else credentials.session_token.reveal(),
        aws_expiration=expiry,
        x_security_token_expires=expiry,  # read by older tools
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


def ensure_replaceable(config: Config, edits: Sequence[ProfileEdit], *, static: bool) -> None:
    """Raise ConfigError if the files that a switch is going to change can't be changed.

    A managed profile that is already as it should be needs no change.
    """
    kinds: list[FileKind] = ["config"] if edits or static else []
    if static:
        kinds.append("credentials")
    if kinds:
        config.files.ensure_writable(kinds)


def _managed_with_own_static(config: Config, snapshot: ConfigSnapshot) -> Iterable[str]:
    """Return the managed profiles whose static profile isn't another config file's."""
    profiles = snapshot.view.profiles
    return (
        name
        for name in snapshot.managed_with_static
        if _is_in_config(config, profiles[name + STATIC_SUFFIX])
    )


def follow_sessions(
    config: Config,
    snapshot: ConfigSnapshot,
    records: Mapping[str, SessionRecord],
    publisher: Publisher,
    is_forgotten: Callable[[str], bool],
) -> tuple[ConfigSnapshot, tuple[Problem, ...]]:
    """Write the keys of new sessions into the static profiles that have older ones.

    `records` are by session key. Any caller may have renewed a session, also one within another
    role's chain, and several managed profiles may have the same one. Returns the new config, what
    the user should know of the change, and a problem for each static profile that keeps its keys,
    which then end earlier than the session. Sessions that were forgotten meanwhile, according to
    `is_forgotten`, leave no keys.
    """
    edits: list[ProfileEdit] = []
    followers: list[tuple[SessionPlan, SessionRecord, str]] = []
    for managed in _managed_with_own_static(config, snapshot) if records else ():
        try:
            role = snapshot.role_for_profile(managed)
            ensure_bound(snapshot, role, managed, None)
            plan = snapshot.plan(role, snapshot.stored_overrides(managed))
        except XswitchError:
            continue  # edited in the meantime; the next call reports it
        record = records.get(plan.key)
        if record is None or is_forgotten(plan.key):
            continue
        properties = {
            key: value.value for key, value in snapshot.view.profiles[managed].properties.items()
        }
        own = static_edits(snapshot, managed, properties, record)
        if own:
            edits += own
            followers.append((plan, record, managed))
    if not edits:
        return snapshot, ()
    try:
        notes = config.files.apply(edits)
    except XswitchError as error:
        return snapshot, tuple(_kept_keys(snapshot, managed, error) for *_, managed in followers)
    snapshot = take_snapshot(config, settle=True)
    gone = [managed for plan, _, managed in followers if is_forgotten(plan.key)]
    if gone:
        # `forget` had removed them, and they were written again
        statics = [managed + STATIC_SUFFIX for managed in gone]
        config.files.apply(removal_edits(snapshot, statics))
        for static in statics:
            with suppress(XswitchError):
                publisher.remove(static)
        return take_snapshot(config), ()
    for follower in followers:
        with suppress(XswitchError):  # the prompt then shows the former, earlier end
            publisher.publish_static(snapshot, *follower)
    return snapshot, notes


def _kept_keys(snapshot: ConfigSnapshot, managed: str, error: XswitchError) -> Problem:
    end = snapshot.static_expires_at(managed)
    until = "" if end is None else f" until {end:%Y-%m-%d %H:%M:%S} UTC"
    return Problem(
        "static_keys_kept",
        f"{managed}{STATIC_SUFFIX} keeps its former keys{until}: {error}",
        profile=managed + STATIC_SUFFIX,
    )


def removal_edits(snapshot: ConfigSnapshot, names: Sequence[str]) -> tuple[ProfileEdit, ...]:
    """Return the edits that remove managed and static profiles, and no other ones."""
    edits: list[ProfileEdit] = []
    for name in names:
        if snapshot.managed_profile_for_static(name):
            edits += [RemoveProfile("config", name), RemoveProfile("credentials", name)]
        elif snapshot.managed_profile(name) is not None:
            edits.append(RemoveProfile("config", name))
    return tuple(edits)


def _has_properties(
    profile: Profile | None, properties: Mapping[str, str], *, anywhere: bool = False
) -> bool:
    if profile is None or set(profile.properties) != set(properties):
        return False
    return all(
        value.value == properties[key] and (anywhere or value.source == "config")
        for key, value in profile.properties.items()
    )
