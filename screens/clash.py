"""A file changed while somebody typed into it: both versions, and what to do. Nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.model.papers import Clash
from console.model.words import many
from console.safety.clock import Clock
from console.safety.text import visible
from screens.differences import SIDE_BY_SIDE, differences, side_by_side
from widgets.detail import Detail, Figure, Paragraph, Part, SpanLine, Title
from widgets.dialog import DEAD_TIME_S, Choice, ChoiceBar, FittedDetail
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

BACK: Final = "back"
MERGE: Final = "merge"
THEIRS: Final = "theirs"
EDITOR: Final = "editor"
_COPY: Final = "copy"
NAMED: Final = 12
"""Fields that are named one by one."""


async def open_clash(
    app: OncallApp, clash: Clash, *, both: Sequence[str] = (), why_not_merge: str = ""
) -> str:
    """Show both versions and ask; call it in a worker.

    Args:
        both: captions of the fields that both people touched, as a merge would take mine.
        why_not_merge: why their version cannot be read into the form; empty where it can.

    Returns:
        `merge`: what I did not touch becomes theirs, and of what both touched mine stays.
        `theirs`: their version stands, and mine stays a draft.
        `editor`: both, with conflict marks, in the person's editor.
        `back`: to the form as it is; nothing was decided.
    """
    return await app.push_screen_wait(
        ClashScreen(clash, clock=app.clock, both=both, why_not_merge=why_not_merge)
    )


class ClashScreen(ModalScreen[str]):
    """Dismissed with the answer. The cursor is on the way back, which changes nothing."""

    DEFAULT_CSS: ClassVar[str] = """
    ClashScreen > FittedDetail {
        height: auto;
        max-height: 8;
    }
    ClashScreen > Detail#versions {
        height: 1fr;
    }
    ClashScreen > ChoiceBar {
        margin-top: 0;
        background: $panel;
    }
    """
    AUTO_FOCUS = "ChoiceBar"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("j,down", "move('down')", show=False),
        Binding("k,up", "move('up')", show=False),
        Binding("ctrl+d", "move('half_down')", show=False),
        Binding("ctrl+u", "move('half_up')", show=False),
        Binding("pagedown,space", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("g,home", "move('first')", show=False),
        Binding("G,end", "move('last')", show=False),
    ]

    def __init__(
        self, clash: Clash, *, clock: Clock, both: Sequence[str] = (), why_not_merge: str = ""
    ) -> None:
        super().__init__()
        self._clash = clash
        self._clock = clock
        self._both = tuple(both)
        self._why_not_merge = why_not_merge
        self._drawn_at: float | None = None

    @property
    def _is_removed(self) -> bool:
        return not self._clash.theirs.blob

    def compose(self) -> ComposeResult:
        yield FittedDetail(tuple(self._head()))
        yield Detail(id="versions")
        yield FittedDetail(tuple(self._said()))
        choices = [Choice(BACK, "Back"), Choice(THEIRS, "Theirs"), Choice(EDITOR, "Editor")]
        if not self._why_not_merge:
            choices.insert(1, Choice(MERGE, "Merge"))
        yield ChoiceBar([*choices, Choice(_COPY, "Copy mine")])

    def on_mount(self) -> None:
        self.query_one("#versions", Detail).show((Figure(self._versions),), subject="versions")
        self.call_after_refresh(self._note_drawn)

    def _note_drawn(self) -> None:
        self._drawn_at = self._clock.now().mono

    def _head(self) -> Iterator[Part]:
        path = visible(self._clash.theirs.path or self._clash.mine.path, cells=200)
        happened = "was removed" if self._is_removed else "changed"
        yield Title(((f"changed meanwhile: {path}", Ink.WARNING),))
        yield Paragraph(
            f"The file {happened} while you typed. Nothing was written, and what you typed is "
            "kept as a draft.",
            Ink.WARNING,
        )
        yield SpanLine(
            (
                ("- theirs", Ink.FIRING),
                (" as the file stands now   ", Ink.MUTED),
                ("+ mine", Ink.OK),
                (" as it would have been written", Ink.MUTED),
            )
        )

    def _said(self) -> Iterator[Part]:
        if self._why_not_merge:
            yield Paragraph(f"no merge: {self._why_not_merge}", Ink.WARNING)
        else:
            yield Paragraph(f"merge   what you did not touch becomes theirs; {self._touched}")
        yield Paragraph("theirs  their version stands; yours stays a draft, in screen 4")
        yield Paragraph("editor  both in your editor, with conflict marks")

    @property
    def _touched(self) -> str:
        if not self._both:
            return "nothing was touched by both"
        named = ", ".join(visible(one, cells=30) for one in self._both[:NAMED])
        more = len(self._both) - NAMED
        rest = f" and {many(more, 'other')}" if more > 0 else ""
        return f"both touched {named}{rest}: yours is kept"

    def _versions(self, width: int) -> Sequence[Spans]:
        theirs, mine = self._clash.theirs.content, self._clash.mine.content
        if width >= SIDE_BY_SIDE:
            return tuple(side_by_side(theirs, mine, width))
        return tuple(differences(theirs, mine, width))

    def on_choice_bar_chosen(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        if event.choice.id == BACK:
            self.dismiss(BACK)
        elif self._could_be_read():
            if event.choice.id == _COPY:
                self._copy()
            else:
                self.dismiss(event.choice.id)

    def _could_be_read(self) -> bool:
        drawn = self._drawn_at
        return drawn is not None and self._clock.now().mono - drawn >= DEAD_TIME_S

    def _copy(self) -> None:
        from screens.copying import copy  # late: few come here

        app: OncallApp = self.app  # type: ignore[assignment]
        text = self._clash.mine.content.decode("utf-8", "replace")
        copy(app, text, "your version", lines=True)

    def action_back(self) -> None:
        """To the form, with nothing decided."""
        self.dismiss(BACK)

    def action_move(self, where: str) -> None:
        """Scroll the versions: `down`, `half_up`, `first` and so on."""
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
