"""Services in trust policies.

Source: IAM user guide, "The confused deputy problem", cross-service.
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.access.lint.statement import (
    EXAMPLE_ACCOUNT,
    LintedStatement,
    with_condition,
    with_principals,
)
from xswitch.core.access.model import Finding

_SOURCES = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}
)
# These services only use roles of their own account, and send no source.
_NO_SOURCE = ("ec2.", "lambda.", "edgelambda.")


def confused_deputy(subject: LintedStatement) -> Iterator[Finding]:
    """Find services that can act for resources of any account."""
    services = subject.principals("Service")
    wild = [name for name in services if "*" in name or "?" in name]
    if wild:
        kinds = {
            "AWS": list(subject.principals("AWS")),
            "Federated": list(subject.principals("Federated")),
            "Service": [name for name in services if name not in wild],
        }
        why = f"{', '.join(wild)}: services must be named in full, without wildcards."
        corrected = with_principals(subject.raw, kinds) if any(kinds.values()) else None
        yield subject.finding("service_wildcard", "error", why, corrected)
    deputies = [name for name in services if name not in wild and not name.startswith(_NO_SOURCE)]
    if not subject.allows or not deputies or subject.bound_by(_SOURCES):
        return
    whose = (
        subject.account
        if subject.role is not None
        else f"your own account's ID instead of {EXAMPLE_ACCOUNT}"
    )
    why = (
        f"{', '.join(deputies)} can assume it for resources of any account (confused deputy). "
        f"Restrict it with aws:SourceAccount, {whose}, or better aws:SourceArn, "
        "if the service sends them."
    )
    yield subject.finding(
        "confused_deputy",
        "warning",
        why,
        with_condition(subject.raw, "StringEquals", "aws:SourceAccount", subject.account),
    )
