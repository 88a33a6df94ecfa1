"""Opening a shell: in a pane of tmux beside the console, else in its place until it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from console.actions.audit.audit import Intent
from console.actions.decide import Decision, Facts, decide
from console.actions.registry import action_by_id
from console.model.acting import Ended
from console.model.event import Event, EventKind
from console.model.words import age_text
from console.safety.process import Foreground, ProcessError, in_foreground, run
from console.safety.text import visible
from console.sources.shell import Shell, in_front_of, tmux_of
from widgets.confirm import TypedConfirm
from widgets.detail import Blank, Field, Paragraph, Part
from widgets.driver import OncallDriver
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

ACTION: Final = "row.shell"
GLASS: Final = "without record"
"""What has to be typed for a shell that cannot be recorded."""
TMUX_S: Final = 10.0
PANE_EVERY_S: Final = 5.0
"""Between looks whether a pane is still there: tmux tells nobody of its end."""
SSH_FAILED: Final = 255
"""What `ssh` ends with when it was itself that failed, and not what ran there."""
SAID_CELLS: Final = 160


def open_shell(app: OncallApp, shell: Shell) -> None:
    """Open `shell` once its intent is recorded; say with which command, and put it into the
    event log."""
    decision = decide(action_by_id(ACTION), Facts(read_only=app.opened.read_only))
    if not decision.allowed:
        app.say(decision.reasons[0], warning=True)
    elif in_tmux():
        app.say(f"opens a pane: {shell.typed}")
        app.run_worker(_in_pane(app, shell), exit_on_error=False)
    elif isinstance(app._driver, OncallDriver):
        # At once: while the record is written, what is typed is meant for neither side.
        app.drop_keys()
        app.run_worker(_in_place(app, shell, app._driver), exit_on_error=False)
    else:
        app.say("this terminal cannot be lent to a shell", warning=True)


def in_tmux() -> bool:
    """Whether a shell can have a pane of its own."""
    return bool(os.environ.get("TMUX"))


async def _intent_of(app: OncallApp, shell: Shell) -> Intent | str:
    """The record that must be there before the shell opens, or why it must not open."""
    told = await _intend(app, shell, broke_glass=False)
    if isinstance(told, Decision) and told.break_glass:
        parts: tuple[Part, ...] = (
            *(Paragraph(reason, Ink.WARNING) for reason in told.reasons),
            Blank(),
            Field("opens", shell.typed),
            Field("record", "in this console's memory and in syslog, until it can be written"),
        )
        title = ((f"a shell on {shell.where} without a record on disk", Ink.BREACHED),)
        app.take_keys()
        if not await app.push_screen_wait(TypedConfirm(title, parts, GLASS, clock=app.clock)):
            return "it was not confirmed"
        if not in_tmux():
            app.drop_keys()
        told = await _intend(app, shell, broke_glass=True)
    return told if isinstance(told, Intent) else told.reasons[0]


async def _intend(app: OncallApp, shell: Shell, *, broke_glass: bool) -> Intent | Decision:
    future = app.engine.ask(
        lambda engine: engine.acting.intend(
            ACTION, shell.typed, (shell.where,), broke_glass=broke_glass
        )
    )
    if future is None:
        return Decision(("the engine is not up yet",))
    return await asyncio.wrap_future(future)


def _record_end(app: OncallApp, intent: Intent, ended: Ended, text: str) -> None:
    """Not awaited: it has to be on its way also when the console ends together with the shell."""
    app.engine.ask(lambda engine: engine.acting.ended(intent, ended, text))


async def _in_pane(app: OncallApp, shell: Shell) -> None:
    intent = await _intent_of(app, shell)
    if isinstance(intent, str):
        app.say(f"no shell was opened: {intent}", warning=True)
        return
    try:
        told = await run(tmux_of(shell), timeout_s=TMUX_S)
    except ProcessError as error:
        _no_pane(app, intent, f"no pane was opened: {error}")
        return
    if not told.succeeded:
        why = visible(told.stderr.decode("utf-8", "replace").strip(), cells=SAID_CELLS)
        _no_pane(app, intent, f"tmux opened no pane: {why or 'it does not answer'}")
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
    said = f"shell in the tmux pane {pane} ended after {took}{how}"
    _record_end(app, intent, Ended.DONE, said)
    _note(app, shell, said)


def _no_pane(app: OncallApp, intent: Intent, why: str) -> None:
    _record_end(app, intent, Ended.FAILED, why)
    app.say(why, warning=True)


async def _in_place(app: OncallApp, shell: Shell, driver: OncallDriver) -> None:
    try:
        intent = await _intent_of(app, shell)
        if isinstance(intent, str):
            said, well = f"no shell was opened: {intent}", False
        else:
            said, well = _lent(app, shell, driver, intent)
    finally:
        app.take_keys()
    app.say(said, warning=not well)


def _lent(app: OncallApp, shell: Shell, driver: OncallDriver, intent: Intent) -> tuple[str, bool]:
    """The shell from its beginning to its end: what is said of it, and whether it went well."""
    _note(app, shell, f"opened a shell: {shell.typed}")
    begun = app.clock.now()
    ended = _lend(driver, shell)
    said = ended_words(shell, ended, app.clock.now().since(begun))
    opened = isinstance(ended, Foreground)
    _record_end(app, intent, Ended.DONE if opened else Ended.FAILED, said)
    _note(app, shell, said)
    app.engine.tell(lambda engine: engine.refresh())
    return said, isinstance(ended, Foreground) and ended.exit_status == 0


def _lend(driver: OncallDriver, shell: Shell) -> Foreground | ProcessError:
    """Give the terminal to the shell until it ends. It blocks the loop on purpose: the screen
    is not ours meanwhile."""
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    argv = in_front_of(shell)

    def use() -> Foreground | ProcessError:
        try:
            return in_foreground(argv, terminal=terminal, keep_complaints=shell.complains)
        except ProcessError as error:
            return error

    return driver.lend(use, f"oncall: {shell.typed}   (`exit` comes back)")


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
