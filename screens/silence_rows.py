"""How silences are drawn in a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from console.model.snapshot import Snapshot, SourceHealth, SourceKind
from console.model.state import State
from console.model.words import age_text, count_text, countdown_text
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.silence_use import SilenceUse
from widgets.columns import Column
from widgets.paint import Span, Spans
from widgets.theme import Ink

SOON: Final = timedelta(minutes=15)
"""A silence that ends within this is drawn as a warning."""


def is_dimmed(use: SilenceUse) -> bool:
    """What nobody needs, and what nobody vouches for."""
    return use.ended or use.stale or use.is_unused


def silence_columns(
    is_sending: Callable[[str], bool], *, clusters: bool
) -> tuple[Column[SilenceUse], ...]:
    """The columns. Those that change with time alone stand leftmost.

    Args:
        is_sending: whether something about the silence of that key is being sent.
        clusters: whether there are several, so that each silence has to tell its own.
    """

    def state(use: SilenceUse, _: Instant) -> Spans:
        if is_sending(use.key):
            return (("sending", Ink.WARNING),)
        if use.ended:
            return (("ended", Ink.MUTED),)
        if use.is_ack:
            return (("ack", Ink.PLAIN),)
        return ((use.silence.state.value, Ink.PLAIN),)

    return (
        Column("ENDS IN", _ends, width=7, priority=100, volatile=True, align="right"),
        Column("AGE", _age, width=6, priority=60, volatile=True, align="right"),
        Column("STATE", state, width=7, priority=90),
        Column("HOLDS", _holds, width=6, priority=95, align="right"),
        Column("WHO", _who, width=6, flex=1, most=14, priority=80),
        Column("MATCHERS", _matchers, width=20, flex=4, priority=99),
        Column("COMMENT", _comment, width=12, flex=3, priority=70),
        *((_CLUSTER,) if clusters else ()),
    )


def _ends(use: SilenceUse, now: Instant) -> Spans:
    if use.ended:
        return ((f"{use.silence.ends_at.astimezone():%H:%M}", Ink.MUTED),)
    left = use.silence.ends_at - now.wall
    if left < timedelta(0):
        return (("over", Ink.MUTED),)
    return ((countdown_text(left), Ink.WARNING if left < SOON else Ink.PLAIN),)


def _age(use: SilenceUse, now: Instant) -> Spans:
    since = now.wall - use.silence.starts_at
    if since < timedelta(0):
        return ((f"+{countdown_text(-since)}", Ink.MUTED),)
    return ((age_text(since, coarse=True), Ink.MUTED),)


def _holds(use: SilenceUse, _: Instant) -> Spans:
    if use.is_unused:
        return (("unused", Ink.WARNING),)
    if use.holds is None:
        return (("-" if use.ended or not use.stale else "?", Ink.MUTED),)
    return ((count_text(use.holds), Ink.STRONG),)


def _who(use: SilenceUse, _: Instant) -> Spans:
    return ((use.silence.created_by, Ink.PLAIN),) if use.silence.created_by else (("-", Ink.MUTED),)


def _matchers(use: SilenceUse, _: Instant) -> Spans:
    spans: list[Span] = []
    for one in use.silence.matchers:
        if spans:
            spans.append((" ", Ink.PLAIN))
        spans.append((one.written, Ink.STRONG))
    return spans


def _comment(use: SilenceUse, _: Instant) -> Spans:
    return ((use.silence.comment, Ink.PLAIN),)


_CLUSTER: Final = Column[SilenceUse](
    "CLUSTER", lambda use, _: ((use.silence.cluster, Ink.MUTED),), width=8, flex=1, most=16,
    priority=50,
)  # fmt: skip


def dark_clusters(snapshot: Snapshot, now: Instant) -> str:
    """The clusters that do not answer, and how old what is known of them is; empty for none."""
    said = []
    for one in snapshot.whole_sources:
        if one.kind is not SourceKind.ALERTMANAGER or one.state is State.OK:
            continue
        said.append(f"{one.name} does not answer: its silences {_as_of(one, now)}")
    return "; ".join(said)


def _as_of(source: SourceHealth, now: Instant) -> str:
    if source.last_ok is None:
        return "have not been read yet"
    return f"are those of {age_text(now.since(source.last_ok), coarse=True)} ago"


def nothing_there(snapshot: Snapshot, *, hidden: int) -> tuple[Spans, ...]:
    """What an empty list means."""
    if hidden:
        return ((("  no silence matches the filter; esc clears it", Ink.MUTED),),)
    clusters = [one for one in snapshot.whole_sources if one.kind is SourceKind.ALERTMANAGER]
    if snapshot.complete and not clusters:
        said = "  there is no Alertmanager among the sources, so there are no silences"
        return (((said, Ink.UNKNOWN),),)
    if not snapshot.complete or any(one.last_ok is None for one in clusters):
        return ((("  the silences have not been read yet", Ink.UNKNOWN),),)
    key: Raw | str = "  s on a row of triage makes one"
    return ((("  nothing is silenced", Ink.OK),), ((key, Ink.MUTED),))
