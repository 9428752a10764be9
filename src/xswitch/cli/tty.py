"""Questions and the picker on the user's terminal, while a shell's `$( )` captures stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from xswitch import streams, terminal
from xswitch.core.display import display
from xswitch.core.errors import CancelledError, ErrorCode, OutputLostError, UsageError

if TYPE_CHECKING:
    from xswitch.cli.context import Context

has_terminal = terminal.has_terminal
_CONFIRMATION = "yes"
_STANDARD_DESCRIPTORS = (0, 1, 2)


@contextmanager
def standard_streams_on_terminal() -> Iterator[None]:
    """Point descriptors 0, 1, and 2 at the user's terminal inside the block.

    Textual's inline mode gets the size wrong inside `$( )`, so the picker runs full screen on the
    terminal itself. Raises UsageError without a terminal.
    """
    if all(os.isatty(descriptor) for descriptor in _STANDARD_DESCRIPTORS):
        _wait_for_foreground(0)
        yield
        return
    with ExitStack() as stack:
        try:
            reader, writer = stack.enter_context(terminal.open_terminal())
        except OSError:
            raise no_terminal() from None
        _wait_for_foreground(reader)
        streams.flush(sys.stdout)
        streams.flush(sys.stderr)
        saved = [os.dup(descriptor) for descriptor in _STANDARD_DESCRIPTORS]
        try:
            for descriptor, opened in zip(
                _STANDARD_DESCRIPTORS, (reader, writer, writer), strict=True
            ):
                os.dup2(opened, descriptor)
            yield
        finally:
            streams.flush(sys.stdout)
            streams.flush(sys.stderr)
            for descriptor, original in zip(_STANDARD_DESCRIPTORS, saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


def _wait_for_foreground(terminal: int) -> None:
    """Stop in the background until the shell resumes the job, as any use of its terminal does.

    Raises UsageError if nothing can resume it: its shell has ended.
    """
    if os.name == "nt":
        return
    import termios  # noqa: PLC0415 -- there is none on Windows

    try:
        termios.tcsetattr(terminal, termios.TCSANOW, termios.tcgetattr(terminal))
    except termios.error:
        raise no_terminal() from None


def no_terminal() -> UsageError:
    """Return the error for a picker that has no terminal to open on."""
    return UsageError(
        "No terminal: the picker can't open.",
        next_step="xswitch switch TARGET (see: xswitch list)",
        code=ErrorCode.NO_TERMINAL,
    )


def confirm_changes(context: Context, plan: Sequence[str], *, verbatim: bool = False) -> None:
    """Ask whether to make the changes of a plan, which stdout has shown, unless `--yes` is given.

    With `--json`, stderr shows the plan first: stdout is for the envelope. Raises CancelledError,
    UsageError without a terminal, and OutputLostError if the user can't have seen the plan.
    """
    if context.arguments.yes:
        return
    if not has_terminal():
        raise UsageError(
            "No terminal: the changes can't be confirmed.",
            next_step="repeat the command with --yes",
            code=ErrorCode.UNCONFIRMED,
        )
    if context.arguments.json:
        for line in plan:
            context.stderr.say(line, verbatim=verbatim)
    if (context.stderr if context.arguments.json else context.stdout).lost is not None:
        raise OutputLostError(
            "Nothing was changed, because the plan can't be shown.",
            next_step="repeat the command with --yes",
        )
    if not is_confirmed("Make these changes?"):
        raise CancelledError("Nothing was changed.")


def is_confirmed(question: str) -> bool:
    """Ask a question whose answer must be "yes". Raises as `ask_line` does."""
    return ask_line(f"{question} Type yes: ").strip().lower() == _CONFIRMATION


def ask_line(question: str) -> str:
    """Ask for one line on the user's terminal, even if stdin and stdout are redirected.

    Raises CancelledError on Ctrl-C or end of input.
    """
    try:
        with terminal.open_for_questions() as (reader, writer):
            terminal.write_text(writer, display(question))
            return terminal.read_line(reader).strip()
    except (KeyboardInterrupt, EOFError):
        raise CancelledError("Cancelled.") from None
    except OSError:
        raise UsageError("No terminal to prompt on.", code=ErrorCode.NO_TERMINAL) from None
