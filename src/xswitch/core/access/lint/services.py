"""Services that assume a role.

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
# An instance, or function, has a role of its own account only, and these services send no source
# when they assume it.
_NO_SOURCE = ("ec2.", "lambda.", "edgelambda.")


def confused_deputy(subject: LintedStatement) -> Iterator[Finding]:
    """A service that may act here for anybody's resource."""
    services = subject.principals("Service")
    wild = [name for name in services if "*" in name or "?" in name]
    if wild:
        kept = [name for name in services if name not in wild]
        kinds = {
            "AWS": list(subject.principals("AWS")),
            "Federated": list(subject.principals("Federated")),
            "Service": kept,
        }
        why = f"{', '.join(wild)}: a service is named in full; a wildcard names none, or, standing alone, more than anybody meant."
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
        f"{', '.join(deputies)} may assume it for a resource of any account (the confused deputy). Say for whose with aws:SourceAccount, "
        f"{whose}, or more exactly with aws:SourceArn, where the service gives them."
    )
    yield subject.finding(
        "confused_deputy",
        "warning",
        why,
        with_condition(subject.raw, "StringEquals", "aws:SourceAccount", subject.account),
    )
