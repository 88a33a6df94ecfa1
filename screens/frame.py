"""What all our screens share: header, counts, footer, keys, and the newest update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget
from textual.worker import Worker

from config.schema import Settings
from console.actions.decide import Facts, decide
from console.actions.registry import action_by_id, actions_on
from console.model.action import Action, Effect
from console.model.papers import JournalStatus
from console.model.snapshot import SourceHealth, SourceKind
from console.model.state import State
from console.model.update import Update
from console.model.worklist import Row
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.filter import Filter, FilterFault, parse
from screens.commands import action_called, command_of, completions, palette
from screens.filter_line import FilterLine
from screens.here import Subject
from screens.keys import handler_name
from screens.runbooking import Runbooking
from screens.runs_said import badge_of
from screens.too_small import TooSmall
from widgets.command_line import CommandLine, Completer, Completion
from widgets.counts import CountsLine
from widgets.footer import Footer, Hint
from widgets.header import Header, HeaderFacts
from widgets.line_view import LineView
from widgets.live_list import LiveList
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp


DEAF_S = 1.0
"""For so long after the last key of it, what is typed behind a refused key is no command."""
RUNBOOK_ON_ROW = 59
"""Footer priority of the runbook where something may have to be mended: before its detail."""
BACK_INSIDE = 95
"""Footer priority of the way back on a screen that lies on another."""


class Frame(Runbooking, inherit_bindings=False):
    """One screen: a body of its own between the header and the footer.

    Keys come to `on_key`, are looked up in the registry's table for this screen, and call the
    method that carries the action's name (`do_row_open`) here or on the app.
    """

    word: ClassVar[str] = ""
    """By which the registry knows this screen."""
    is_form: ClassVar[bool] = False
    """Its keys are typed into fields: none is looked up in the registry."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = Filter()
        self.command_line: CommandLine | None = None
        """`None` until the first frame stands."""
        self.is_made = False
        """Its widgets are there: an update may come before."""
        self._early: list[events.Key] = []
        self._deaf_since: float | None = None
        """When a key was refused behind which a note is typed, or a key of that note came."""
        self._view: LineView | None = None

    @property
    def console_app(self) -> OncallApp:
        """The app, by its own type."""
        return cast("OncallApp", self.app)

    def compose(self) -> ComposeResult:
        yield Header()
        yield CountsLine()
        yield FilterLine()
        yield from self.body()
        yield Footer()
        yield TooSmall()

    def on_mount(self) -> None:
        self.is_made = True
        # Nobody types before there is a frame, and an input is a fifth of what mounting costs.
        self.call_after_refresh(self._mount_command_line)

    async def _mount_command_line(self) -> None:
        line = CommandLine()
        await self.mount(line, before=self.query_one(Footer))
        self.command_line = line
        self.console_app.frame_is_whole()
        for key in self._early:
            self.app.post_message(events.Key(key.key, key.character))
        self._early.clear()

    def body(self) -> Iterable[Widget]:
        """The widgets between the header and the footer."""
        raise NotImplementedError

    def show(self, update: Update) -> None:
        """Draw a new picture of the world."""
        self._show_header(update)
        self.show_body(update)
        self.show_hints()

    def show_body(self, update: Update) -> None:
        """Draw the body of a new picture of the world."""
        raise NotImplementedError

    def tick(self, now: Instant) -> None:
        """Let what time alone changes go on; called once a second."""
        self.query_one(Header).tick(now)
        self.query_one(Footer).tick(now)

    def on_screen_resume(self) -> None:
        update = self.console_app.fresh
        if update is not None:
            self.show(update)
        else:
            self._show_header(None)
            self.show_hints()

    # Header and footer

    def _show_header(self, update: Update | None) -> None:
        app = self.console_app
        settings = app.opened.loaded.settings
        who = app.opened.who
        name = f"{who.name} {who.level}".strip()
        snapshot = update.snapshot if update is not None else None
        notes = []
        if app.opened.read_only:
            notes.append("read-only")
        if update is not None and update.acting.audit_fault:
            notes.append("NO AUDIT")
        if update is not None and update.acting.waiting:
            notes.append(f"{update.acting.waiting} not sent")
        if update is not None and (badge := badge_of(update.runs)):
            notes.append(badge)
        if snapshot is None:
            notes.append("starting")
        elif snapshot.restored:
            notes.append("last known state")
        elif not snapshot.complete:
            notes.append("asking")
        expected = {
            source.name for source in settings.sources.prometheus if source.watchdog is not None
        }
        facts = HeaderFacts(
            environment=settings.environment,
            production=settings.production,
            sources=(snapshot.sources if snapshot else ()) or not_asked_yet(settings),
            badges=snapshot.badges if snapshot else (),
            watchdog_ok=bool(expected) and snapshot is not None and snapshot.complete,
            score=snapshot.score if snapshot else HeaderFacts().score,
            user=name if who.verified else f"{name} unverified",
            journal=JournalStatus() if update is None else update.papers.status,
            notes=tuple(notes),
        )
        self.query_one(Header).show(facts, app.clock.now())
        counts = self.query_one(CountsLine)
        if update is not None:
            counts.show(
                update.worklist.counts,
                [cell.state for cell in update.snapshot.cells],
                storm=update.worklist.storm,
                held=not update.worklist.reordered,
            )

    def show_hints(self) -> None:
        """The footer's hints, from the registry."""
        keys = self.console_app.keys
        hints = []
        # What this screen alone can do comes first, the way to other screens last.
        mine = sorted(actions_on(self.word), key=lambda a: (not a.where, a.group == "screens"))
        inside = sum(isinstance(one, Frame) for one in self.app.screen_stack) > 1
        for action in mine:
            shown = keys.of(action)
            footer = self.footer_of(action)
            if not (footer and shown) or (action.id == f"app.{self.word}" and not inside):
                continue
            if action.id == "app.back" and not (inside or self.filter):
                continue  # there is nothing to go back from
            # From a screen that lies on another the way back is what is asked for most.
            wanted = BACK_INSIDE if action.id == "app.back" and inside else footer
            why = self._refusal(action)
            if not why or action.group == "row":
                hints.append(Hint(shown[0], action.label, wanted, why))
        self.query_one(Footer).show(hints)

    def footer_of(self, action: Action) -> int:
        """Its priority in the footer of this screen; 0 leaves it out."""
        on_row = action.id == "row.runbook" and self.wanted_row is not None
        return RUNBOOK_ON_ROW if on_row else action.footer

    def why_not(self, action: Action) -> str:
        """Why an action does nothing now; empty where it does."""
        return ""

    def _refusal(self, action: Action, *, named: bool = False) -> str:
        app = self.console_app
        disabled = (
            ""
            if named
            else (
                self.why_not(action)
                or self.why_not_act(action)
                or app.doors.why_not(action, self.subject, app.opened.loaded)
            )
        )
        facts = Facts(read_only=app.opened.read_only, disabled=disabled)
        decision = decide(action, facts)
        return decision.reasons[0] if decision.reasons else ""

    def repaint_rows(self) -> None:
        """Draw the rows again: something that is not part of an update has changed."""
        for view in self.query(LiveList):
            view.repaint_changed()

    @property
    def is_typed_into(self) -> bool:
        """Whether a form or a line has the keys."""
        return self.is_form or (self.command_line is not None and self.command_line.is_open)

    def ask_line(
        self, prompt: str, sign: Spans, text: str = "", completer: Completer | None = None
    ) -> None:
        """Ask for one line that something outside will be changed with."""
        if self.command_line is not None:
            self.command_line.begin(prompt, text, completer=completer, sign=sign, careful=True)

    def on_command_line_refused(self) -> None:
        self.say("enter came with other keys, like a paste: press it again to send", warning=True)

    @property
    def subject(self) -> Subject | None:
        """What the cursor stands on, for its log and its shell."""
        return None

    @property
    def wanted_row(self) -> Row | None:
        """The row under the cursor, as it was painted."""
        return None

    @property
    def row_in_view(self) -> Row | None:
        """The row that what is shown is about, also where nothing can be done with it."""
        return self.wanted_row

    @property
    def wanted_source(self) -> SourceHealth | None:
        """The source under the cursor, or the one that is shown whole."""
        return None

    def wanted_rows(self) -> tuple[Row, ...]:
        """What an action is for: the marked rows, else the one under the cursor."""
        row = self.wanted_row
        return () if row is None else (row,)

    def say(self, text: str, *, warning: bool = False) -> None:
        """Say one line at the bottom."""
        self.console_app.say(text, warning=warning)

    def show_notice(self, text: str, *, warning: bool = False) -> None:
        """Draw what the app says; safe text."""
        ink = Ink.WARNING if warning else Ink.PLAIN
        self.query_one(Footer).say(text, self.console_app.clock.now(), ink=ink)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.console_app.tell_failed(event)

    # Keys

    def on_key(self, event: events.Key) -> None:
        app = self.console_app
        app.key_was_pressed()
        if self.is_form:
            return
        if self.command_line is None:
            self._early.append(event)
            event.stop()
            return
        if self.command_line.is_open:
            return  # a key that the line does not type, such as enter, is still the line's
        self.key_pressed()
        blind = self._is_typed_blindly()
        if event.key == "escape":
            self._deaf_since = None
        action_id = app.keys.pressed(self.word, event.key)
        if action_id is not None:
            event.stop()
            event.prevent_default()
            action = action_by_id(action_id)
            types = action.argument or action.id in ("app.note", "run.skip")
            if types and action.effect is not Effect.READ and self._refusal(action):
                self._deaf_since = app.clock.now().mono
            if not blind or action.group == "move":
                self.act(action_id)
        elif event.key == "ctrl+c":
            self.say("to leave, press q")

    def on_paste(self, event: events.Paste) -> None:
        """What was pasted was not typed: none of it is a command."""
        event.stop()
        self.say(f"{len(event.text)} pasted characters ignored; press : or / first", warning=True)

    def key_pressed(self) -> None:
        """Any key at all: rows hold still for a moment."""

    def _is_typed_blindly(self) -> bool:
        """Whether a key may be meant for a line that did not open: whoever types a note behind
        a refused `a` must not give up an ack, take another row or leave by its letters."""
        since, now = self._deaf_since, self.console_app.clock.now().mono
        if since is None or now - since >= DEAF_S:
            self._deaf_since = None
            return False
        self._deaf_since = now
        return True

    def act(self, action_id: str, argument: str = "") -> None:
        """Carry out an action by its id, as a key, the palette or `:` asked.

        Args:
            argument: what was typed behind `:`; it may name what is not under the cursor.
        """
        action = action_by_id(action_id)
        if action.where and self.word not in action.where:
            where = " and ".join(dict.fromkeys((action.where[0], action.where[-1])))
            self.say(f"{action.label} is for {where}, not for this screen", warning=True)
            return
        why = self._refusal(action, named=bool(argument and action.argument))
        if why:
            keys = self.console_app.keys.of(action)
            hint = Hint(keys[0] if keys else action.command, action.label, why_not=why)
            self.query_one(Footer).refuse(hint, self.console_app.clock.now())
            return
        name = handler_name(action_id)
        handler = getattr(self, name, None) or getattr(self.console_app, name, None)
        assert handler is not None, f"no screen carries out {action_id}"
        if action.argument:
            handler(argument)
        else:
            handler()

    # Copies

    def do_row_copy_as(self) -> None:
        """Ask in which form the wanted rows are to be copied."""
        from screens.copying import choose_form

        update, rows = self.console_app.fresh, self.wanted_rows()
        if rows and update is not None:
            choose_form(self.console_app, rows, update.snapshot)

    def do_row_edit(self) -> None:
        """Open the wanted rows as text in the person's editor."""
        from screens.copying import edit_rows

        rows = self.wanted_rows()
        if rows:
            edit_rows(self.console_app, rows)

    # Silences

    def do_row_silence(self, template: str = "") -> None:
        """Open the form for a silence on the wanted rows."""
        from screens.silence_form import open_silence_form

        open_silence_form(self.console_app, self.wanted_rows(), template)

    # Logs and shells

    def do_row_logs(self, name: str = "") -> None:
        """Open the log of what the cursor stands on, or of the service called `name`."""
        from screens.logs import LogsScreen

        subject = Subject(name) if name else self.subject
        why = self.console_app.doors.why_no_log(subject, self.console_app.opened.loaded)
        if why or subject is None:
            self.say(why, warning=True)
        else:
            self.app.push_screen(LogsScreen(subject))

    def do_row_shell(self, name: str = "") -> None:
        """Open a shell where the cursor stands, or on the host or service called `name`."""
        from screens.shell import open_shell

        app = self.console_app
        wanted = name or (self.subject.service if self.subject is not None else None)
        shell = app.doors.shell(wanted, app.opened.loaded)
        if isinstance(shell, str):
            self.say(shell, warning=True)
        else:
            open_shell(app, shell)

    def do_row_why(self) -> None:
        """Explain why the row under the cursor is seen."""
        from screens.why import WhyScreen

        row = self.wanted_row
        if row is None or not row.alerts:
            self.say("no alert is under the cursor, so there is nothing to explain", warning=True)
        else:
            self.app.push_screen(WhyScreen(row))

    # Moving

    @property
    def view(self) -> Widget | None:
        """The list or document that the moving keys move."""
        return self._view

    def _move(self, name: str) -> None:
        move = getattr(self.view, f"action_{name}", None)
        if move is not None:
            move()

    def do_move_down(self) -> None:
        self._move("down")

    def do_move_up(self) -> None:
        self._move("up")

    def do_move_left(self) -> None:
        self._move("left")

    def do_move_right(self) -> None:
        self._move("right")

    def do_move_top(self) -> None:
        self._move("first")

    def do_move_bottom(self) -> None:
        self._move("last")

    def do_move_page_down(self) -> None:
        self._move("page_down")

    def do_move_page_up(self) -> None:
        self._move("page_up")

    def do_move_half_down(self) -> None:
        self._move("half_down")

    def do_move_half_up(self) -> None:
        self._move("half_up")

    def do_move_next_pane(self) -> None:
        self.focus_next()

    # Lines that are typed: filter, command, palette

    def do_app_filter(self, text: str = "") -> None:
        """Take `text` as the filter, or ask for one."""
        if text:
            self._refuse(self.take_filter(text))
        else:
            self._type("/", self.filter.text)

    def do_app_command(self) -> None:
        """Ask for a command."""
        self.learn_book_names()
        self._type(":", completer=self._completions)

    def do_app_palette(self) -> None:
        """Find an action by its name."""
        keys = self.console_app.keys
        self._type(">", completer=lambda typed: palette(typed, self.word, keys))

    def _type(self, prompt: str, text: str = "", *, completer: Completer | None = None) -> None:
        if self.command_line is not None:
            self.command_line.begin(prompt, text, completer=completer)

    def _completions(self, typed: str) -> Sequence[Completion]:
        update = self.console_app.fresh
        cells = update.snapshot.cells if update is not None else ()
        hosts = update.snapshot.hosts if update is not None else ()
        books = self.console_app.book_names
        return completions(typed, self.word, cells, self.console_app.keys, hosts, books)

    def on_command_line_changed(self, event: CommandLine.Changed) -> None:
        if event.prompt == "/":
            self.take_filter(event.text)

    def on_command_line_sent(self, event: CommandLine.Sent) -> None:
        self.back_to_view()
        if event.prompt == "/":
            self._refuse(self.take_filter(event.text))
        elif event.prompt == ">":
            action = action_called(event.text, self.word)
            if action is not None:
                self.act(action.id)
        elif not self.deed_sent(event.prompt, event.text):
            command = command_of(event.text)
            if isinstance(command, str):
                self._refuse(command)
            else:
                self.act(command.action.id, command.argument)

    def on_command_line_left(self, event: CommandLine.Left) -> None:
        self.back_to_view()
        if event.prompt == "/":
            self.take_filter(event.before)

    def back_to_view(self) -> None:
        """Give the keys back to what they moved before a line was typed."""
        view = self._view
        if view is not None:
            self.set_focus(view)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, LineView):
            self._view = event.widget

    def _refuse(self, why: str) -> None:
        if why:
            self.say(why, warning=True)

    def take_filter(self, text: str) -> str:
        """Show only what `text` matches; returns why it cannot be read, or nothing."""
        try:
            self.filter = parse(text)
        except FilterFault as fault:
            return str(fault)
        for view in self.query(LiveList):
            view.release()  # rows hold still after a key, but not for what the key asked for
        update = self.console_app.fresh
        if update is not None:
            self.show_body(update)
        return ""

    def show_filter(self, shown: int, total: int) -> None:
        """Say which filter is in force, and how many of how many it lets through."""
        self.query_one(FilterLine).show(self.filter.text, shown, total)

    def do_app_back(self) -> None:
        """Clear the filter, else leave this screen where it lies on another."""
        if self.filter:
            self.take_filter("")
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def copy_text(self, text: Raw | str, what: str) -> None:
        """Send `text` to the terminal's clipboard, and say so."""
        self.console_app.copy(text, what)


def not_asked_yet(settings: Settings) -> tuple[SourceHealth, ...]:
    """The sources that the settings name, as they stand before anybody was asked."""
    return (
        *(
            SourceHealth(one.name, SourceKind.PROMETHEUS, State.UNKNOWN, one.interval)
            for one in settings.sources.prometheus
        ),
        *(
            SourceHealth(one.name, SourceKind.ALERTMANAGER, State.UNKNOWN, one.interval)
            for one in settings.sources.alertmanager
        ),
    )
