"""Stopping like any other program of a shell's job, and coming back by `fg`."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from console.safety.process import stop_own_job

_SIGNALS: Final = (signal.SIGTSTP, signal.SIGCONT)
_LOOKS: Final = 30
_LOOK_S: Final = 0.01


class JobControl:
    """Handles SIGTSTP and SIGCONT on the app's loop, from its making until `release()`.

    Textual 8.2.8 handles them in the middle of whatever runs, stops its own process alone
    (which hangs `make` when it has started us), stops for ever where no shell waits to
    continue it, and starts a second reader of keys when it was stopped by SIGSTOP.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terminal: int,
        leave: Callable[[], None],
        come_back: Callable[[], None],
    ) -> None:
        """
        Args:
            terminal: the descriptor that keys are read from.
            leave: gives the terminal back to the shell.
            come_back: takes the terminal again and paints everything.
        """
        self._loop = loop
        self._terminal = terminal
        self._leave = leave
        self._come_back = come_back
        self._continued = False
        loop.add_signal_handler(signal.SIGTSTP, self.stop)
        loop.add_signal_handler(signal.SIGCONT, self._was_stopped)

    def stop(self) -> bool:
        """Stop the whole job until a shell continues it; whether one was there to do so."""
        self._leave()
        with self._default_actions():
            continued = self._stop_once() and self._wait_for_foreground()
        self._come_back()
        return continued

    def release(self) -> None:
        """Leave the signals as a program finds them."""
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)

    def _was_stopped(self) -> None:
        """After a SIGSTOP from outside: the shell has had the terminal and changed it."""
        self._leave()
        with self._default_actions():
            self._wait_for_foreground()
        self._come_back()

    @contextmanager
    def _default_actions(self) -> Iterator[None]:
        """SIGTSTP stops, as in a program that does not handle it."""
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)
        signal.signal(signal.SIGCONT, self._note)
        try:
            yield
        finally:
            self._loop.add_signal_handler(signal.SIGTSTP, self.stop)
            self._loop.add_signal_handler(signal.SIGCONT, self._was_stopped)

    def _stop_once(self) -> bool:
        """Stop; whether it was a shell that had us go on, and not that there is none."""
        self._continued = False
        stop_own_job()
        # The kernel may hand SIGCONT to another thread, so that we go on before it is told here.
        for _ in range(_LOOKS):
            if self._continued:
                break
            select.select((), (), (), _LOOK_S)
        return self._continued

    def _wait_for_foreground(self) -> bool:
        """Stop again as long as it is the background that we are continued in, by `bg`.

        The whole job each time: a shell wakes one for `fg` only when it has seen it stop.
        """
        while not self._in_foreground():
            if not self._stop_once():
                return False
        return True

    def _note(self, *_: object) -> None:
        self._continued = True

    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return True  # no job control here, so nobody else has the terminal
