"""`oncall runbook run`: a runbook's steps without a screen."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

import click
import msgspec

from config.load import Loaded
from console.cli.acting import engine_with_hands, tell_of
from console.cli.chosen import EXIT_INTERRUPTED, Chosen, narrate, settings_or_exit, source_options
from console.cli.once import DEADLINE_S, ascii_wanted
from console.cli.papers import Reading, chosen_change, chosen_incident, run_or_exit
from console.cli.run_facts import RunDocument, plan_facts, run_facts
from console.cli.run_lines import word_of
from console.cli.runbook_asked import Asked, alert_of, wanted_of
from console.cli.runbook_session import Came, Session
from console.cli.table import paper_for, put
from console.model.update import Update
from console.safety.clock import SystemClock
from console.safety.jsontext import json_text

if TYPE_CHECKING:
    from console.engine.engine import Engine

PARAM_HELP: Final = "A value of the runbook. Repeatable."
SECRET_HELP: Final = "A secret of it: NAME=env:VAR, or NAME=file:PATH. Repeatable."
STEP_HELP: Final = "Run this step. Repeatable; they run in the order given."
YES_HELP: Final = "The word that a step which changes something asks for. Repeatable."


@click.command("run")
@click.argument("name")
@click.option("--alert", default="", metavar="NAME", help="Its alert: a fingerprint, or a name.")
@click.option("--service", default="", metavar="NAME", help="The service that it is about.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help=PARAM_HELP)
@click.option("--secret", "secrets", multiple=True, metavar="NAME=SOURCE", help=SECRET_HELP)
@click.option("--step", "steps", multiple=True, metavar="NAME", help=STEP_HELP)
@click.option("--only", type=click.Choice(["read"]), help="Every step that reads or verifies.")
@click.option("-n", "--dry-run", is_flag=True, help="Print exactly what each step would do.")
@click.option("--yes", "words", multiple=True, metavar="WORD", help=YES_HELP)
@click.option("--incident", default="", metavar="ID", help="The incident that it belongs to.")
@click.option("--change", default="", metavar="ID", help="The change that it carries out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@click.option("--no-keep", is_flag=True, help="Keep no transcript of what only read.")
@source_options
def run_book(
    chosen: Chosen, name: str, alert: str, service: str, params: tuple[str, ...],
    secrets: tuple[str, ...], steps: tuple[str, ...], only: str | None, dry_run: bool,
    words: tuple[str, ...], incident: str, change: str, as_json: bool, no_keep: bool,
) -> None:  # fmt: skip
    """Run steps of the runbook NAME: those that only read, or those that --step names.

    0: all of it passed. 1: a step failed. 3: what became of a step is not known. 4: a step was
    not started, and why.
    """
    if steps and only:
        raise click.UsageError("expected --only read or --step NAME, not both")
    asked = Asked(
        name=name,
        alert=alert,
        service=service,
        params=params,
        secrets=secrets,
        steps=steps,
        only_read=only is not None,
        dry_run=dry_run,
        words=words,
        incident=incident,
        change=change,
        as_json=as_json,
        keeps=not no_keep,
    )
    loaded = settings_or_exit(chosen)
    try:
        update, came = run_or_exit(_ran(loaded, chosen, asked))
    except asyncio.CancelledError:
        sys.exit(EXIT_INTERRUPTED)
    if as_json:
        put(json_text(_document(update, asked, came)))
    sys.exit(came.code)


async def _ran(loaded: Loaded, chosen: Chosen, asked: Asked) -> tuple[Update, Came]:
    wanted = await wanted_of(asked, loaded)
    engine = engine_with_hands(loaded, chosen)
    done: list[tuple[Update, Came]] = []

    async def then(update: Update) -> None:
        paper = paper_for(ascii_wanted(loaded, chosen))
        say = (lambda line: None) if asked.as_json else put
        session = Session(engine.runs, asked, SystemClock(), paper, say)
        known = alert_of(update, asked.alert, asked.service) if asked.alert else None
        incident, change = _documents(asked, engine, loaded)
        run = await session.begin(wanted, known, incident, change)
        work = session.show if asked.dry_run else session.work
        came = await work(run, wanted.steps)
        path = await _path_of(engine, came.kept)
        if path:
            narrate(path)
        done.append((update, msgspec.structs.replace(came, kept=path)))

    await engine.look_once(DEADLINE_S, then)
    tell_of(engine)
    return done[0]


async def _path_of(engine: Engine, run_id: str) -> str:
    """The transcript's file on this machine; empty: there is none."""
    home = engine.papers.home
    past = await engine.runs.past() if run_id and home is not None else ()
    return next((str(home / one.path) for one in past if home and one.id == run_id), "")


def _documents(asked: Asked, engine: Engine, loaded: Loaded) -> tuple[str, str]:
    """Ids of the incident and the change that were named; empty: none was.

    Raises:
        Stop: there is none of that id.
    """
    desk, now = engine.papers, SystemClock().now().wall
    reading = Reading(loaded, desk, desk.papers, now, "", verified=False)
    incident = chosen_incident(reading, asked.incident).incident.id if asked.incident else ""
    change = chosen_change(reading, asked.change).change.id if asked.change else ""
    return incident, change


def _document(update: Update, asked: Asked, came: Came) -> RunDocument:
    return RunDocument(
        environment=update.snapshot.environment,
        at=update.snapshot.at.wall,
        dry_run=asked.dry_run,
        run=run_facts(came.run, came.not_run),
        plans=tuple(plan_facts(plan, word_of(plan)) for plan in came.plans),
        kept=came.kept,
        said=came.said,
    )
