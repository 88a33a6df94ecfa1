"""`oncall silences`: every silence, what it holds and when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from console.cli.chosen import Chosen, source_options
from console.cli.document import Document, sick
from console.cli.once import ascii_wanted, filter_or_exit, look, output_options
from console.cli.table import Cell, Column, Ink, paper_for, put
from console.model.alert import SilenceState
from console.model.snapshot import Snapshot
from console.model.words import age_text, count_text
from console.safety.jsontext import json_text
from console.safety.text import Raw, visible
from console.triage.silence_use import SilenceUse, silence_uses

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
    is_ack: bool
    matchers: tuple[Raw, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: Raw
    comment: Raw
    holds: int | None
    """Alerts that it keeps quiet now; `null` where that is not known."""


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
    live, _ = silence_uses(snapshot, looked.loaded.policy.ack_prefixes)
    found = [one for one in live if kept.matches_silence(one) and (one.is_unused or not unused)]
    if as_json:
        put(json_text(_document(snapshot, filter_text, found)))
        return
    paper = paper_for(ascii_wanted(looked.loaded, chosen))
    now = snapshot.at.wall
    rows = [
        [
            Cell("ack" if one.is_ack else one.silence.state.value, _quiet(one)),
            Cell(age_text(one.silence.ends_at - now)),
            _holds(one),
            Cell(one.silence.created_by),
            Cell(" ".join(visible(matcher.written) for matcher in one.silence.matchers)),
            Cell(one.silence.comment),
            Cell(one.silence.id, "dim"),
        ]
        for one in found
    ]
    put("\n".join(paper.table(COLUMNS, rows) if rows else ["no silence matches"]))


def _holds(use: SilenceUse) -> Cell:
    if use.is_unused:
        return Cell("unused", "yellow")
    return Cell("not known" if use.holds is None else count_text(use.holds), _quiet(use))


def _quiet(use: SilenceUse) -> Ink:
    return "dim" if use.stale or use.silence.state is SilenceState.PENDING else ""


def _document(snapshot: Snapshot, text: str, found: Sequence[SilenceUse]) -> SilencesDocument:
    return SilencesDocument(
        environment=snapshot.environment,
        at=snapshot.at.wall,
        complete=snapshot.complete,
        filter=text,
        silences=tuple(
            SilenceFacts(
                id=one.silence.id,
                cluster=one.silence.cluster,
                state=one.silence.state,
                is_ack=one.is_ack,
                matchers=tuple(matcher.written for matcher in one.silence.matchers),
                starts_at=one.silence.starts_at,
                ends_at=one.silence.ends_at,
                created_by=one.silence.created_by,
                comment=one.silence.comment,
                holds=one.holds,
            )
            for one in found
        ),
        sick_sources=tuple(source.name for source in sick(snapshot)),
    )
