"""`oncall handover`: what the next shift takes over, as Markdown or JSON; and taking it over."""

from __future__ import annotations

import getpass
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from config.identity import identity_of
from config.load import Loaded
from config.rota import OnCall
from console.cli.acting import Deed, Do, act_and_exit, acting_options
from console.cli.chosen import EXIT_USAGE, Chosen, narrate, source_options
from console.cli.document import Document
from console.cli.facts import RowFacts, SourceFacts, row_facts, seconds_of, source_facts
from console.cli.handover_papers import JournalFacts, journal_facts
from console.cli.handover_runs import HandedRunFacts, handed_run_facts
from console.cli.once import look
from console.cli.table import put
from console.engine.handover import Handover, Happened, TakenAck, handover_of, owners_text
from console.engine.handover_markdown import markdown_of
from console.engine.handover_runs import NO_RUNS, told_runs
from console.model.saying import texts_of
from console.model.update import Update
from console.model.wish import HandOverWish
from console.model.words import many
from console.model.worklist import Step
from console.safety.clock import Instant
from console.safety.jsontext import json_text
from console.safety.text import Raw, visible
from console.triage.silence_use import SilenceUse

if TYPE_CHECKING:
    from console.engine.engine import Engine

_CLOCKS = {Step.ACK: "respond", Step.FIX: "resolve", Step.DUE: "due"}


class HandedAck(msgspec.Struct, frozen=True):
    """One ack that is handed over."""

    owner: Raw
    since: datetime
    until: datetime
    note: Raw
    cluster: str
    """Empty for one that is kept in the shared folder."""
    silence_id: str
    mine: bool


class AckedRow(msgspec.Struct, frozen=True):
    """A row that somebody has, and with which acks."""

    row: RowFacts
    acks: tuple[HandedAck, ...]


class BreachedRow(msgspec.Struct, frozen=True):
    """A row of which a deadline has passed."""

    row: RowFacts
    respond_late_seconds: float | None
    """`null`: that deadline has not passed, or somebody responded."""
    resolve_late_seconds: float | None
    due_late_seconds: float | None = None
    """Of what an incident or a change asks for; `null` for other rows."""


class EndingSilence(msgspec.Struct, frozen=True):
    """A silence that ends before the next shift does."""

    id: str
    cluster: str
    state: str
    matchers: tuple[Raw, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: Raw
    comment: Raw
    holds: int | None


class HandoverDocument(Document, frozen=True, kw_only=True):
    """What `oncall handover --json` prints."""

    zone: str
    on_call: OnCall | None
    """`null`: the settings have no rota."""
    next_shift_ends: datetime
    untaken: tuple[RowFacts, ...]
    acked: tuple[AckedRow, ...]
    idle_acks: tuple[HandedAck, ...]
    breached: tuple[BreachedRow, ...]
    breached_old: int
    """Rows folded for their age of which a deadline has passed too."""
    silences_ending: tuple[EndingSilence, ...]
    sick_sources: tuple[SourceFacts, ...]
    shift: Happened | None
    not_known: tuple[str, ...]
    journal: JournalFacts
    """Of the journal and the calendar."""
    runs: tuple[HandedRunFacts, ...]
    """Of runbooks: those that are open on this machine, then those of the shift."""


@click.command()
@click.option("--accept", is_flag=True, help="Take over: all acks but yours become yours.")
@acting_options
@source_options
def handover(accept: bool, dry_run: bool, as_json: bool, chosen: Chosen) -> None:
    """What one shift leaves to the next: Markdown for a chat or a file.

    Who is on call now and next with their phones, what fires that nobody has taken, what is
    acked and still fires, breached clocks, open incidents, what is owed, changes, freezes and
    silences that begin or end before the next shift does, and what is not known.
    """
    if accept:
        act_and_exit(
            chosen,
            lambda loaded: _accepting(loaded, dry_run=dry_run),
            dry_run=dry_run,
            as_json=as_json,
            filter_text="",
        )
        return
    if dry_run:
        narrate("--dry-run says what --accept would do: give both")
        sys.exit(EXIT_USAGE)
    told = NO_RUNS

    async def ask_for_runs(engine: Engine) -> None:
        nonlocal told
        told = await told_runs(engine)

    looked = look(chosen, ask_for_runs)
    me = identity_of(looked.loaded.settings, getpass.getuser()).name
    at = looked.update.snapshot.at
    found = handover_of(looked.update, looked.loaded, at.wall, me, told)
    if as_json:
        put(json_text(_document(found, looked.update)))
    else:
        put(markdown_of(found))


def _accepting(loaded: Loaded, *, dry_run: bool) -> Do:
    async def do(engine: Engine, update: Update) -> Deed:
        me = engine.acting.who
        found = handover_of(update, loaded, update.snapshot.at.wall, me)
        acks = found.acceptable
        if not acks:
            why = "all acks are yours already" if found.acks else "nobody has acked anything"
            return Deed(0, lines=(f"nothing to take over: {why}",))
        what = f"{many(len(acks), 'ack')} from {owners_text(acks)}"
        if dry_run:
            listed = (
                f"would take over {visible(ack.silence_id, cells=80)} "
                f"of {visible(ack.owner, cells=60)}: {visible(ack.note, cells=120)}"
                for ack in acks
            )
            return Deed(len(acks), lines=(f"would take over {what}", *listed))
        outcome = await engine.acting.submit(HandOverWish(acks, me))
        return Deed(len(acks), outcome, lines=(f"take over {what}",))

    return do


def _document(found: Handover, update: Update) -> HandoverDocument:
    snapshot = update.snapshot
    at = snapshot.at
    return HandoverDocument(
        environment=found.environment,
        at=at.wall,
        complete=snapshot.complete,
        filter="",
        zone=found.zone,
        on_call=found.duty,
        next_shift_ends=found.until,
        untaken=tuple(row_facts(row, at) for row in found.untaken),
        acked=tuple(
            AckedRow(row_facts(one.row, at), tuple(map(_ack, one.acks))) for one in found.taken
        ),
        idle_acks=tuple(map(_ack, found.idle_acks)),
        breached=_breached(found, at),
        breached_old=found.breached_old,
        silences_ending=tuple(map(_ending, found.ending)),
        sick_sources=tuple(source_facts(source, at) for source in found.sick),
        shift=found.happened,
        not_known=texts_of((*found.doubts, *found.papers.doubts)),
        journal=journal_facts(found.papers, at.wall),
        runs=handed_run_facts(found.runs),
    )


def _ack(taken: TakenAck) -> HandedAck:
    ack = taken.ack
    return HandedAck(
        owner=ack.owner,
        since=ack.since,
        until=ack.until,
        note=ack.note,
        cluster=ack.cluster,
        silence_id=ack.silence_id,
        mine=taken.mine,
    )


def _breached(found: Handover, at: Instant) -> tuple[BreachedRow, ...]:
    rows = []
    for one in found.breached:
        late = {_CLOCKS[step]: seconds_of(by) for step, by in one.late}
        row = row_facts(one.row, at)
        rows.append(BreachedRow(row, late.get("respond"), late.get("resolve"), late.get("due")))
    return tuple(rows)


def _ending(use: SilenceUse) -> EndingSilence:
    silence = use.silence
    return EndingSilence(
        id=silence.id,
        cluster=silence.cluster,
        state=silence.state.value,
        matchers=tuple(matcher.written for matcher in silence.matchers),
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        created_by=silence.created_by,
        comment=silence.comment,
        holds=use.holds,
    )
