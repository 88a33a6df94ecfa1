"""A file changed while somebody typed into it: both versions, and what to do. Nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType

from console.model.papers import Clash
from console.model.words import many
from console.safety.clock import Clock
from console.safety.text import visible
from screens.compared import Compared
from widgets.detail import Paragraph, Part, SpanLine, Title
from widgets.dialog import Choice
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


class ClashScreen(Compared[str]):
    """Dismissed with the answer. The cursor is on the way back, which changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]

    def __init__(
        self, clash: Clash, *, clock: Clock, both: Sequence[str] = (), why_not_merge: str = ""
    ) -> None:
        super().__init__(clash.theirs.content, clash.mine.content, clock=clock)
        self._clash = clash
        self._both = tuple(both)
        self._why_not_merge = why_not_merge

    @property
    def _is_removed(self) -> bool:
        return not self._clash.theirs.blob

    def choices(self) -> Sequence[Choice]:
        found = [Choice(BACK, "Back"), Choice(THEIRS, "Theirs"), Choice(EDITOR, "Editor")]
        if not self._why_not_merge:
            found.insert(1, Choice(MERGE, "Merge"))
        return (*found, Choice(_COPY, "Copy mine"))

    def head(self) -> Iterator[Part]:
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

    def said(self) -> Iterator[Part]:
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

    def chosen(self, choice: Choice) -> None:
        if choice.id == _COPY:
            self._copy()
        else:
            self.dismiss(choice.id)

    def _copy(self) -> None:
        from screens.copying import copy  # late: few come here

        app: OncallApp = self.app  # type: ignore[assignment]
        text = self._clash.mine.content.decode("utf-8", "replace")
        copy(app, text, "your version", lines=True)

    def action_back(self) -> None:
        """To the form, with nothing decided."""
        self.dismiss(BACK)
