"""Opening a shell: in a pane of tmux beside the console, else in its place until it ends."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from console.model.event import Event, EventKind
from console.model.words import age_text
from console.safety.process import Foreground, ProcessError, in_foreground, run
from console.safety.text import visible
from console.sources.shell import Shell, tmux_of
from screens.here import READ_ONLY
from widgets.driver import OncallDriver

if TYPE_CHECKING:
    from screens.app import OncallApp

TMUX_S: Final = 10.0
PANE_EVERY_S: Final = 5.0
"""Between looks whether a pane is still there: tmux tells nobody of its end."""
SSH_FAILED: Final = 255
"""What `ssh` ends with when it was itself that failed, and not what ran there."""
SAID_CELLS: Final = 160


def open_shell(app: OncallApp, shell: Shell) -> None:
    """Open `shell`, say with which command, and put it into the event log."""
    if app.opened.read_only:
        app.say(READ_ONLY, warning=True)
    elif os.environ.get("TMUX"):
        app.say(f"opens a pane: {shell.typed}")
        app.run_worker(_in_pane(app, shell), exit_on_error=False)
    else:
        _in_place(app, shell)


async def _in_pane(app: OncallApp, shell: Shell) -> None:
    try:
        told = await run(tmux_of(shell), timeout_s=TMUX_S)
    except ProcessError as error:
        app.say(f"no pane was opened: {error}", warning=True)
        return
    if not told.succeeded:
        why = visible(told.stderr.decode("utf-8", "replace").strip(), cells=SAID_CELLS)
        app.say(f"tmux opened no pane: {why or 'it does not answer'}", warning=True)
        return
    pane = visible(told.stdout.decode("utf-8", "replace").strip(), cells=20)
    _note(app, shell, f"opened a shell in the tmux pane {pane}: {shell.typed}")
    app.say(f"shell on {shell.where} in the pane {pane}: {shell.typed}")
    begun = app.clock.now()
    asked = ("tmux", "display-message", "-p", "-t", pane, "#{pane_dead} #{pane_dead_status}")
    while True:
        await app.clock.sleep(PANE_EVERY_S)
        told = await run(asked, timeout_s=TMUX_S)
        dead, _, status = told.stdout.decode("ascii", "replace").strip().partition(" ")
        if not told.succeeded or dead != "0":
            break
    took = age_text(app.clock.now().since(begun))
    how = f", exit {visible(status, cells=8)}" if status else ""
    _note(app, shell, f"shell in the tmux pane {pane} ended after {took}{how}")


def _in_place(app: OncallApp, shell: Shell) -> None:
    driver = app._driver
    if not isinstance(driver, OncallDriver):
        app.say("this terminal cannot be lent to a shell", warning=True)
        return
    _note(app, shell, f"opened a shell: {shell.typed}")
    app.say(f"opens {shell.typed}")
    begun = app.clock.now()
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0

    def use() -> Foreground | ProcessError:
        try:
            return in_foreground(shell.argv, terminal=terminal, keep_complaints=shell.complains)
        except ProcessError as error:
            return error

    ended = driver.lend(use, f"oncall: {shell.typed}   (`exit` comes back)")
    app.forget_keys()
    said = ended_words(shell, ended, app.clock.now().since(begun))
    failed = not (isinstance(ended, Foreground) and ended.exit_status == 0)
    app.say(said, warning=failed)
    _note(app, shell, said)
    app.engine.tell(lambda engine: engine.refresh())


def ended_words(shell: Shell, ended: Foreground | ProcessError, took: timedelta) -> str:
    """How a shell ended, in one line."""
    if isinstance(ended, ProcessError):
        return f"no shell on {shell.where}: {ended}"
    status = ended.exit_status
    how = f"exit {status}"
    if status < 0:
        try:
            how = f"killed by {signal.Signals(-status).name}"
        except ValueError:
            how = f"killed by signal {-status}"
    words = f"shell on {shell.where} ended after {age_text(took)}, {how}"
    complaints = ended.complaints.decode("utf-8", "replace").strip().splitlines()
    if status == SSH_FAILED and complaints:
        # `Connection closed` comes last of all, and says the least.
        telling = [line for line in complaints if not line.startswith("Connection closed")]
        words += f": {visible((telling or complaints)[-1].strip(), cells=SAID_CELLS)}"
    return words


def _note(app: OncallApp, shell: Shell, text: str) -> None:
    event = Event(app.clock.now().wall, EventKind.SHELL, shell.where, text, app.opened.who.name)
    app.engine.tell(lambda engine: engine.note(event))
