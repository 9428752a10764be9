"""Background jobs: daemon threads that can be stopped and can ask for an MFA code.

The program waits at its end for the threads of Textual's own workers. A hung call to AWS must not
delay leaving, so these threads are daemons.
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
    """Receiver of a job's messages: the app."""

    def post_message(self, message: Message) -> bool:
        """Queue a message, from any thread."""
        ...


@dataclass(eq=False)
class Job:
    """A piece of work in a thread.

    `done`, `failed`, and `on_progress` run in the app's thread, and never after the job was
    stopped.
    """

    work: Callable[[Job], Any]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    on_progress: Callable[[Any], None] = lambda _update: None
    prompt_lock: threading.Lock = field(default_factory=threading.Lock)
    _post: Callable[[Message], None] = lambda _message: None
    _stop: threading.Event = field(default_factory=threading.Event)
    _pending_reply: queue.SimpleQueue[str | None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether the job was asked to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the job to stop at its next step; a pending MFA prompt returns no code."""
        self._stop.set()
        if self._pending_reply is not None:
            self._pending_reply.put(None)

    def progress(self, text: str) -> None:
        """Report `text` as the use cases' `Progress`; raises CancelledError if stopped."""
        self._raise_if_stopped()
        self.notify(text)

    def notify(self, update: object) -> None:
        """Pass an update to `on_progress`; unlike `progress`, it never raises."""
        self._post(JobProgress(self, update))

    def can_ask(self) -> bool:
        """The screen has a dialog."""
        return True

    def code(self, challenge: MfaChallenge) -> str:
        """Wait for the code the user types: the use cases' `MfaPrompt`.

        Prompts take turns, so that only one dialog is open.
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
        """Run the job in a daemon thread."""

        def post(message: Message) -> None:
            # The event loop may have ended before an abandoned job posts its message.
            with contextlib.suppress(RuntimeError):
                poster.post_message(message)

        def run() -> None:
            result, error = None, None
            try:
                result = self.work(self)
            # The app reports every exception of the thread
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
    """A job's progress: a text, or any value its `on_progress` understands."""

    def __init__(self, job: Job, update: object) -> None:
        super().__init__()
        self.job = job
        self.update = update


class JobEnded(Message):
    """A job's result or error."""

    def __init__(self, job: Job, result: Any, error: BaseException | None) -> None:
        super().__init__()
        self.job = job
        self.result = result
        self.error = error


class MfaCodeRequested(Message):
    """A job needs an MFA code; the code, or None, goes into `reply`."""

    def __init__(
        self, job: Job, challenge: MfaChallenge, reply: queue.SimpleQueue[str | None]
    ) -> None:
        super().__init__()
        self.job = job
        self.challenge = challenge
        self.reply = reply
