"""The command line that does what a set-up form does. Pure."""

from __future__ import annotations

from xswitch.actions.access.api import AccessInputs
from xswitch.core.access.model import DEFAULT_MAX_SESSION_SECONDS, PrincipalType

_PRINCIPAL_OPTIONS = {
    PrincipalType.USER: "--user",
    PrincipalType.GROUP: "--group",
    PrincipalType.ROLE: "--assuming-role",
    PrincipalType.ACCOUNT: "--account",
}


def access_apply_command(inputs: AccessInputs) -> tuple[str, ...]:
    """`xswitch access apply …`, with nothing said that is the default."""
    who: tuple[str, ...] = (
        ("--account",)
        if inputs.who_kind is PrincipalType.ACCOUNT
        else _option(_PRINCIPAL_OPTIONS[inputs.who_kind], inputs.who_name)
    )
    longest = inputs.max_session_seconds
    return (
        *("xswitch", "access", "apply", inputs.role_name),
        *(
            _option("--target", inputs.target_profile)
            or _option("--target-account", inputs.target_account)
        ),
        *(
            _option("--source", inputs.source_profile)
            or _option("--source-account", inputs.source_account)
        ),
        *who,
        *_option("--path", "" if inputs.role_path == "/" else inputs.role_path),
        *(word for policy in inputs.policies for word in ("--policy", policy)),
        *_option("--external-id", inputs.external_id),
        *(("--generate-external-id",) if inputs.generate_external_id else ()),
        *(() if inputs.require_mfa else ("--no-mfa",)),
        *_option("--max-session", "" if longest == DEFAULT_MAX_SESSION_SECONDS else str(longest)),
        *(word for key, value in inputs.tags for word in ("--tag", f"{key}={value}")),
        *_option("--description", inputs.description),
        *_option("--profile", inputs.save_as),
        *_option("--switch-from", inputs.switch_from),
    )


def _option(name: str, value: str | None) -> tuple[str, ...]:
    return (name, value) if value else ()
