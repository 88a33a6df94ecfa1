"""What changed in a runbook since it was run here: shown, and asked once before it acts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from console.safety.clock import Clock
from screens.compared import Compared
from widgets.detail import Paragraph, Part, SpanLine, Title
from widgets.dialog import Choice
from widgets.theme import Ink

BACK: Final = Choice("back", "Back")
ACCEPT: Final = Choice("accept", "It is all right")


class ChangesScreen(Compared[bool]):
    """Dismissed with whether the changes are all right; the cursor is on the way back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "back", show=False)]

    def __init__(self, before: str, now: str, *, clock: Clock, asks: bool) -> None:
        """
        Args:
            before, now: the runbook as it was run here the last time, and as it is.
            asks: a step waits for the answer; else it is only shown.
        """
        as_run, as_it_is = (text.encode("utf-8", "replace") for text in (before, now))
        super().__init__(as_run, as_it_is, clock=clock)
        self._asks = asks

    def choices(self) -> Sequence[Choice]:
        return (BACK, ACCEPT)

    def head(self) -> Iterator[Part]:
        title = "this runbook changed since its last run here"
        yield Title(((title, Ink.WARNING),))
        if self._asks:
            yield Paragraph("Read what is new before a step of it acts; that is asked once.")
        yield SpanLine((("- as it was run", Ink.FIRING), ("   + as it is now", Ink.OK)))

    def chosen(self, choice: Choice) -> None:
        self.dismiss(True)

    def action_back(self) -> None:
        """Leave it undecided."""
        self.dismiss(False)
