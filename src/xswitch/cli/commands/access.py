"""`access` (its verbs plan, apply, check, and lint) and `console`.

The verbs run in `access_verbs`: its imports take 20 ms, which completion saves.
"""

from __future__ import annotations

from xswitch.cli.context import Context
from xswitch.cli.parser import (
    CommandParser,
    add_json,
    add_mfa_code,
    add_subcommand,
    add_tags,
    duration,
)
from xswitch.core.errors import ExitCode

_FORMATS = ["text", "json", "cli", "cloudformation", "terraform"]


def add_access(parser: CommandParser) -> None:
    """Declare the verbs of `access`, each with its own arguments."""
    verbs = parser.add_subparsers(
        dest="action", metavar="VERB", required=True, parser_class=CommandParser
    )
    plan_parser = add_subcommand(verbs, "plan", "show the changes on both sides, and make none")
    _add_inputs(plan_parser)
    _add_plan_output(plan_parser)
    apply_parser = add_subcommand(verbs, "apply", "make the changes, then verify the switch")
    _add_inputs(apply_parser)
    apply_parser.add_argument(
        "--dry-run", action="store_true", help="show the plan and change nothing"
    )
    _add_plan_output(apply_parser)
    apply_parser.add_argument("--yes", action="store_true", help="skip the confirmation")
    apply_parser.add_argument(
        "--rollback-on-failure",
        "--take-back-on-failure",
        action="store_true",
        help="undo the changes made if one fails",
    )
    apply_parser.add_argument(
        "--no-check", action="store_true", help="don't verify the switch afterwards"
    )
    check_parser = add_subcommand(verbs, "check", "verify the switch as the user who switches")
    _add_inputs(check_parser)
    _add_lint(add_subcommand(verbs, "lint", "find mistakes in trust policies"))
    for verb in verbs.choices.values():
        verb.set_defaults(run=access)


def _add_lint(parser: CommandParser) -> None:
    parser.add_argument(
        "name", nargs="*", metavar="ROLE", help="role name, or JSON file with a trust policy"
    )
    parser.add_argument("--role", metavar="ROLE", help="role name, in place of ROLE")
    parser.add_argument("--target", metavar="PROFILE", help="profile that can read IAM roles")
    add_mfa_code(parser)
    add_json(parser)


def _add_plan_output(parser: CommandParser) -> None:
    parser.add_argument("--format", choices=_FORMATS, default="text", help="format of the plan")
    parser.add_argument("--output", metavar="DIR", help="write a file per account to this folder")
    parser.add_argument(
        "--force", action="store_true", help="with --output: overwrite existing files"
    )


def _add_inputs(parser: CommandParser) -> None:
    """Declare the options that describe both sides; plan, apply, and check share them."""
    options = {
        "--role": ("ROLE", "role name, in place of ROLE"),
        "--target": ("PROFILE", "profile that administers IAM in the role's account"),
        "--target-account": (
            "ID",
            "in place of --target: account of the role, if another administrator sets it up",
        ),
        "--source": ("PROFILE", "profile that administers IAM in the users' account"),
        "--source-account": (
            "ID",
            "in place of --source: account of the users, if another administrator sets it up",
        ),
    }
    parser.add_argument("name", nargs="*", metavar="ROLE", help="role name")
    for option, (metavar, text) in options.items():
        parser.add_argument(option, metavar=metavar, help=text)
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--user", metavar="NAME", help="who can switch: this user (default: the user of --source)"
    )
    who.add_argument("--group", metavar="NAME", help="who can switch: the users of this group")
    who.add_argument("--assuming-role", metavar="NAME", help="who can switch: this role's sessions")
    who.add_argument(
        "--account",
        action="store_true",
        help="who can switch: anyone the source account permits",
    )
    parser.add_argument("--path", default="/", help="path of the role (default: /)")
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME",
        help="role permissions: managed policy by name or ARN (repeatable)",
    )
    parser.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="role permissions: inline policy from a JSON file (repeatable)",
    )
    parser.add_argument(
        "--external-id", default="", metavar="ID", help="external ID that a switch must pass"
    )
    parser.add_argument(
        "--generate-external-id", action="store_true", help="generate the external ID"
    )
    mfa = parser.add_mutually_exclusive_group()
    mfa.add_argument("--mfa", action="store_true", help="require MFA (default)")
    mfa.add_argument("--no-mfa", action="store_true", help="don't require MFA")
    parser.add_argument(
        "--mfa-serial",
        default="",
        metavar="ARN",
        help="MFA device of the user who switches (default: read from IAM)",
    )
    parser.add_argument(
        "--max-session",
        type=duration,
        default=3600,
        metavar="TIME",
        help="maximum session duration of the role (1h to 12h)",
    )
    add_tags(parser, "role tag")
    parser.add_argument("--description", default="", help="description of the role")
    parser.add_argument(
        "--profile",
        default="",
        metavar="NAME",
        help="name of the role profile to write (default: the role name)",
    )
    parser.add_argument(
        "--switch-from",
        metavar="PROFILE",
        help="profile of the user who switches (default: found by its identity)",
    )
    parser.add_argument("--region", default="", help="region of the role profile")
    parser.add_argument(
        "--display-name", default="", metavar="TEXT", help="name of the role in the AWS console"
    )
    parser.add_argument(
        "--color",
        "--colour",
        default="",
        metavar="COLOR",
        help="color of the role in the AWS console",
    )
    add_mfa_code(parser)
    add_json(parser)


def add_console(parser: CommandParser) -> None:
    """Declare the arguments of `console`."""
    parser.add_argument("target", nargs="+", metavar="TARGET", help="role, as for switch")
    add_json(parser)
    parser.set_defaults(run=console)


def access(context: Context) -> int:
    """Run the verb."""
    from xswitch.cli.commands import access_verbs  # noqa: PLC0415 -- see above

    run = {
        "plan": access_verbs.plan,
        "apply": access_verbs.apply,
        "check": access_verbs.check,
        "lint": access_verbs.lint,
    }
    return run[context.arguments.action](context)


def console(context: Context) -> int:
    """Print the AWS console's switch-role link."""
    from xswitch.actions.results import SwitchOptions  # noqa: PLC0415 -- not for completion
    from xswitch.core.access.console import console_url_for_role  # noqa: PLC0415 -- the same

    role = context.actions.resolve(" ".join(context.arguments.target), SwitchOptions())
    link = console_url_for_role(role)
    if context.arguments.json:
        context.stdout.envelope(
            "console",
            {"name": role.name, "role_arn": role.role_arn, "link": link},
            verbatim=True,
        )
    else:
        context.stdout.lines([link], verbatim=True)
    return ExitCode.DONE
