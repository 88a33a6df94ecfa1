"""What a step would do, shown before it does it: every word of the plan, and the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from console.model.action import Effect
from console.model.run import StepPlan, Tone
from console.model.words import age_text
from console.safety.clock import Clock
from widgets.confirm import TypedConfirm
from widgets.detail import Blank, Field, Paragraph, Part
from widgets.dialog import Choice, Dialog, FittedDetail, Overlay
from widgets.paint import Spans
from widgets.theme import Ink

GLASS: Final = "without record"
"""What has to be typed for a step that cannot be recorded."""
RUN: Final = Choice("run", "Run it")
AROUND_IT: Final = 9
"""Lines of a question that are not what it is about: border, answers, the word."""
_TONES: Final = {
    Tone.PLAIN: Ink.PLAIN,
    Tone.GOOD: Ink.OK,
    Tone.WARNING: Ink.WARNING,
    Tone.BAD: Ink.FIRING,
}
_DOES: Final = {
    Effect.READ: ("reads", Ink.HEADING),
    Effect.REVERSIBLE: ("changes something", Ink.WARNING),
    Effect.DISRUPTIVE: ("DISRUPTS", Ink.BREACHED),
    Effect.DESTRUCTIVE: ("DESTROYS", Ink.BREACHED),
}


def plan_title(plan: StepPlan) -> Spans:
    """`restart-redis on kai@data-1  DISRUPTS`."""
    does, ink = _DOES[plan.effect]
    return ((f"{plan.step} {where_text(plan)}", Ink.STRONG), (f"  {does}", ink))


def where_text(plan: StepPlan) -> str:
    """`on kai@data-1`, or `here`."""
    return f"on {plan.where}" if plan.host else "here"


def plan_parts(plan: StepPlan, changed: Sequence[str] = ()) -> list[Part]:
    """All of a plan, what speaks against it first.

    Args:
        changed: how it differs from the one that was shown before; safe to show.
    """
    parts: list[Part] = []
    if changed:
        parts += [Paragraph("This is not what was shown before:", Ink.BREACHED)]
        parts += [Paragraph(f"  {one}", Ink.WARNING) for one in changed]
        parts.append(Blank())
    parts += [Paragraph(f"cannot start: {one}", Ink.FIRING) for one in plan.refusals]
    parts += [Paragraph(f"not known: {one}", Ink.WARNING) for one in plan.missing]
    parts += [Paragraph(one, Ink.WARNING) for one in plan.warnings]
    if parts and not isinstance(parts[-1], Blank):
        parts.append(Blank())
    parts += [Field(one.topic, one.text, _TONES[one.tone]) for one in plan.around]
    if plan.around:
        parts.append(Blank())
    parts += [Paragraph(f"  {line}", Ink.STRONG) for line in plan.typed.split("\n")]
    parts.append(Blank())
    parts += list(_facts(plan))
    return parts


def _facts(plan: StepPlan) -> Iterator[Part]:
    """What it comes to and what takes it back, then what the command above says already: where
    not all fits, that is what has to be scrolled to."""
    if plan.expects:
        for number, one in enumerate(plan.expects):
            yield Field("verified" if number == 0 else "", one)
    elif plan.effect is not Effect.READ:
        yield Field("verified", "by nothing: no step shows whether it worked", Ink.WARNING)
    if plan.rollback:
        yield Field("rollback", plan.rollback)
    elif plan.effect is not Effect.READ:
        yield Field("rollback", "none: no step takes it back", Ink.WARNING)
    yield Field("ended", f"after {age_text(timedelta(seconds=plan.timeout_s))} at the latest")
    yield Field("where", plan.where if plan.host else "here, where the console runs")
    for name, value in plan.values:
        yield Field(name, value or "?", Ink.PLAIN if value else Ink.WARNING)
    if plan.script and plan.script.strip() not in plan.typed:
        for number, line in enumerate(plan.script.split("\n")):
            yield Field("runs there" if number == 0 else "", line)


def differs(shown: StepPlan, now: StepPlan) -> tuple[str, ...]:
    """How a plan differs from the one that was shown; safe to show, never empty."""
    found: list[str] = []
    for name, before, after in (
        ("command", shown.typed, now.typed),
        ("what runs there", shown.script, now.script),
        ("where", shown.where, now.where),
        ("rollback", shown.rollback or "none", now.rollback or "none"),
        ("ended after", f"{shown.timeout_s:g} s", f"{now.timeout_s:g} s"),
        ("effect", shown.effect.value, now.effect.value),
    ):
        if before != after:
            found.append(f"{name}: was {before}, is {after}")
    for name, value in now.values:
        was = dict(shown.values).get(name)
        if was is not None and was != value:
            found.append(f"{name}: was {was}, is {value}")
    found += _came("values", [one for one, _ in shown.values], [one for one, _ in now.values])
    found += _came("verified by", shown.expects, now.expects)
    found += _came("not known", shown.missing, now.missing)
    found += _came("refused", shown.refusals, now.refusals)
    found += _came("warning", shown.warnings, now.warnings)
    topics = [f"{one.topic}: {one.text}" for one in shown.around]
    found += _came("around it", topics, [f"{one.topic}: {one.text}" for one in now.around])
    return tuple(found) or ("only its age: it was shown too long ago to be answered",)


def _came(what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    yield from (f"{what}, new: {one}" for one in after if one not in before)
    yield from (f"{what}, gone: {one}" for one in before if one not in after)


class _Paged(Widget):
    """A question that takes the room there is, and whose plan is read page by page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown,ctrl+d", "page('page_down')", show=False),
        Binding("pageup,ctrl+u", "page('page_up')", show=False),
    ]

    def on_mount(self) -> None:
        self._take_room()

    def on_resize(self, event: events.Resize) -> None:
        self._take_room()

    def _take_room(self) -> None:
        for detail in self.query(FittedDetail):
            detail.styles.max_height = max(4, self.app.size.height - AROUND_IT)

    def action_page(self, where: str) -> None:
        """A page of the plan up or down."""
        detail = self.query_one(FittedDetail)
        (detail.action_page_down if where == "page_down" else detail.action_page_up)()


class PlanDialog(Dialog, _Paged):
    """A step that can be taken back: yes or no, with the cursor on Cancel."""

    DEFAULT_CSS: ClassVar[str] = """
    PlanDialog > Vertical {
        width: 100;
    }
    """

    def __init__(self, plan: StepPlan, changed: Sequence[str], *, clock: Clock) -> None:
        super().__init__(plan_title(plan), plan_parts(plan, changed), (RUN,), clock=clock)


class PlanConfirm(TypedConfirm, _Paged):
    """A step that disrupts or destroys: its word has to be typed."""

    DEFAULT_CSS: ClassVar[str] = """
    PlanConfirm > Vertical {
        width: 100;
    }
    """

    def __init__(self, plan: StepPlan, changed: Sequence[str], *, clock: Clock) -> None:
        super().__init__(plan_title(plan), plan_parts(plan, changed), plan.word, clock=clock)
        self.word = plan.word
        """What has to be typed."""


class Refused(Overlay):
    """A plan that cannot start: nothing to say yes to. `p` goes on to the values."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "values", show=False)]

    def __init__(self, plan: StepPlan) -> None:
        title = (*plan_title(plan), ("  cannot start", Ink.FIRING))
        super().__init__(title, plan_parts(plan))
        self.wants_values = False
        """It was left for the values that its command is given."""

    def action_values(self) -> None:
        """Leave for the values."""
        self.wants_values = True
        self.dismiss(None)


def glass_confirm(plan: StepPlan, why: str, *, clock: Clock) -> TypedConfirm:
    """A step of which no record can be written."""
    parts: tuple[Part, ...] = (
        Paragraph(why, Ink.WARNING),
        Blank(),
        *(Paragraph(f"  {line}", Ink.STRONG) for line in plan.typed.split("\n")),
        Blank(),
        Field("where", plan.where if plan.host else "here, where the console runs"),
        Field("record", "in this console's memory and in syslog, until it can be written"),
    )
    title = ((f"{plan.step} {where_text(plan)} without a record on disk", Ink.BREACHED),)
    return TypedConfirm(title, parts, GLASS, clock=clock)
