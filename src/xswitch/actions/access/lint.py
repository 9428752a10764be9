"""Lint policy documents, and trust policies read from IAM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xswitch.actions.access.accounts import AccountClient, Accounts
from xswitch.core.access.documents import statements_of
from xswitch.core.access.lint import lint_permissions, lint_trust
from xswitch.core.access.model import Finding, NamedPolicy, RoleState
from xswitch.core.arn import parse_role_arn
from xswitch.core.errors import ConfigError, ErrorCode, TargetError, UsageError
from xswitch.core.text import option_text


def lint(
    accounts: Accounts, documents: Sequence[NamedPolicy], roles: Sequence[str], profile: str | None
) -> tuple[Finding, ...]:
    """Lint documents and roles: see `AccessActions.lint`.

    Raises UsageError for roles without a profile to read them with, TargetError for a missing role.
    """
    own = frozenset(accounts.snapshot.settings.account_names)
    findings = [finding for policy in documents for finding in _lint_document(policy, own)]
    if profile is None:
        if roles:
            raise UsageError(
                "Reading a role's trust policy needs a profile in its account.",
                next_step="xswitch access lint ROLE --target PROFILE",
            )
        return tuple(findings)
    account = accounts.open(profile)
    durations = {
        role.role_arn: role.duration_seconds for role in accounts.snapshot.resolution.roles
    }
    for state in _role_states(
        accounts, account, roles or [arn.rpartition("/")[2] for arn in account.iam.roles()]
    ):
        findings += lint_trust(
            state.trust,
            state.arn,
            asked_duration=durations.get(state.arn),
            max_session=state.max_session_seconds,
            own_accounts=own,
        )
    return tuple(findings)


def _lint_document(policy: NamedPolicy, own: frozenset[str]) -> tuple[Finding, ...]:
    """Lint a trust policy or a permissions policy: only a trust policy names principals."""
    try:
        is_trust_policy = any(
            "Principal" in statement or "NotPrincipal" in statement
            for statement in statements_of(policy.document)
        )
    except ConfigError:
        is_trust_policy = True  # reports that the document is invalid
    if is_trust_policy:
        return lint_trust(policy.document, name=policy.name, own_accounts=own)
    return lint_permissions(policy.document, name=policy.name)


def _role_states(
    accounts: Accounts, account: AccountClient, names: Sequence[str]
) -> Iterator[RoleState]:
    """Read roles by role profile, ARN, or name."""
    for name in names:
        configured = accounts.snapshot.roles_by_name.get(name)
        arn = parse_role_arn(configured.role_arn if configured is not None else name)
        state = account.iam.role(arn.name if arn is not None else name)
        if state is None:
            what = f"There is no role {name} in account {account.account}."
            raise TargetError(
                what,
                next_step=f"aws iam list-roles {option_text('--profile', account.profile)}",
                code=ErrorCode.ROLE_MISSING,
            )
        yield state
