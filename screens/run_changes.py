"""What changed in a runbook since it was run here: shown, and asked once before it acts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.safety.clock import Clock
from screens.differences import SIDE_BY_SIDE, differences, side_by_side
from widgets.detail import Detail, Figure, Paragraph, Part, SpanLine, Title
from widgets.dialog import DEAD_TIME_S, Choice, ChoiceBar, FittedDetail
from widgets.paint import Spans
from widgets.theme import Ink

BACK: Final = Choice("back", "Back")
ACCEPT: Final = Choice("accept", "It is all right")


class ChangesScreen(ModalScreen[bool]):
    """Dismissed with whether the changes are all right; the cursor is on the way back."""

    DEFAULT_CSS: ClassVar[str] = """
    ChangesScreen > FittedDetail {
        height: auto;
        max-height: 6;
    }
    ChangesScreen > Detail#versions {
        height: 1fr;
    }
    ChangesScreen > ChoiceBar {
        margin-top: 0;
        background: $panel;
    }
    """
    AUTO_FOCUS = "ChoiceBar"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", show=False),
        Binding("j,down", "move('down')", show=False),
        Binding("k,up", "move('up')", show=False),
        Binding("ctrl+d", "move('half_down')", show=False),
        Binding("ctrl+u", "move('half_up')", show=False),
        Binding("pagedown,space", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("g,home", "move('first')", show=False),
        Binding("G,end", "move('last')", show=False),
    ]

    def __init__(self, before: str, now: str, *, clock: Clock, asks: bool) -> None:
        """
        Args:
            before, now: the runbook as it was run here the last time, and as it is.
            asks: a step waits for the answer; else it is only shown.
        """
        super().__init__()
        self._before = before.encode("utf-8", "replace")
        self._now = now.encode("utf-8", "replace")
        self._clock = clock
        self._asks = asks
        self._drawn_at: float | None = None

    def compose(self) -> ComposeResult:
        yield FittedDetail(tuple(self._head()))
        yield Detail(id="versions")
        yield ChoiceBar((BACK, ACCEPT))

    def on_mount(self) -> None:
        self.query_one("#versions", Detail).show((Figure(self._versions),), subject="versions")
        self.call_after_refresh(self._note_drawn)

    def _note_drawn(self) -> None:
        self._drawn_at = self._clock.now().mono

    def _head(self) -> Iterator[Part]:
        title = "this runbook changed since its last run here"
        yield Title(((title, Ink.WARNING),))
        if self._asks:
            yield Paragraph("Read what is new before a step of it acts; that is asked once.")
        yield SpanLine((("- as it was run", Ink.FIRING), ("   + as it is now", Ink.OK)))

    def _versions(self, width: int) -> Sequence[Spans]:
        if width >= SIDE_BY_SIDE:
            return tuple(side_by_side(self._before, self._now, width))
        return tuple(differences(self._before, self._now, width))

    def on_choice_bar_chosen(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        if event.choice.id == BACK.id:
            self.dismiss(False)
        elif self._could_be_read():
            self.dismiss(True)

    def _could_be_read(self) -> bool:
        drawn = self._drawn_at
        return drawn is not None and self._clock.now().mono - drawn >= DEAD_TIME_S

    def action_back(self) -> None:
        """Leave it undecided."""
        self.dismiss(False)

    def action_move(self, where: str) -> None:
        """Scroll: `down`, `half_up`, `first` and so on."""
        detail = self.query_one("#versions", Detail)
        moves = {
            "down": detail.action_down,
            "up": detail.action_up,
            "half_down": detail.action_half_down,
            "half_up": detail.action_half_up,
            "page_down": detail.action_page_down,
            "page_up": detail.action_page_up,
            "first": detail.action_first,
            "last": detail.action_last,
        }
        moves[where]()
