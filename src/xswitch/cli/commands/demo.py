"""`demo`: the whole program against the embedded AWS, or that AWS alone."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from xswitch.cli.context import Context
from xswitch.cli.parser import CommandParser, duration
from xswitch.core.display import show_value
from xswitch.core.errors import ExitCode, OutputLostError


def add_demo(parser: CommandParser) -> None:
    """Declare the arguments of `demo`."""
    parser.add_argument(
        "--serve",
        action="store_true",
        help="run only the embedded AWS, on a free loopback port, and print its endpoint",
    )
    parser.add_argument(
        "--state", metavar="FILE", help="with --serve: accounts, users, roles, and policies as JSON"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="with --serve: this port instead of a free one"
    )
    parser.add_argument(
        "--code", action="store_true", help="inside the demo: print the current MFA code"
    )
    parser.add_argument(
        "--user",
        default="",
        help="with --code or --approve: the user (default: dana)",
    )
    parser.add_argument(
        "--approve",
        metavar="URL",
        help="approve a sign-in to an embedded AWS, where there is no browser for its URL",
    )
    parser.add_argument(
        "--advance", type=duration, metavar="TIME", help="inside the demo: let this much time pass"
    )
    parser.set_defaults(run=demo)


def demo(context: Context) -> int:
    """Run the picker in a temporary HOME, then a shell there; or one of the options' tasks."""
    from xswitch.demo import inside, run  # noqa: PLC0415 -- slow; completion reads `add_demo`

    arguments = context.arguments
    if arguments.serve:
        state = None if arguments.state is None else Path(arguments.state)
        run.serve(
            state,
            port=arguments.port,
            announce=lambda endpoint: _announce(context, endpoint),
            hint=context.stderr.hint,
        )
        return ExitCode.DONE
    if arguments.code:
        code = inside.current_code(context.environ, who=arguments.user)
        context.stdout.lines([code.code])
        context.stderr.hint(f"for {code.serial}, valid for {code.seconds_left} s")
        return ExitCode.DONE
    if arguments.approve is not None:
        from xswitch.demo.approval import approve  # noqa: PLC0415 -- as above

        user = approve(arguments.approve, arguments.user)
        context.stderr.done(f"approved the sign-in of {show_value(user)}")
        return ExitCode.DONE
    if arguments.advance is not None:
        seconds_ahead = inside.advance(context.environ, arguments.advance)
        context.stderr.done(f"the demo's clock is {int(seconds_ahead)} s ahead")
        return ExitCode.DONE
    return _run_demo(context)


def _announce(context: Context, endpoint: str) -> None:
    """Print the endpoint. Raises OutputLostError: an AWS without an address is of no use."""
    context.stdout.lines([endpoint])
    if context.stdout.lost is not None:
        raise OutputLostError(
            f"The endpoint can't be printed: {context.stdout.lost.strerror}.",
            next_step="xswitch demo --serve",
        )


def _run_demo(context: Context) -> int:
    import subprocess  # noqa: PLC0415 -- as above

    from xswitch import core_dumps  # noqa: PLC0415
    from xswitch.demo import run  # noqa: PLC0415
    from xswitch.demo.shells import shell_command  # noqa: PLC0415

    command = context.services.command_words
    with run.start(context.environ, command) as running:
        for line in running.banner.splitlines():
            context.stderr.say(line)
        picker_process = subprocess.run(
            [*command, "switch", "--emit", "nu"],
            env=dict(running.env),
            stdout=subprocess.PIPE,
            check=False,
        )
        if picker_process.returncode == ExitCode.CANCELLED:
            context.stderr.say("Left the demo; its files are deleted.")
            return ExitCode.DONE
        if picker_process.returncode != ExitCode.DONE:
            return picker_process.returncode
        changes = json.loads(picker_process.stdout)
        env = {
            name: value
            for name, value in {**running.env, **changes["set"]}.items()
            if name not in changes["unset"]
        }
        # Ctrl-C is for programs in that shell, which would inherit SIG_IGN; the demo ends with the
        # shell
        previous_handler = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        try:
            with core_dumps.allowed_in_children():
                subprocess.run(shell_command(env), env=env, check=False)
        finally:
            signal.signal(signal.SIGINT, previous_handler)
        context.stderr.say("Left the demo; its files are deleted.")
    return ExitCode.DONE
