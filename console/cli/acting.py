"""One look and one deed, for the commands that change something and end."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import click
import msgspec

from config.durations import duration_of
from config.identity import identity_of
from config.load import Loaded
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE, Chosen, narrate, settings_or_exit
from console.cli.once import DEADLINE_S, state_of
from console.cli.outcome import OutcomeDocument, outcome_facts, plan_facts
from console.cli.table import put
from console.model.acting import Ended, Outcome, Plan
from console.model.update import Update
from console.safety.clock import SystemClock
from console.safety.jsontext import json_text
from console.safety.text import visible

if TYPE_CHECKING:
    from console.engine.engine import Engine

R = TypeVar("R")

INTERRUPTED: Final = (
    "interrupted: it may have been done or not; `oncall silences` shows what stands, and "
    "`oncall audit` what was meant"
)
EXIT_NOTHING: Final = 1
"""Nothing matched, so nothing was done."""
NO_ANSWER: Final = "not done: nobody said yes"
EXIT_PARTLY: Final = 3
"""Some of it, or it is kept to be sent later, or nobody knows."""
CODES: Final = {
    Ended.DONE: 0,
    Ended.PARTLY: EXIT_PARTLY,
    Ended.KEPT: EXIT_PARTLY,
    Ended.UNKNOWN: EXIT_PARTLY,
    Ended.DENIED: EXIT_FAILED,
    Ended.FAILED: EXIT_FAILED,
}
"""How a command ends that did something."""


class Deed(msgspec.Struct, frozen=True):
    """What came of one command."""

    matched: int
    outcome: Outcome | None = None
    plan: Plan | None = None
    lines: tuple[str, ...] = ()
    """For a person, safe to show: what it would do, or what it was for."""


Do = Callable[["Engine", Update], Awaitable[Deed]]


def act_and_exit(
    chosen: Chosen, do: Callable[[Loaded], Do], *, dry_run: bool, as_json: bool, filter_text: str
) -> None:
    """Ask every source once, do it while they are open, print what came of it, and end.

    Args:
        do: makes the deed of the settings; it is not called where these cannot be used.
    """
    loaded = settings_or_exit(chosen)
    begun: list[Update] = []
    try:
        update, deed = asyncio.run(_acted(loaded, chosen, do(loaded), begun))
    except KeyboardInterrupt:
        if begun and not dry_run:
            narrate(INTERRUPTED)
        raise
    outcome = deed.outcome
    if as_json:
        document = OutcomeDocument(
            environment=update.snapshot.environment,
            at=update.snapshot.at.wall,
            complete=update.snapshot.complete,
            filter=filter_text,
            dry_run=dry_run,
            matched=deed.matched,
            said=deed.lines,
            outcome=None if outcome is None else outcome_facts(outcome),
            plan=None if deed.plan is None else plan_facts(deed.plan),
        )
        put(json_text(document))
    else:
        said = [] if outcome is None else [outcome.text, *outcome.details]
        put("\n".join([*deed.lines, *said]))
    if not deed.matched:
        sys.exit(EXIT_NOTHING)
    sys.exit(0 if outcome is None else CODES[outcome.ended])


async def _acted(
    loaded: Loaded, chosen: Chosen, do: Do, begun: list[Update]
) -> tuple[Update, Deed]:
    engine = engine_with_hands(loaded, chosen)
    done: list[tuple[Update, Deed]] = []

    async def then(update: Update) -> None:
        begun.append(update)
        done.append((update, await do(engine, update)))

    await engine.look_once(DEADLINE_S, then)
    tell_of(engine)
    return done[0]


def engine_with_hands(loaded: Loaded, chosen: Chosen) -> Engine:
    """An engine in which the person at the keyboard acts; nothing has been asked yet."""
    # Late: it brings the HTTP client, which takes longer to import than bad settings to find.
    from console.actions.audit.record import actor_of
    from console.engine.engine import Engine
    from console.engine.hands import Hands

    state, notice = state_of(loaded)
    if notice:
        narrate(notice)
    login = getpass.getuser()
    actor = actor_of(identity_of(loaded.settings, login), login, os.environ)
    return Engine(
        loaded,
        clock=SystemClock(),
        publish=lambda update: None,
        state=state,
        hands=Hands(actor, read_only=chosen.read_only),
    )


async def with_sources(
    engine: Engine, then: Callable[[Update | None], Awaitable[None]], *, asks: bool
) -> None:
    """Do `then` once every source was asked, or at once with `None` where none need be."""
    if asks:
        await engine.look_once(DEADLINE_S, then)
        return
    try:
        await then(None)
    finally:
        await engine.papers.close()


def tell_of(engine: Engine) -> None:
    """Say what a person has to know once the deed is done."""
    narrate(*engine.notices)
    fault = engine.acting.state.audit_fault
    if fault:
        narrate(f"NO AUDIT: what was done here stands in syslog only, not in the audit: {fault}")


def acting_options(command: Callable[..., R]) -> Callable[..., R]:
    """`--dry-run` and `--json`, as all commands that act have them."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md."),
        click.option("-n", "--dry-run", is_flag=True, help="Say what would be done, do nothing."),
    ):
        command = option(command)
    return command


def filter_words(words: tuple[str, ...]) -> str:
    """The words of a command line as one filter; ends the process where there are none."""
    text = " ".join(words).strip()
    if not text:
        narrate("expected a filter, as behind `/`: redis, or 'job=\"api\"'")
        sys.exit(EXIT_USAGE)
    return text


def duration_or_exit(text: str | None, option: str) -> timedelta | None:
    """What was written behind `option`; ends the process where it is no duration."""
    if text is None:
        return None
    found = duration_of(text)
    if found is None or found <= timedelta(0):
        narrate(f"{option} {visible(text, cells=40)}: expected a duration: 45m, 1h30m, 2d")
        sys.exit(EXIT_USAGE)
    return found


def confirmed(reasons: tuple[str, ...], *, yes: bool, dry_run: bool) -> bool:
    """Whether a person said yes to what needs one; without a terminal only `--yes` does."""
    if not reasons or yes or dry_run:
        return True
    narrate(*reasons)
    if not sys.stdin.isatty():
        narrate("refused: say --yes where nobody can be asked")
        return False
    return click.confirm("go on?", default=False, err=True)


def clock_text(at: datetime) -> str:
    """A moment in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
