"""`login` and `logout`: sign in to IAM Identity Center, and out of it."""

from __future__ import annotations

from xswitch.cli.context import Context
from xswitch.cli.output.json_output import (
    error_json,
    signed_in_json,
    signed_out_json,
    utc_timestamp,
)
from xswitch.cli.parser import CommandParser, add_json
from xswitch.cli.sign_in import sign_in
from xswitch.core.errors import ExitCode, UsageError
from xswitch.core.text import option_text

_METHODS = {
    "authorization_code": "signed in to {}",
    "device_code": "signed in to {}",
    None: "still signed in to {}",
}


def add_login(parser: CommandParser) -> None:
    """Declare the arguments of `login`."""
    parser.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="sso-session, profile, or start URL (default: the session of this shell's profile,"
        " else the only one)",
    )
    parser.add_argument(
        "--device-code",
        action="store_true",
        help="show a URL with a code, to approve on any device (default over SSH and without a"
        " display)",
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="print the URL instead of opening a browser on this machine",
    )
    parser.add_argument(
        "--share",
        action="store_true",
        help="also write the token to ~/.aws/sso/cache, where the AWS CLI and the SDKs read it",
    )
    parser.add_argument(
        "--force", action="store_true", help="sign in again even if a sign-in is still valid"
    )
    add_json(parser)
    parser.set_defaults(run=login)


def login(context: Context) -> int:
    """Sign in to TARGET."""
    # Only a sign-in needs them
    from xswitch.actions.sso.finding import AwsLogin  # noqa: PLC0415
    from xswitch.actions.sso.sign_in import SignInOptions  # noqa: PLC0415

    arguments = context.arguments
    if arguments.device_code and arguments.no_browser:
        raise UsageError(
            "--device-code opens no browser anyway, so --no-browser doesn't go with it.",
            next_step="xswitch login --device-code",
        )
    session = context.actions.sso.find(arguments.target)
    if isinstance(session, AwsLogin):
        context.progress(f"starting: aws login {option_text('--profile', session.profile)}")
        return context.actions.sso.aws_login(session)
    result = sign_in(
        context,
        session,
        SignInOptions(
            device_code=arguments.device_code,
            no_browser=arguments.no_browser,
            force=arguments.force,
            share=arguments.share,
        ),
    )
    if arguments.json:
        context.stdout.envelope("login", signed_in_json(result))
        return ExitCode.DONE
    renewed = ", renewed automatically" if result.refreshable else ""
    shared = "; the AWS CLI and the SDKs have the token too" if result.shared else ""
    text = _METHODS[result.method].format(session.label)
    context.stderr.done(f"{text} until {utc_timestamp(result.expires_at)}{renewed}{shared}")
    if result.method is not None:
        context.stderr.hint("Its roles are being listed in the background; see: xswitch list")
    return ExitCode.DONE


def add_logout(parser: CommandParser) -> None:
    """Declare the arguments of `logout`."""
    parser.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="sso-session, profile, or start URL (default: as for login)",
    )
    parser.add_argument("--all", action="store_true", help="sign out of every session")
    add_json(parser)
    parser.set_defaults(run=logout)


def logout(context: Context) -> int:
    """Sign out; the exit code is the first failure's."""
    arguments = context.arguments
    if arguments.all and arguments.target:
        raise UsageError(
            "--all signs out of every session, so it takes no TARGET.",
            next_step="xswitch logout --all",
        )
    results = context.actions.sso.sign_out(arguments.target, all_sessions=arguments.all)
    failures = [result.error for result in results if result.error is not None]
    if arguments.json:
        context.stdout.envelope(
            "logout",
            {"signed_out": [signed_out_json(result) for result in results]},
            [error_json(error) for error in failures],
        )
    else:
        for result in results:
            if result.was_signed_in:
                context.stderr.done(f"signed out of {result.label}")
            elif not arguments.all:
                context.stderr.say(f"You weren't signed in to {result.label}.")
            if result.error is not None:
                context.stderr.error(result.error)
        if arguments.all and not any(result.was_signed_in for result in results):
            context.stderr.say("You weren't signed in anywhere.")
        elif any(result.was_signed_in for result in results):
            context.stderr.hint(
                "Sessions of roles stay until they end; to drop them: xswitch forget --all"
            )
    return failures[0].exit_code if failures else ExitCode.DONE
