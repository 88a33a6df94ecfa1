"""Two versions of a document in front of a screen, and what is to be done about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ScreenResultType

from console.safety.clock import Clock
from screens.differences import SIDE_BY_SIDE, differences, side_by_side
from widgets.detail import Detail, Figure, Part
from widgets.dialog import DEAD_TIME_S, Choice, ChoiceBar, FittedDetail, Scrolled
from widgets.paint import Spans


class Compared(Scrolled[ScreenResultType]):
    """A dialog to derive from. The cursor is on its first choice, which changes nothing; any
    other is refused for `DEAD_TIME_S` after both versions were drawn."""

    DEFAULT_CSS: ClassVar[str] = """
    Compared > FittedDetail {
        height: auto;
        max-height: 8;
    }
    Compared > Detail#versions {
        height: 1fr;
    }
    Compared > ChoiceBar {
        margin-top: 0;
        background: $panel;
    }
    """
    AUTO_FOCUS = "ChoiceBar"

    def __init__(self, before: bytes, after: bytes, *, clock: Clock) -> None:
        super().__init__()
        self._before = before
        self._after = after
        self._clock = clock
        self._drawn_at: float | None = None

    def head(self) -> Iterator[Part]:
        """What stands above the versions."""
        raise NotImplementedError

    def said(self) -> Iterator[Part]:
        """What stands below them, if anything."""
        yield from ()

    def choices(self) -> Sequence[Choice]:
        """The way back in front."""
        raise NotImplementedError

    def chosen(self, choice: Choice) -> None:
        """Any but the way back, after both versions could be read."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Leave with nothing decided."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield FittedDetail(tuple(self.head()))
        yield Detail(id="versions")
        said = tuple(self.said())
        if said:
            yield FittedDetail(said)
        yield ChoiceBar(self.choices())

    def on_mount(self) -> None:
        self.scrolled.show((Figure(self._versions),), subject="versions")
        self.call_after_refresh(self._note_drawn)

    def _note_drawn(self) -> None:
        self._drawn_at = self._clock.now().mono

    @property
    def scrolled(self) -> Detail:
        return self.query_one("#versions", Detail)

    def _versions(self, width: int) -> Sequence[Spans]:
        if width >= SIDE_BY_SIDE:
            return tuple(side_by_side(self._before, self._after, width))
        return tuple(differences(self._before, self._after, width))

    def on_choice_bar_chosen(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        if event.choice == self.choices()[0]:
            self.action_back()
        elif self._could_be_read():
            self.chosen(event.choice)

    def _could_be_read(self) -> bool:
        drawn = self._drawn_at
        return drawn is not None and self._clock.now().mono - drawn >= DEAD_TIME_S
