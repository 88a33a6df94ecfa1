"""Who has a row, who keeps their ack alive, and which silence let it through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic, plain
from console.model.acting import Acting, Extender, HeldAck
from console.model.alert import Ack, Silence
from console.model.snapshot import Cell, Snapshot, Standing
from console.model.words import age_text, clock_time
from console.model.worklist import Row
from console.safety.text import Raw, visible

NOBODY_ACTS: Final = Acting()
ACKS_SHOWN: Final = 3


def work_lines(
    row: Row, cell: Cell | None, snapshot: Snapshot, acting: Acting
) -> Iterator[EvidenceLine]:
    """One line an ack, or who it belongs to; and the silence that ended and let it fire."""
    alike: dict[tuple[Raw, Raw, str], list[Ack]] = {}
    for ack in row.acks:
        alike.setdefault((ack.owner, ack.note, ack.intent), []).append(ack)
    for number, same in enumerate(list(alike.values())[:ACKS_SHOWN]):
        # One key press on many alerts may have taken several silences; the first to end counts.
        ack = min(same, key=lambda one: one.until)
        yield _ack_line(row, ack, snapshot, acting.of(ack), number)
    if not row.acks:
        if row.standing is not Standing.FIRING:
            yield plain(Topic.WORK, f"nobody; it is {row.standing.value}", Tone.MUTED)
        elif cell is not None and cell.service.owner:
            owner = visible(cell.service.owner, cells=40)
            pieces = (Piece(f"nobody; it belongs to {owner}", Tone.MUTED),)
            yield EvidenceLine(Topic.WORK, pieces, rank=1)
    if row.ended is not None:
        yield _ended_line(row.ended, snapshot)


def _ack_line(
    row: Row, ack: Ack, snapshot: Snapshot, held: HeldAck | None, number: int
) -> EvidenceLine:
    some = f"{row.acked_count} of {row.count} by " if row.acked_count < row.count else ""
    pieces = [Piece(some, Tone.MUTED), Piece(ack.owner, Tone.STRONG)]
    if ack.unsent:
        pieces.append(Piece(f" not sent: {visible(ack.unsent, cells=80)}", Tone.WARNING))
    elif not ack.is_local:
        pieces.append(Piece(f" until {clock_time(ack.until, snapshot.at.wall)}", Tone.MUTED))
    if held is not None and not ack.is_local:
        tone = Tone.WARNING if held.extended_by is Extender.NOBODY else Tone.MUTED
        pieces.append(Piece(f", {_kept_by(held)}", tone))
    if held is not None and held.is_old:
        pieces.append(Piece(", long ago", Tone.WARNING))
    if ack.note:
        pieces += [Piece(", ", Tone.MUTED), Piece(ack.note)]
    return EvidenceLine(Topic.WORK, tuple(pieces), since=ack.since, rank=number)


def _kept_by(held: HeldAck) -> str:
    if held.extended_by is Extender.NOBODY:
        return "nobody extends it"
    if held.extended_by is Extender.CONSOLE:
        return "extended while this console is open"
    return f"extended by {held.extended_by.value}"


def _ended_line(silence: Silence, snapshot: Snapshot) -> EvidenceLine:
    ago = age_text(snapshot.at.wall - silence.ends_at)
    pieces = (
        Piece(f"the {'ack' if silence.is_ack else 'silence'} of ", Tone.WARNING),
        Piece(silence.created_by, Tone.STRONG),
        Piece(f" ended {ago} ago", Tone.WARNING),
        Piece(": " if silence.comment else "", Tone.WARNING),
        Piece(silence.comment),
    )
    return EvidenceLine(Topic.WORK, pieces, rank=ACKS_SHOWN)
