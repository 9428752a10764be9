"""Work beside the screen: threads that may be left behind, told to stop, and asked of.

Threads of Textual's own workers are waited for when the program ends; a hung call to AWS must not
hold up somebody who leaves. These are daemons: leaving leaves them.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from textual.message import Message

from xswitch.core.errors import CancelledError
from xswitch.core.model import MfaChallenge


class MessagePoster(Protocol):
    """Where a job's messages go."""

    def post_message(self, message: Message) -> bool:
        """Queue a message, from any thread."""
        ...


@dataclass(eq=False)
class Job:
    """One piece of work.

    `done` and `failed` run in the screen's thread, and not at all once it was abandoned.
    """

    work: Callable[[Job], Any]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    on_progress: Callable[[Any], None] = lambda _what: None
    prompt_lock: threading.Lock = field(default_factory=threading.Lock)
    _post: Callable[[Message], None] = lambda _message: None
    _stop: threading.Event = field(default_factory=threading.Event)
    _pending_reply: queue.SimpleQueue[str | None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Tell it to stop.

        It does at its next step, and whoever waits for a code from it gets none.
        """
        self._stop.set()
        if self._pending_reply is not None:
            self._pending_reply.put(None)

    def progress(self, text: str) -> None:
        """The `Progress` of the use cases."""
        self._raise_if_stopped()
        self.notify(text)

    def notify(self, what: object) -> None:
        """Hand something to `told`; unlike `progress` it stops nothing."""
        self._post(JobProgress(self, what))

    def code(self, challenge: MfaChallenge) -> str:
        """The `MfaPrompt` of the use cases.

        One question on screen at a time, each waits for its dialog.
        """
        with self.prompt_lock:
            self._raise_if_stopped()
            reply: queue.SimpleQueue[str | None] = queue.SimpleQueue()
            self._pending_reply = reply
            self._post(MfaCodeRequested(self, challenge, reply))
            if self.stopped:
                raise _cancelled()
            code = reply.get()
            self._pending_reply = None
        if code is None:
            raise _cancelled()
        return code

    def start(self, poster: MessagePoster) -> None:
        """Run it in a thread of its own."""

        def post(message: Message) -> None:
            # The loop may be gone by the time a job that was left behind has something to say.
            with contextlib.suppress(RuntimeError):
                poster.post_message(message)

        def run() -> None:
            result, error = None, None
            try:
                result = self.work(self)
            # Whatever a thread raises is told on the screen
            except BaseException as caught:  # noqa: BLE001
                error = caught
            post(JobEnded(self, result, error))

        self._post = post
        threading.Thread(target=run, name="xswitch-job", daemon=True).start()

    def _raise_if_stopped(self) -> None:
        if self.stopped:
            raise _cancelled()


def _cancelled() -> CancelledError:
    return CancelledError("You stopped it.")


class JobProgress(Message):
    """A job says what it is doing: in words, or whatever its `told` understands."""

    def __init__(self, job: Job, what: object) -> None:
        super().__init__()
        self.job = job
        self.what = what


class JobEnded(Message):
    """A job is over: with a result, or with an error."""

    def __init__(self, job: Job, result: Any, error: BaseException | None) -> None:
        super().__init__()
        self.job = job
        self.result = result
        self.error = error


class MfaCodeRequested(Message):
    """A job needs an MFA code; the answer, or None, goes into `reply`."""

    def __init__(
        self, job: Job, challenge: MfaChallenge, reply: queue.SimpleQueue[str | None]
    ) -> None:
        super().__init__()
        self.job = job
        self.challenge = challenge
        self.reply = reply
