"""`oncall silences`: every silence, what it holds and when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from console.cli.chosen import Chosen, source_options
from console.cli.document import Document, sick
from console.cli.once import ascii_wanted, filter_or_exit, look, output_options
from console.cli.table import Cell, Column, paper_for, put
from console.model.alert import Silence, SilenceState
from console.model.snapshot import Snapshot
from console.model.words import age_text, count_text
from console.safety.jsontext import json_text
from console.safety.text import visible

COLUMNS = (
    Column("STATE"),
    Column("ENDS", "right"),
    Column("HOLDS", "right"),
    Column("OWNER", least=6),
    Column("MATCHERS", least=20),
    Column("COMMENT", least=10),
    Column("ID"),
)


class SilenceFacts(msgspec.Struct, frozen=True):
    """One silence as `oncall silences --json` prints it."""

    id: str
    cluster: str
    state: SilenceState
    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    holds: int
    """Firing alerts that it keeps quiet now."""


class SilencesDocument(Document, frozen=True, kw_only=True):
    """What `oncall silences --json` prints."""

    silences: tuple[SilenceFacts, ...]
    sick_sources: tuple[str, ...]
    """Sources without a usable answer: what they hold is as last known."""


@click.command()
@click.option("--unused", is_flag=True, help="Only those that hold nothing now.")
@output_options
@source_options
def silences(unused: bool, as_json: bool, filter_text: str, chosen: Chosen) -> None:
    """Every silence: what it holds, when it ends, whose it is. Acks are silences too."""
    kept = filter_or_exit(filter_text)
    looked = look(chosen)
    snapshot = looked.update.snapshot
    holds = held_by_silences(snapshot)
    found = [
        one
        for one in snapshot.silences
        if kept.matches_silence(one) and not (unused and holds[one.cluster, one.id])
    ]
    found.sort(key=lambda one: one.ends_at)
    if as_json:
        put(json_text(_document(snapshot, filter_text, found, holds)))
        return
    paper = paper_for(ascii_wanted(looked.loaded, chosen))
    now = snapshot.at.wall
    rows = [
        [
            Cell(one.state.value, "dim" if one.state is SilenceState.PENDING else ""),
            Cell(age_text(one.ends_at - now)),
            _holds(holds[one.cluster, one.id], one),
            Cell(one.created_by),
            Cell(" ".join(visible(matcher.written) for matcher in one.matchers)),
            Cell(one.comment),
            Cell(one.id, "dim"),
        ]
        for one in found
    ]
    put("\n".join(paper.table(COLUMNS, rows) if rows else ["no silence matches"]))


def held_by_silences(snapshot: Snapshot) -> Counter[tuple[str, str]]:
    """How many alerts each silence keeps quiet, by its cluster and id."""
    clusters = {one.id: one.cluster for one in snapshot.silences}
    return Counter(
        (clusters.get(silence_id, known.alert.cluster), silence_id)
        for known in snapshot.alerts
        for silence_id in known.silences
    )


def _holds(count: int, one: Silence) -> Cell:
    if count or one.state is SilenceState.PENDING:
        return Cell(count_text(count))
    return Cell("unused", "yellow")


def _document(
    snapshot: Snapshot, text: str, found: Sequence[Silence], holds: Counter[tuple[str, str]]
) -> SilencesDocument:
    return SilencesDocument(
        environment=snapshot.environment,
        at=snapshot.at.wall,
        complete=snapshot.complete,
        filter=text,
        silences=tuple(
            SilenceFacts(
                id=one.id,
                cluster=one.cluster,
                state=one.state,
                matchers=tuple(matcher.written.exact for matcher in one.matchers),
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                created_by=one.created_by.exact,
                comment=one.comment.exact,
                holds=holds[one.cluster, one.id],
            )
            for one in found
        ),
        sick_sources=tuple(source.name for source in sick(snapshot)),
    )
