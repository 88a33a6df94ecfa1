"""The console as a Textual app: modes, the engine's updates, signals, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import msgspec
from rich.text import Text
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.worker import Worker, WorkerState

from config.identity import Identity, identity_of
from config.load import Loaded
from console.actions.keys import keymap
from console.actions.registry import action_by_id
from console.engine.thread import EngineThread, MakeEngine
from console.model.acting import Acting, HeldAck, lapses
from console.model.run import Runs
from console.model.snapshot import Snapshot
from console.model.update import Update
from console.safety.clock import Clock, SystemClock
from console.safety.memory import FreeMemory
from console.safety.text import Raw, visible
from console.safety.whereabouts import whereabouts
from screens.acting import Wishes, leaving
from screens.commands import THEMES
from screens.ending import EndsInOrder
from screens.frame import Frame
from screens.help import help_of
from screens.here import Doors
from screens.keys import Keys
from screens.notice import Notices
from screens.runs_said import ended_between, going_on, left_behind
from screens.triage import TriageScreen
from widgets.detail import Paragraph
from widgets.dialog import Overlay
from widgets.driver import OncallDriver
from widgets.footer import NOTICE_S
from widgets.key_turns import KeyTurns
from widgets.sheets import Sheets
from widgets.theme import Ink, ink_defaults, is_ansi, pick_theme, prefers_ascii, themes

if TYPE_CHECKING:
    from console.model.summary import Week

EXIT_CRASH = 70
MESSAGES_KEPT = 200
OPENING = (
    *("row.ack", "row.silence", "row.hand-over"),
    *("row.incident", "row.change", "app.note"),
)
"""Actions that open a line or a form to type into."""
IDLE_S = 3.0
"""Keys at rest for this long: time to collect garbage, which stops everything for a moment."""
UNPAINTED_S = 0.3
"""A screen that does not become whole is painted as far as it is."""
GIVE_BACK_S = 5.0
"""Between two times at which memory is given back to the system."""


class OpenWith(msgspec.Struct, frozen=True):
    """How the console is opened. What is `None` follows the settings, then the terminal."""

    loaded: Loaded
    make_engine: MakeEngine
    who: Identity
    login: str = ""
    """By which a reload finds out anew who that is; empty keeps `who`."""
    read_only: bool = False
    theme: str | None = None
    ascii: bool | None = None
    mouse: bool | None = None
    banner: str = ""
    """Said once on the first screen."""
    last_week: Callable[[], Week | None] = lambda: None
    """The newest summary that a console before had made; called on a thread of its own."""
    start: str = "triage"


class Fresh(Message):
    """The engine has a new picture of the world. Only the newest one is delivered."""

    def __init__(self, update: Update) -> None:
        super().__init__()
        self.update = update

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Fresh)


class EngineDied(Message):
    """The engine ended by a fault of its own; nothing on screen is true any more."""

    def __init__(self, trace: str) -> None:
        super().__init__()
        self.trace = trace


def _fleet() -> Screen[None]:
    from screens.fleet import FleetScreen  # late: the first frame needs nothing of it

    return FleetScreen()


def _sources() -> Screen[None]:
    from screens.sources import SourcesScreen  # late: the first frame needs nothing of it

    return SourcesScreen()


def _silences() -> Screen[None]:
    from screens.silences import SilencesScreen  # late: the first frame needs nothing of it

    return SilencesScreen()


def _handover() -> Screen[None]:
    from screens.handover import HandoverScreen  # late: the first frame needs nothing of it

    return HandoverScreen()


def _journal() -> Screen[None]:
    from screens.journal import JournalScreen  # late: the first frame needs nothing of it

    return JournalScreen()


def _runbooks() -> Screen[None]:
    from screens.books import BooksScreen  # late: the first frame needs nothing of it

    return BooksScreen()


def _summary() -> Screen[None]:
    from screens.summary import SummaryScreen  # late: the first frame needs nothing of it

    return SummaryScreen()


class OncallApp(KeyTurns, EndsInOrder, inherit_bindings=False):
    """One console on one environment."""

    # All at once: a sheet that comes with its screen has every sheet parsed again.
    CSS_PATH = [  # noqa: RUF012
        *("app.tcss", "triage.tcss", "fleet.tcss", "sources.tcss", "silences.tcss"),
        *("journal.tcss", "paper_form.tcss", "run.tcss", "books.tcss", "summary.tcss"),
    ]
    ENABLE_COMMAND_PALETTE = False
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        "triage": TriageScreen,
        "fleet": _fleet,
        "sources": _sources,
        "handover": _handover,
        "silences": _silences,
        "journal": _journal,
        "runbooks": _runbooks,
        "summary": _summary,
    }
    DEFAULT_MODE = "triage"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - an instance variable in Textual's own eyes
        (0, "-tiny"),
        (60, "-narrow"),
        (120, "-wide"),
        (180, "-huge"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-flat"),
        (15, "-short"),
        (30, "-tall"),
    ]

    def __init__(self, opened: OpenWith, *, clock: Clock | None = None) -> None:
        theme = pick_theme(opened.theme or opened.loaded.settings.look.theme, os.environ)
        # Textual picks its filter for NO_COLOR here, before it knows the theme.
        super().__init__(driver_class=OncallDriver, ansi_color=True if is_ansi(theme) else None)
        self.opened = opened
        self.clock: Clock = clock or SystemClock()
        self.keys = Keys(keymap(opened.loaded.settings.keys))
        self.ascii_only = prefers_ascii(
            opened.loaded.settings.look.ascii if opened.ascii is None else opened.ascii,
            os.environ,
        )
        self.wishes = Wishes(self)
        """The wishes that screens make, and those that are under way."""
        self.doors = Doors(os.environ.get("SHELL", ""), self._seen)
        self.fresh: Update | None = None
        self.book_names: tuple[str, ...] = ()
        """Of all runbooks, as far as somebody has asked for them; safe to show."""
        self.notices: list[str] = []
        """Everything that was said in the bottom line, oldest first."""
        self.engine = EngineThread(
            opened.make_engine,
            publish=self._published,
            crashed=self._engine_crashed,
        )
        self.calls = Notices(self, opened.loaded.settings.notice)
        self._settled = False
        self._began = self.clock.now().wall
        self._warned_until = float("-inf")
        """A notice is on screen until then that nothing of less weight may take away."""
        self._offered = False
        self._been_to = {self.DEFAULT_MODE}
        """The modes whose screens are made."""
        self._unpainted: ExitStack | None = None
        """Open while the screen of a mode is being made."""
        self._told_left = False
        """It was said that an earlier console left runs behind."""
        self._last_key = self.clock.now().mono
        self._give_back_at = self._last_key
        self._free_memory = FreeMemory()
        self.animation_level = "none"
        for known in themes():
            self.register_theme(known)
        self.theme = theme
        self.stylesheet = Sheets(variables=self.get_css_variables())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return ink_defaults()

    # Life

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._resumed)
        self.set_interval(1.0, self._tick)
        # The engine's imports would hold up the first frame; nothing is lost by painting first.
        self.call_after_refresh(self._start_engine)

    def _start_engine(self) -> None:
        self.engine.start()
        if self.opened.banner:
            self.say(self.opened.banner)

    def on_unmount(self) -> None:
        self.engine.stop()

    def _published(self, update: Update) -> None:
        """Called on the engine's thread, mostly."""
        self.calls.look(update)
        self._hand_over(Fresh(update))

    def _hand_over(self, message: Message) -> None:
        """Called on the engine's thread: posts and never waits."""
        if self.is_running:
            self.post_message(message)

    def _engine_crashed(self, error: BaseException) -> None:
        self._hand_over(EngineDied(_trace_of(error)))

    def on_engine_died(self, message: EngineDied) -> None:
        """A console that no longer watches must not look as if it did."""
        self._exit_renderables.append(Text(message.trace))
        self.exit(EXIT_CRASH, return_code=EXIT_CRASH)

    def _fatal_error(self) -> None:
        """Textual's own prints local variables, and with them whatever secret they hold."""
        error = sys.exc_info()[1] or self._exception
        self._return_code = EXIT_CRASH
        self._exit_renderables.append(Text(_trace_of(error) if error else "unknown fault"))
        self._close_messages_no_wait()

    # Updates and time

    def _seen(self) -> Snapshot | None:
        return self.fresh.snapshot if self.fresh is not None else None

    def on_fresh(self, message: Fresh) -> None:
        self.engine.received()
        before, self.fresh = self.fresh, message.update
        frame = self.frame
        if frame is not None and frame.is_made:
            frame.show(message.update)
        self._tell_runs(before, message.update)
        self._offer_drafts(message.update)
        self.calls.tick()
        if not self._settled and message.update.snapshot.complete:
            self._settled = True
            gc.collect()
            gc.freeze()
            gc.disable()

    def _tell_runs(self, before: Update | None, update: Update) -> None:
        """Say what became of steps in runs that nobody looks at."""
        shown: str = getattr(self.frame, "run_id", "")
        for told in ended_between(Runs() if before is None else before.runs, update.runs):
            if told.run != shown:
                self.say(told.text, warning=told.is_warning)
        left = left_behind(update.runs)
        if left and not self._told_left:
            self._told_left = True
            self.say(left)

    def _offer_drafts(self, update: Update) -> None:
        """Say once that something typed before this console was opened is not saved."""
        if self._offered or not update.papers.drafts or self.clock.now().mono < self._warned_until:
            return
        from screens.journal_said import drafts_text  # late: there seldom is any

        keys = self.keys.of(action_by_id("app.journal"))
        said = drafts_text(update.papers.drafts, self._began, keys[0] if keys else ":journal")
        self._offered = bool(said)
        if said:
            self.say(said)

    def _tick(self) -> None:
        if not self.is_running:
            return  # it is closing: screens still stand, and their widgets are gone
        frame = self.frame
        if frame is not None and frame.command_line is not None:  # its first frame stands
            frame.tick(self.clock.now())
        if self.fresh is not None:
            self._offer_drafts(self.fresh)
        self.calls.tick()
        self._rest(self.clock.now().mono)

    def _rest(self, now_s: float) -> None:
        """While nobody presses a key: what would hold one up."""
        if not self._settled or now_s - self._last_key <= IDLE_S:
            return
        if gc.get_count()[0] > 20_000:
            gc.collect()
        if now_s >= self._give_back_at:
            self._give_back_at = now_s + GIVE_BACK_S
            self._free_memory.give_back()

    def on_app_focus(self) -> None:
        self.calls.focus(there=True)

    def on_app_blur(self) -> None:
        self.calls.focus(there=False)

    @property
    def frame(self) -> Frame | None:
        """The screen that shows updates, on top or behind a question that lies in front of it."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Frame):
                return screen
            if not isinstance(screen, ModalScreen):
                break
        return None

    @property
    def is_looked_at(self) -> bool:
        """Whether nobody types into anything now, so that something may come in front of it."""
        frame = self.frame
        return frame is not None and self.screen is frame and not frame.is_typed_into

    def key_was_pressed(self) -> None:
        """Told by every screen, so that garbage is collected only while the keys rest."""
        self._last_key = self.clock.now().mono

    # Actions that are the same on every screen

    def do_app_triage(self) -> None:
        self._go("triage")

    def do_app_fleet(self) -> None:
        self._go("fleet")

    def do_app_sources(self) -> None:
        self._go("sources")

    def do_app_silences(self) -> None:
        self._go("silences")

    def do_app_handover(self) -> None:
        self._go("handover")

    def do_app_journal(self) -> None:
        self._go("journal")

    def do_app_runbooks(self) -> None:
        self._go("runbooks")

    def do_app_summary(self, day: str = "") -> None:
        """Go to the seven days, up to `day` where one is given."""
        self._go("summary")
        if day:
            self.call_after_refresh(self._show_days, day)

    def _show_days(self, day: str) -> None:
        from screens.summary import SummaryScreen

        if isinstance(self.screen, SummaryScreen):
            self.screen.do_app_summary(day)

    def do_app_inspection(self, day: str = "") -> None:
        """Open the daily inspection in front of what is shown, once."""
        from screens.inspection import InspectionScreen  # late: the first frame needs nothing of it
        from screens.summary_words import day_called

        found = day_called(day)
        if isinstance(found, str):
            self.say(found, warning=True)
        else:
            self.push_screen(InspectionScreen(found))

    def do_app_calendar(self) -> None:
        """Open the calendar in front of what is shown, once."""
        from screens.calendar import CalendarScreen  # late: the first frame needs nothing of it

        if not isinstance(self.screen, CalendarScreen):
            self.push_screen(CalendarScreen())

    def do_journal_calendar(self) -> None:
        self.do_app_calendar()

    def do_journal_sync(self) -> None:
        self.run_worker(self._sync(), exit_on_error=False)

    async def _sync(self) -> None:
        from screens.journal_said import sync_text  # late: the first frame needs nothing of it

        future = self.engine.ask(lambda engine: engine.papers.sync())
        if future is None:
            self.say("the engine is not up yet", warning=True)
            return
        self.say("journal: fetching and pushing")
        remote = self.opened.loaded.settings.journal.remote
        status = await asyncio.wrap_future(future)
        self.say(sync_text(status, shared=remote is not None), warning=not status.is_well)

    def delay_update(self, delay: float = 0.0) -> None:
        """Textual paints nothing for 50 ms of every mode. Ours say when they are whole."""

    def frame_is_whole(self) -> None:
        """Told by a screen once all of its widgets are there."""
        unpainted, self._unpainted = self._unpainted, None
        if unpainted is not None:
            unpainted.close()
            self.screen.refresh()

    def _go(self, mode: str) -> None:
        """To a screen; whatever lies open on it is closed when one is there already."""
        if self.current_mode == mode:
            while len(self.screen_stack) > 1:
                self.pop_screen()
            return
        if mode not in self._been_to:
            # Each step of its making would be a frame of its own, and on a bad link a second.
            self._been_to.add(mode)
            self.frame_is_whole()
            self._unpainted = ExitStack()
            self._unpainted.enter_context(self.batch_update())
            self.set_timer(UNPAINTED_S, self.frame_is_whole)
        self.switch_mode(mode)

    def do_app_help(self) -> None:
        frame = self.frame
        if frame is not None:
            self.push_screen(Overlay((("keys", Ink.HEADING),), help_of(frame, self.keys)))

    def do_app_messages(self) -> None:
        """Everything that was said in the bottom line, newest first."""
        said = self.notices[::-1] or ["nothing has been said yet"]
        lines = tuple(Paragraph(notice) for notice in said)
        self.push_screen(Overlay((("messages", Ink.HEADING),), lines))

    def do_app_quit(self) -> None:
        """Leave; ask first where that lets acks of mine lapse, where something is being sent or
        written, and where a step of a runbook goes on without this console."""
        acting = self.fresh.acting if self.fresh is not None else Acting()
        lost = lapses(acting, self.clock.now().wall)
        steps = going_on(self.fresh.runs) if self.fresh is not None else ()
        if lost or self.wishes.is_busy or steps:
            self.run_worker(self._quit_if_sure(lost, steps), exit_on_error=False)
        else:
            self.exit(0)

    async def _quit_if_sure(
        self, lost: Sequence[tuple[HeldAck, timedelta]], steps: Sequence[str]
    ) -> None:
        question = leaving(lost, self.wishes.is_busy, self.clock, steps)
        if await self.push_screen_wait(question) == "leave":
            self.exit(0)

    def do_app_suspend(self) -> None:
        driver = self._driver
        if not (isinstance(driver, OncallDriver) and driver.stop_job()):
            self.say("no shell waits for this program, so there is nothing to go to", warning=True)

    def _resumed(self, _: object) -> None:
        # What was asked before the stop has run into its deadline meanwhile.
        self.engine.tell(lambda engine: engine.refresh())

    def do_app_refresh(self) -> None:
        self.engine.tell(lambda engine: engine.refresh())
        self.say("asking every source now")

    def do_app_reload(self) -> None:
        self.run_worker(self._reload(), exit_on_error=False)

    async def _reload(self) -> None:
        future = self.engine.ask(lambda engine: engine.reload_settings())
        if future is None:
            self.say("the engine is not up yet", warning=True)
            return
        reloaded = await asyncio.wrap_future(future)
        if isinstance(reloaded, Loaded):
            self._take_settings(reloaded)
            self.say("settings reloaded")
            return
        self.say(f"not reloaded, {len(reloaded)} faults; the first: {reloaded[0]}", warning=True)
        lines = tuple(Paragraph(fault, Ink.WARNING) for fault in reloaded)
        self.push_screen(Overlay((("settings not reloaded", Ink.WARNING),), lines))

    def _take_settings(self, loaded: Loaded) -> None:
        """Keys, person and looks as the new settings have them; the command line's words stay."""
        opened, look = self.opened, loaded.settings.look
        who = identity_of(loaded.settings, opened.login) if opened.login else opened.who
        self.opened = msgspec.structs.replace(opened, loaded=loaded, who=who)
        self.keys = Keys(keymap(loaded.settings.keys))
        if loaded.settings.notice != opened.loaded.settings.notice:
            self.calls.take_settings(loaded.settings.notice)
        if opened.ascii is None:
            self.ascii_only = prefers_ascii(look.ascii, os.environ)
        if opened.theme is None:
            self.theme = pick_theme(look.theme, os.environ)
        if self.frame is not None and self.fresh is not None:
            self.frame.show(self.fresh)

    def do_app_theme(self, name: str = "") -> None:
        if name not in THEMES:
            self.say(f"expected one of {', '.join(THEMES)}", warning=True)
            return
        self.theme = pick_theme(name, os.environ)

    def do_app_notice(self, word: str = "") -> None:
        self.calls.command(word)

    def do_fleet_host(self, name: str = "") -> None:
        """Go to a host, a namespace or a service on the fleet screen."""
        if not name:
            self.say("expected the name of a host, a namespace or a service", warning=True)
            return
        self._go("fleet")
        self.call_after_refresh(self._find, name)

    def _find(self, name: str) -> None:
        from screens.fleet import FleetScreen

        screen = self.screen
        if isinstance(screen, FleetScreen) and not screen.go_to(name):
            self.say(f"no host, namespace or service is called {visible(name)}", warning=True)

    def copy(self, text: Raw | str, what: str, *, lines: bool = False) -> None:
        """Send `text` to the terminal's clipboard, and say what was sent.

        Args:
            lines: its line breaks are the console's own, and stay.
        """
        from screens.copying import copy  # late: the first frame needs nothing of it

        copy(self, text, what, lines=lines)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.tell_failed(event)

    def tell_failed(self, event: Worker.StateChanged) -> None:
        """Say that what was asked for in the background failed; the console goes on."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            what = whereabouts(error) if error is not None else "for an unknown reason"
            self.say(f"that failed: {what}", warning=True)

    def on_keys_dropped(self, count: int) -> None:
        self.say(f"{count} keys came at once and were taken for a paste: ignored", warning=True)

    @property
    def openers(self) -> frozenset[str]:
        """Keys behind which what is typed at once is text: a line or a form that they open."""
        opening = (action_by_id(name) for name in OPENING)
        return super().openers | {key for action in opening for key in self.keys.of(action)}

    def on_call_names(self) -> tuple[str, ...]:
        """Who is on call now and who is next, as far as the rota tells."""
        from config.rota import on_call

        settings = self.opened.loaded.settings
        found = on_call(settings.rota, settings.people, self.clock.now().wall)
        return tuple(shift.name for shift in (found.now, found.next) if shift is not None)

    # Saying

    def keep_notice(self, text: str) -> None:
        """Keep one line for `:messages` without saying it."""
        self.notices.append(visible(text))
        del self.notices[:-MESSAGES_KEPT]

    def say(self, text: str, *, warning: bool = False) -> None:
        """Say one line at the bottom; `:messages` keeps it."""
        shown = visible(text)
        self.notices.append(shown)
        del self.notices[:-MESSAGES_KEPT]
        if warning:
            self._warned_until = self.clock.now().mono + NOTICE_S
        frame = self.frame
        if frame is not None:
            frame.show_notice(shown, warning=warning)


def _trace_of(error: BaseException) -> str:
    """A traceback without any local variable, safe to print."""
    lines = traceback.format_exception(error)
    return visible("".join(lines), lines=True)


def run_console(opened: OpenWith) -> int:
    """Open the console; returns the exit code when it has been closed and the terminal is back."""
    app = OncallApp(opened)
    mouse = opened.mouse
    if mouse is None:
        mouse = opened.loaded.settings.look.mouse
    if mouse is None:
        mouse = "SSH_CONNECTION" not in os.environ
    app.run(mouse=mouse)
    return app.return_code or 0
