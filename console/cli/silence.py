"""`oncall silence` and `oncall unsilence`: make silences, and end them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from config.durations import duration_text
from config.load import Loaded
from console.cli.acting import (
    NO_ANSWER,
    Deed,
    Do,
    act_and_exit,
    acting_options,
    clock_text,
    confirmed,
    filter_words,
)
from console.cli.chosen import EXIT_USAGE, Chosen, narrate, settings_or_exit, source_options
from console.cli.once import filter_or_exit
from console.model.acting import Ended, Outcome
from console.model.alert import Silence
from console.model.state import Priority
from console.model.update import Update
from console.model.wish import ExpireWish, SilenceWish
from console.model.words import count_text, many
from console.safety.clock import SystemClock
from console.safety.text import visible
from console.triage.filter import Filter
from console.triage.priority import Priorities
from console.triage.silence_use import SilenceUse, freed_by, silence_uses

if TYPE_CHECKING:
    from console.engine.engine import Engine


@click.command()
@click.argument("matchers", nargs=-1, metavar="MATCHER...")
@click.option("--for", "lasts", metavar="DURATION", help="For how long: 90m, 1h30m, 2d.")
@click.option("--until", metavar="TIME", help="Until when: 09:00, '2026-11-23 09:00'.")
@click.option("-m", "--comment", default="", metavar="TEXT", help="Why; it is asked for.")
@click.option("--template", metavar="NAME", help="Begin with this one of the settings.")
@click.option("--cluster", "clusters", multiple=True, help="Only there. Repeatable.")
@click.option("--yes", is_flag=True, help="Silence P0, P1 or many alerts without being asked.")
@acting_options
@source_options
def silence(
    matchers: tuple[str, ...], lasts: str | None, until: str | None, comment: str,
    template: str | None, clusters: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool,
    chosen: Chosen,
) -> None:  # fmt: skip
    """Silence whatever all MATCHERs match: 'alertname="DiskFull"' 'instance=~"db-.*"'."""
    from console.actions.silences.form import Typed, from_template, judge, terms_of

    loaded = settings_or_exit(chosen)
    settings = loaded.settings
    typed = Typed(lasts="")
    if template is not None:
        found = next((one for one in settings.silences.templates if one.name == template), None)
        if found is None:
            names = ", ".join(one.name for one in settings.silences.templates) or "there are none"
            narrate(f"--template {visible(template, cells=40)}: expected one of: {names}")
            sys.exit(EXIT_USAGE)
        typed = from_template(found, clusters)
    wanted = lasts or (f"until {until}" if until and ":" in until[:6] else until) or typed.lasts
    typed = msgspec.structs.replace(
        typed,
        matchers=(*typed.matchers, *matchers),
        lasts=wanted or _usual(loaded),
        clusters=clusters or ("every cluster",),
        comment=comment or typed.comment,
    )
    judged = judge(typed, terms_of(settings, loaded.policy), SystemClock().now().wall)
    if judged.faults or judged.ends_at is None:
        narrate(*(visible(fault.text) for fault in judged.faults))
        sys.exit(EXIT_USAGE)
    wish = SilenceWish(clusters, judged.matchers, None, judged.ends_at, typed.comment)
    act_and_exit(
        chosen,
        lambda _: _silencing(wish, loaded, yes=yes, dry_run=dry_run),
        dry_run=dry_run,
        as_json=as_json,
        filter_text=" ".join(visible(one.written) for one in judged.matchers),
    )


@click.command()
@click.argument("words", nargs=-1, metavar="FILTER|ID...")
@click.option("--unused", is_flag=True, help="Only those that hold nothing now.")
@click.option("--yes", is_flag=True, help="Let P0 or P1 fire again without being asked.")
@acting_options
@source_options
def unsilence(
    words: tuple[str, ...], unused: bool, yes: bool, dry_run: bool, as_json: bool, chosen: Chosen
) -> None:
    """End the silences that FILTER matches, or that have one of these ids. Acks are left."""
    text = filter_words(words) if not unused or words else ""
    kept = filter_or_exit(text)

    def do(loaded: Loaded) -> Do:
        return _unsilencing(words, kept, loaded, unused, yes=yes, dry_run=dry_run)

    act_and_exit(chosen, do, dry_run=dry_run, as_json=as_json, filter_text=text)


def _usual(loaded: Loaded) -> str:
    return duration_text(loaded.settings.silences.lasts)


def _silencing(wish: SilenceWish, loaded: Loaded, *, yes: bool, dry_run: bool) -> Do:
    from console.actions.silences.form import why_confirm

    async def do(engine: Engine, update: Update) -> Deed:
        unknown = [name for name in wish.clusters if name not in engine.acting.clusters]
        if unknown or not engine.acting.clusters:
            known = ", ".join(engine.acting.clusters) or "none is known"
            return Deed(1, Outcome(Ended.DENIED, f"no such cluster; known: {known}"))
        wanted = msgspec.structs.replace(wish, clusters=wish.clusters or engine.acting.clusters)
        matched = await engine.acting.matching(wanted.matchers, wanted.clusters)
        priorities = Priorities(loaded.policy)
        by_priority: Counter[Priority] = Counter(
            priorities.of(alert.labels) for alert in matched.alerts
        )
        count = None if matched.failures else len(matched.alerts)
        lines = [_matches(len(matched.alerts), by_priority, wanted)]
        lines += [f"{one.source}: {one.cause}" for one in matched.failures]
        over = loaded.settings.silences.confirm_over
        if dry_run:
            return Deed(1, lines=tuple(lines))
        if engine.acting.acts and not confirmed(
            why_confirm(count, by_priority, over), yes=yes, dry_run=dry_run
        ):
            return Deed(1, Outcome(Ended.DENIED, NO_ANSWER), lines=tuple(lines))
        return Deed(1, await engine.acting.submit(wanted), lines=tuple(lines))

    return do


def _matches(count: int, by_priority: Counter[Priority], wish: SilenceWish) -> str:
    each = ", ".join(
        f"{count_text(by_priority[one])} {one}" for one in Priority if by_priority[one]
    )
    shown = f" ({each})" if each else ""
    where = ", ".join(visible(name, cells=60) for name in wish.clusters)
    return (
        f"matches {many(count, 'alert')} now{shown}, in {where}, until {clock_text(wish.ends_at)}"
    )


def _unsilencing(
    words: Sequence[str], kept: Filter, loaded: Loaded, unused: bool, *, yes: bool, dry_run: bool
) -> Do:
    async def do(engine: Engine, update: Update) -> Deed:
        snapshot = update.snapshot
        live, _ = silence_uses(snapshot, loaded.policy.ack_prefixes)
        uses = [
            one
            for one in live
            if (one.silence.id in words or (kept.matches_silence(one) and not one.is_ack))
            and (one.is_unused or not unused)
        ]
        found = tuple(one.silence for one in uses)
        if not found:
            return Deed(0, lines=("no silence matches; acks are ended by oncall unack",))
        lines = tuple(f"would end {_named(one)}" for one in uses)
        if dry_run:
            return Deed(len(found), lines=lines)
        reasons = _fires_again(found, update, loaded)
        if engine.acting.acts and not confirmed(reasons, yes=yes, dry_run=dry_run):
            return Deed(len(found), Outcome(Ended.DENIED, NO_ANSWER))
        return Deed(len(found), await engine.acting.submit(ExpireWish(found)))

    return do


def _fires_again(found: Sequence[Silence], update: Update, loaded: Loaded) -> tuple[str, ...]:
    """What a person should know of before it fires again."""
    priorities = Priorities(loaded.policy)
    freed = Counter(priorities.of(known.alert.labels) for known in freed_by(found, update.snapshot))
    return tuple(
        f"{count_text(freed[one])} of {one} fire again"
        for one in (Priority.P0, Priority.P1)
        if freed[one]
    )


def _named(use: SilenceUse) -> str:
    silence = use.silence
    matchers = " ".join(visible(one.written) for one in silence.matchers)
    owner, comment = visible(silence.created_by, cells=60), visible(silence.comment, cells=120)
    held = "unused" if use.is_unused else f"holds {use.holds if use.holds is not None else '?'}"
    return f"{visible(silence.id, cells=80)} of {owner} ({held}): {matchers}  {comment}"
