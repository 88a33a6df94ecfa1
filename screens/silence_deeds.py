"""What is done to silences that there are: end them, have them last longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from config.durations import EXPECTED, duration_of, duration_text
from console.model.alert import Silence
from console.model.snapshot import KnownAlert
from console.model.state import Priority
from console.model.wish import ExpireWish, ExtendWish
from console.model.words import clock_time, count_text, many
from console.safety.text import Raw, visible
from console.triage.priority import Priorities
from console.triage.silence_use import freed_by
from screens.frame import Frame
from widgets.confirm import TypedConfirm
from widgets.detail import Paragraph, Part
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

HOUR: Final = timedelta(hours=1)
LISTED: Final = 6
"""Lines of a question before the rest is only counted."""
URGENT: Final = (Priority.P0, Priority.P1)


def matchers_of(silence: Silence) -> str:
    """Its matchers in one line, safe to show."""
    return ", ".join(visible(one.written) for one in silence.matchers)


def expire(screen: Frame, silences: Sequence[Silence]) -> None:
    """Ask, and end `silences`."""
    if silences:
        screen.run_worker(_expire_if_sure(screen, tuple(silences)), exit_on_error=False)


async def _expire_if_sure(screen: Frame, silences: tuple[Silence, ...]) -> None:
    app = screen.console_app
    update = app.fresh
    if update is None:
        return
    freed = freed_by(silences, update.snapshot)
    priorities = Priorities(app.opened.loaded.policy)
    urgent = [known for known in freed if priorities.of(known.alert.labels) in URGENT]
    parts = _about(silences, freed, urgent, priorities)
    named = many(len(silences), "silence")
    if urgent:
        title = ((f"end {named}?", Ink.WARNING),)
        question = TypedConfirm(title, parts, f"expire {len(silences)}", clock=app.clock)
        sure = await app.push_screen_wait(question)
    else:
        choice = Choice("expire", f"End {named}", danger=True)
        dialog = Dialog(((f"end {named}?", Ink.WARNING),), parts, (choice,), clock=app.clock)
        sure = await app.push_screen_wait(dialog) == choice.id
    if sure:
        await app.wishes.submit(ExpireWish(silences), keys_of(silences))


def keys_of(silences: Sequence[Silence]) -> frozenset[str]:
    """By which they are drawn as being sent; as `SilenceUse.key`."""
    return frozenset(f"{one.cluster}/{one.id}" for one in silences)


def _named(silences: Sequence[Silence]) -> list[Part]:
    """Whose they are and what they match: the first, and how many more there are."""
    parts: list[Part] = []
    for one in silences[:LISTED]:
        who = visible(one.created_by, cells=20) or "nobody"
        parts.append(Paragraph(f"{who}: {matchers_of(one)}"))
    if len(silences) > LISTED:
        parts.append(Paragraph(f"and {count_text(len(silences) - LISTED)} more", Ink.MUTED))
    return parts


def _about(
    silences: Sequence[Silence],
    freed: Sequence[KnownAlert],
    urgent: Sequence[KnownAlert],
    priorities: Priorities,
) -> list[Part]:
    """The silences by name, and what fires again without them."""
    parts = _named(silences)
    if not freed:
        parts.append(Paragraph("No alert that is known fires again.", Ink.MUTED))
        return parts
    fires = "1 alert fires" if len(freed) == 1 else f"{count_text(len(freed))} alerts fire"
    parts.append(Paragraph(f"{fires} again, {count_text(len(urgent))} of P0 or P1:", Ink.WARNING))
    for known in sorted(freed, key=lambda one: priorities.of(one.alert.labels))[:LISTED]:
        level = priorities.of(known.alert.labels)
        where = visible(known.alert.labels.value_of("instance"), cells=30)
        parts.append(Paragraph(f"  {level} {visible(known.alert.name, cells=40)} {where}"))
    return parts


def extend(screen: Frame, silences: Sequence[Silence], typed: str = "") -> None:
    """Have `silences` end later, by an hour or by what was typed."""
    by = duration_of(typed.strip()) if typed.strip() else HOUR
    if by is None or not by:
        screen.say(f"{visible(typed, cells=30)} is not {EXPECTED}", warning=True)
        return
    why = _too_long(screen, silences, by)
    if why:
        screen.say(why, warning=True)
    elif silences:
        work = _extend_if_sure(screen, tuple(silences), by)
        screen.run_worker(work, exit_on_error=False)


async def _extend_if_sure(screen: Frame, silences: tuple[Silence, ...], by: timedelta) -> None:
    """Ask where one of them is somebody else's: it hides alerts in their name for longer."""
    app = screen.console_app
    me = Raw(app.opened.who.name)
    others = [one for one in silences if one.created_by != me]
    if others:
        lasts = duration_text(by)
        question = Dialog(
            ((f"extend what is not yours by {lasts}?", Ink.WARNING),),
            _named(others),
            (Choice("extend", f"Extend {many(len(silences), 'silence')}"),),
            clock=app.clock,
        )
        if await app.push_screen_wait(question) != "extend":
            return
    await app.wishes.submit(ExtendWish(silences, by), keys_of(silences))


def _too_long(screen: Frame, silences: Sequence[Silence], by: timedelta) -> str:
    """Which of them would last longer than the settings allow; empty where none would."""
    app = screen.console_app
    now, longest = app.clock.now().wall, app.opened.loaded.settings.silences.longest
    for one in silences:
        if one.ends_at - max(now, one.starts_at) > longest - by:
            ends = clock_time(one.ends_at, now)
            most = duration_text(longest)
            return f"the one until {ends} would last longer than {most}, which the settings allow"
    return ""
