"""`sso`: what a portal lists, profiles for it, and new sso-sessions.

The verbs run in `sso_verbs`: its imports take a while, which completion saves.
"""

from __future__ import annotations

import argparse

from xswitch.cli.context import Context
from xswitch.cli.parser import CommandParser, add_json, add_subcommand

_SESSION = "sso-session, profile, or start URL (default: as for login)"


def add_sso(parser: CommandParser) -> None:
    """Declare the verbs of `sso`, each with its own arguments."""
    verbs = parser.add_subparsers(
        dest="action", metavar="VERB", required=True, parser_class=CommandParser
    )
    list_parser = add_subcommand(verbs, "list", "show accounts and roles as listed last")
    list_parser.add_argument(
        "session", nargs="?", default="", metavar="TARGET", help=f"{_SESSION}; all of them"
    )
    add_json(list_parser)
    refresh = add_subcommand(verbs, "refresh", "list the portal's accounts and roles now")
    refresh.add_argument("session", nargs="?", default="", metavar="TARGET", help=_SESSION)
    refresh.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    add_json(refresh)
    _add_populate(add_subcommand(verbs, "populate", "write profiles for accounts and roles"))
    _add_add(add_subcommand(verbs, "add", "add an sso-session to the AWS config"))
    for verb in verbs.choices.values():
        verb.set_defaults(run=sso)


def _add_populate(parser: CommandParser) -> None:
    parser.add_argument("session", nargs="?", default="", metavar="TARGET", help=_SESSION)
    parser.add_argument(
        "--template",
        default="{account_name}/{role_name}",
        metavar="TEXT",
        help="names of profiles, from {account_name}, {account_id}, {role_name}, {session}, and"
        " {region} (default: {account_name}/{role_name})",
    )
    parser.add_argument(
        "--case", choices=["keep", "lower", "upper"], default="keep", help="case of the names"
    )
    parser.add_argument(
        "--separator",
        default="-",
        metavar="TEXT",
        help="in place of blanks and of characters that a name can't have (default: -)",
    )
    parser.add_argument(
        "--trim",
        action="append",
        default=[],
        metavar="REGEX",
        help="what to cut from account and role names (repeatable)",
    )
    parser.add_argument(
        "--region", metavar="REGION", help="region of the profiles (default: none, or as it is)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only roles whose account, role, ACCOUNT/ROLE, or profile matches (repeatable)",
    )
    parser.add_argument(
        "--except",
        dest="left_out",
        action="append",
        default=[],
        metavar="PATTERN",
        help="no roles that match (repeatable)",
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove populated profiles whose role is gone, and rename by the template",
    )
    parser.add_argument(
        "--cached", action="store_true", help="use the list as it is, without a refresh"
    )
    _add_review(parser)


def _add_add(parser: CommandParser) -> None:
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="name of the session")
    parser.add_argument("--start-url", metavar="URL", help="address of the access portal")
    parser.add_argument("--region", metavar="REGION", help="region of IAM Identity Center")
    parser.add_argument(
        "--scope",
        action="append",
        default=[],
        metavar="SCOPE",
        help="scope of the sign-in (repeatable; default: sso:account:access)",
    )
    _add_review(parser)


def _add_review(parser: CommandParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="show the changes and change nothing"
    )
    parser.add_argument("--yes", action="store_true", help="skip the confirmation")
    add_json(parser)


def sso(context: Context) -> int:
    """Run the verb."""
    from xswitch.cli.commands import sso_verbs  # noqa: PLC0415 -- see above

    run = {
        "list": sso_verbs.list_roles,
        "refresh": sso_verbs.refresh,
        "populate": sso_verbs.populate,
        "add": sso_verbs.add,
    }
    return run[context.arguments.action](context)
