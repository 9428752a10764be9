"""`access lint`: policies given, or trust policies read from IAM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xswitch.actions.access.accounts import AccountClient, Accounts
from xswitch.core.access.documents import statements_of
from xswitch.core.access.lint import lint_permissions, lint_trust
from xswitch.core.access.model import Finding, NamedPolicy, RoleState
from xswitch.core.arn import parse_role_arn
from xswitch.core.errors import ConfigError, ErrorCode, TargetError, UsageError


def lint(
    accounts: Accounts, documents: Sequence[NamedPolicy], roles: Sequence[str], profile: str | None
) -> tuple[Finding, ...]:
    """See `AccessActions.lint`.

    Raises UsageError for roles without a profile to read them with, TargetError for one that isn't
    there.
    """
    own = frozenset(accounts.snapshot.settings.account_names)
    found = [finding for one in documents for finding in _lint_document(one, own)]
    if profile is None:
        if roles:
            raise UsageError(
                "A role's trust policy is read with a profile of its account.",
                next_step="xswitch access lint ROLE --target PROFILE",
            )
        return tuple(found)
    opened = accounts.open(profile)
    asked = {role.role_arn: role.duration_seconds for role in accounts.snapshot.resolution.roles}
    for state in _role_states(
        accounts, opened, roles or [arn.rpartition("/")[2] for arn in opened.iam.roles()]
    ):
        found += lint_trust(
            state.trust,
            state.arn,
            asked_duration=asked.get(state.arn),
            max_session=state.max_session_seconds,
            own_accounts=own,
        )
    return tuple(found)


def _lint_document(one: NamedPolicy, own: frozenset[str]) -> tuple[Finding, ...]:
    """A document says itself on which side it belongs: only a trust policy names principals."""
    try:
        trusting = any(
            "Principal" in statement or "NotPrincipal" in statement
            for statement in statements_of(one.document)
        )
    except ConfigError:
        trusting = True  # what is no policy at all is told there
    if trusting:
        return lint_trust(one.document, name=one.name, own_accounts=own)
    return lint_permissions(one.document, name=one.name)


def _role_states(
    accounts: Accounts, opened: AccountClient, names: Sequence[str]
) -> Iterator[RoleState]:
    """The roles meant: by role profile, ARN or name."""
    for name in names:
        known = accounts.snapshot.roles_by_name.get(name)
        arn = parse_role_arn(known.role_arn if known is not None else name)
        state = opened.iam.role(arn.name if arn is not None else name)
        if state is None:
            what = f"There is no role {name} in account {opened.account}."
            raise TargetError(
                what,
                next_step=f"aws iam list-roles --profile {opened.profile}",
                code=ErrorCode.ROLE_MISSING,
            )
        yield state
