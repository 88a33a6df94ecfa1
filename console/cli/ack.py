"""`oncall ack` and `oncall unack`: take alerts, and give them up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from config.load import Loaded
from console.cli.acting import (
    NO_ANSWER,
    Deed,
    Do,
    act_and_exit,
    acting_options,
    confirmed,
    duration_or_exit,
    filter_words,
)
from console.cli.chosen import Chosen, source_options
from console.cli.once import filter_or_exit
from console.engine.handover import owners_text
from console.model.acting import Ended, Outcome
from console.model.alert import Ack
from console.model.plan_words import kept_here, plan_lines
from console.model.snapshot import KnownAlert
from console.model.update import Update
from console.model.wish import AckWish, UnackWish
from console.model.words import count_text, many
from console.safety.text import Raw, visible
from console.triage.filter import Filter
from console.triage.silence_use import held_beyond

if TYPE_CHECKING:
    from console.engine.engine import Engine


@click.command()
@click.argument("words", nargs=-1, metavar="FILTER...")
@click.option("-m", "--note", default="", metavar="TEXT", help="Why, or what you are doing.")
@click.option("--for", "lasts", metavar="DURATION", help="How long it lasts; 60m where not said.")
@acting_options
@source_options
def ack(
    words: tuple[str, ...], note: str, lasts: str | None, dry_run: bool, as_json: bool,
    chosen: Chosen,
) -> None:  # fmt: skip
    """Take the alerts that FILTER matches: others see that they are yours.

    FILTER is what `/` takes in the console. Only the alerts that it matches are taken, not the
    rows around them; those that somebody has are left as they are.
    """
    text = filter_words(words)
    kept = filter_or_exit(text)
    wished = duration_or_exit(lasts, "--for")
    act_and_exit(
        chosen,
        lambda loaded: _acking(kept, note, wished, dry_run=dry_run),
        dry_run=dry_run,
        as_json=as_json,
        filter_text=text,
    )


@click.command()
@click.argument("words", nargs=-1, metavar="FILTER...")
@click.option("--mine", is_flag=True, help="Only what you have acked yourself.")
@click.option("--yes", is_flag=True, help="Other people's too, without being asked.")
@acting_options
@source_options
def unack(
    words: tuple[str, ...], mine: bool, yes: bool, dry_run: bool, as_json: bool, chosen: Chosen
) -> None:
    """Give up the acks on the alerts that FILTER matches; asks about other people's."""
    text = filter_words(words)
    kept = filter_or_exit(text)

    def do(loaded: Loaded) -> Do:
        return _unacking(kept, mine=mine, yes=yes, dry_run=dry_run)

    act_and_exit(chosen, do, dry_run=dry_run, as_json=as_json, filter_text=text)


def _acking(kept: Filter, note: str, lasts: timedelta | None, *, dry_run: bool) -> Do:
    async def do(engine: Engine, update: Update) -> Deed:
        rows = [row for row in update.worklist.unfolded if kept.matches_row(row)]
        alerts = tuple(known for row in rows for known in kept.alerts_of(row) if known.ack is None)
        parts = tuple(part for row in rows if not row.acks for part in row.parts)
        count = len(alerts) + len(parts)
        if not count:
            taken = sum(row.acked_count for row in rows)
            why = f"; {count_text(taken)} that match are acked already" if taken else ""
            return Deed(0, lines=(f"nothing to ack matches{why}",))
        wish = AckWish(alerts, parts, note, lasts)
        if dry_run:
            plan = await engine.acting.plan(wish)
            local = tuple(part.key for part in parts)
            return Deed(count, plan=plan, lines=(*plan_lines(plan), *map(kept_here, local)))
        return Deed(count, await engine.acting.submit(wish))

    return do


def _unacking(kept: Filter, *, mine: bool, yes: bool, dry_run: bool) -> Do:
    async def do(engine: Engine, update: Update) -> Deed:
        found: dict[tuple[str, str], Ack] = {}
        meant: list[KnownAlert] = []
        for row in update.worklist.unfolded:
            if not kept.matches_row(row):
                continue
            meant += kept.alerts_of(row)
            of_alerts = [one.ack for one in kept.alerts_of(row) if one.ack is not None]
            for ack in (*of_alerts, *(one for one in row.acks if one.is_local)):
                found[ack.cluster, ack.silence_id] = ack
        acks = tuple(
            one for one in found.values() if not mine or one.owner == Raw(engine.acting.who)
        )
        if not acks:
            return Deed(0, lines=("no ack matches",))
        if dry_run:
            return Deed(len(acks), lines=tuple(map(_would_give_up, acks)))
        reasons = _why_ask(acks, meant, engine.acting.who, update)
        if engine.acting.acts and not confirmed(reasons, yes=yes, dry_run=dry_run):
            return Deed(len(acks), Outcome(Ended.DENIED, NO_ANSWER))
        return Deed(len(acks), await engine.acting.submit(UnackWish(acks)))

    return do


def _why_ask(
    acks: Sequence[Ack], meant: Sequence[KnownAlert], me: str, update: Update
) -> tuple[str, ...]:
    """What a person should know of before these acks are given up."""
    others = [one for one in acks if one.owner != Raw(me)]
    beyond = held_beyond(acks, meant, update.snapshot)
    reasons = [f"{many(len(others), 'ack')} of {owners_text(others)}"] if others else []
    if beyond:
        reasons.append(f"{many(beyond, 'alert')} that do not match are held by them too")
    return tuple(reasons)


def _would_give_up(ack: Ack) -> str:
    owner, note = visible(ack.owner, cells=60), visible(ack.note, cells=120)
    return f"would un-ack {visible(ack.silence_id, cells=80)} of {owner}: {note}"
