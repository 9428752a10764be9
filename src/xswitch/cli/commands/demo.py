"""`demo`: the whole program against the embedded AWS, or that AWS alone."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

from xswitch.cli.context import Context
from xswitch.core.errors import ExitCode
from xswitch.demo import inside, run
from xswitch.demo.shells import shell_command


def demo(context: Context) -> int:
    """The picker in a throw-away HOME, then a shell there; or what only works inside of one."""
    arguments = context.arguments
    if arguments.serve:
        state = None if arguments.state is None else Path(arguments.state)
        run.serve(
            state, port=arguments.port, announce=lambda endpoint: context.data.lines([endpoint])
        )
        return ExitCode.DONE
    if arguments.code:
        code = inside.current_code(context.environ, who=arguments.user)
        context.data.lines([code.code])
        context.words.hint(f"of {code.serial}, for {code.seconds_left} seconds more")
        return ExitCode.DONE
    if arguments.advance is not None:
        seconds_ahead = inside.advance(context.environ, arguments.advance)
        context.words.done(f"the demo's time is {int(seconds_ahead)} seconds ahead")
        return ExitCode.DONE
    return _run_demo(context)


def _run_demo(context: Context) -> int:
    command = context.services.command_words
    with run.start(context.environ, command) as running:
        for line in running.banner.splitlines():
            context.words.say(line)
        picker_process = subprocess.run(
            [*command, "switch", "--emit", "nu"],
            env=dict(running.env),
            stdout=subprocess.PIPE,
            check=False,
        )
        if picker_process.returncode == ExitCode.CANCELLED:
            context.words.say("Left the demo; nothing of it remains.")
            return ExitCode.DONE
        if picker_process.returncode != ExitCode.DONE:
            return picker_process.returncode
        changes = json.loads(picker_process.stdout)
        env = {
            name: value
            for name, value in {**running.env, **changes["set"]}.items()
            if name not in changes["unset"]
        }
        # Ctrl-C belongs to what runs in that shell; the demo ends when the shell does.
        previous_handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            subprocess.run(shell_command(env), env=env, check=False)
        finally:
            signal.signal(signal.SIGINT, previous_handler)
        context.words.say("Left the demo; nothing of it remains.")
    return ExitCode.DONE
