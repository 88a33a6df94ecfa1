"""When and How as the events tell them, so that a person has to write only What and Why.

Pure: of the same incident and the same entries always the same lines. They stand in sections of
the person's, between marks (`console.journal.body.with_account`), and are made anew each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from config.durations import duration_text
from console.journal.language import Language, word
from console.journal.timeline import MAX_NAME_CELLS, Entry, entry_line, moment
from console.model.event import EventKind
from console.model.incident import Detection, Incident, clocks_of
from console.model.markdown import code, escaped
from console.safety.text import visible

MOST: Final = 60
"""Lines of what was done; the timeline has the others."""
_DONE: Final = {
    EventKind.ACKED: "acked",
    EventKind.UNACKED: "unacked",
    EventKind.HANDED_OVER: "handed over",
    EventKind.SILENCED: "silenced",
    EventKind.UNSILENCED: "unsilenced",
    EventKind.UNDONE: "undone",
    EventKind.STORM: "storm",
    EventKind.RELEASE: "release",
    EventKind.SHELL: "shell",
    EventKind.NOTE: "note",
    EventKind.UPDATE: "update",
    EventKind.CHANGE: "of-change",
    EventKind.STEP: "step",
}
"""What belongs into How, and what it is called there."""
_SAID_BY_ITSELF: Final = frozenset({EventKind.ACKED, EventKind.UNACKED, EventKind.UNSILENCED})
"""Their text says no more than what they are called."""
_NOTICED: Final = {
    Detection.ALERT: "by-alert",
    Detection.USER: "by-user",
    Detection.OTHER: "by-other",
}


def account_of_when(
    incident: Incident, entries: Iterable[Entry], language: Language
) -> Iterator[str]:
    """Its times in UTC and how long each thing took, one a line of a list; who acked it."""
    clocks = clocks_of(incident)
    for name, label, taken in (
        ("started", "", None),
        ("detected", "TTD", clocks.to_detect),
        ("acknowledged", "TTA", clocks.to_acknowledge),
        ("mitigated", "TTM", clocks.to_mitigate),
        ("resolved", "TTR", clocks.to_resolve),
        ("closed", "", None),
    ):
        at = getattr(incident, name)
        if at is None:
            continue
        parts = [f"- **{word(name, language)}**: {moment(at)}"]
        if name == "acknowledged" and (who := _acked_by(entries)):
            parts.append(escaped(visible(who, cells=MAX_NAME_CELLS)))
        if taken is not None:
            parts.append(f"({label} {duration_text(taken)})")
        yield " ".join(parts)


def account_of_how(
    incident: Incident, entries: Iterable[Entry], language: Language
) -> Iterator[str]:
    """How it was noticed and what was done about it, the earliest first."""
    known = list(dict.fromkeys(sorted(entries, key=lambda one: one.event.at)))
    noticed = _noticed(incident, known, language)
    if noticed:
        yield noticed
    done = [one for one in known if one.event.kind in _DONE]
    for entry in done[:MOST]:
        what = word(_DONE[entry.event.kind], language)
        if entry.event.kind in _SAID_BY_ITSELF:
            event = msgspec.structs.replace(entry.event, text="")
            entry = msgspec.structs.replace(entry, event=event)
        yield entry_line(entry, what, language)
    if len(done) > MOST:
        yield f"- {len(done) - MOST:,} {word('rest', language)}"


def _noticed(incident: Incident, known: list[Entry], language: Language) -> str:
    fired = next((one.event for one in known if one.event.kind is EventKind.FIRED), None)
    by = incident.detected_by or (Detection.ALERT if fired is not None else None)
    if by is None:
        return ""
    at = incident.detected
    if by is Detection.ALERT and fired is not None:
        at = fired.at
    parts = ["-"] if at is None else [f"- {moment(at)}"]
    parts.append(f"**{word(_NOTICED[by], language)}**")
    if by is Detection.ALERT and fired is not None:
        parts.append(code(visible(fired.subject, cells=MAX_NAME_CELLS)))
    elif by is not Detection.ALERT and incident.reporter:
        parts.append(f"({escaped(visible(incident.reporter, cells=MAX_NAME_CELLS))})")
    return " ".join(parts)


def _acked_by(entries: Iterable[Entry]) -> str:
    acked = [one.event for one in entries if one.event.kind is EventKind.ACKED and one.event.who]
    return min(acked, key=lambda one: one.at).who if acked else ""
