"""`oncall incident`: incidents opened, told and closed from the command line."""

from __future__ import annotations

from pathlib import Path

import click

from config.rota import zone_of
from console.actions.papers.incident_form import FIELDS, Terms, judged, opening, typed_of
from console.actions.papers.seed import Seed, seed_of
from console.cli.acting import EXIT_NOTHING, acting_options
from console.cli.chosen import EXIT_USAGE, Chosen, narrate, source_options
from console.cli.incident_list import put_incidents
from console.cli.once import filter_or_exit
from console.cli.paper_fields import pairs_of, require_no_faults, set_fields, typed_value
from console.cli.paper_shown import export_and_exit, show_and_exit
from console.cli.paper_wishes import Meant, write_and_exit
from console.cli.papers import (
    Reading,
    Stop,
    chosen_change,
    chosen_incident,
    is_id,
    ongoing_incident,
    read_journal,
    require_whole,
    sheet_of,
)
from console.journal.ids import Kind
from console.model.incident import Incident, IncidentState, StatusUpdate, refusals
from console.model.paper_wish import (
    Attach,
    MoveIncident,
    Note,
    OpenIncident,
    UpdateIncident,
    WriteIncident,
)
from console.model.worklist import RowKind
from console.safety.text import visible
from console.triage.filter import Filter


@click.group()
def incident() -> None:
    """Incidents: open, tell, bring to an end, export."""


@incident.command("list")
@click.option("--all", "shows_all", is_flag=True, help="Closed ones too.")
@click.option("--state", type=click.Choice([str(one) for one in IncidentState]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def list_incidents(shows_all: bool, state: str | None, as_json: bool, chosen: Chosen) -> None:
    """What is not closed, the newest first."""

    async def then(reading: Reading) -> None:
        put_incidents(reading, chosen, IncidentState(state) if state else None, shows_all, as_json)

    read_journal(chosen, then)


@incident.command("new")
@click.option("--what", default="", metavar="TEXT", help="One sentence: symptom, service, effect.")
@click.option("--where", multiple=True, metavar="SERVICE|HOST", help="redis@data-1. Repeatable.")
@click.option("--title", metavar="TEXT", help="A few words; else what --what says.")
@click.option("--severity", metavar="P1", help="How bad it is: P0 to P3.")
@click.option("--started", metavar="TIME", help="When it began: 03:14, '5m ago'.")
@click.option("--alert", metavar="FILTER", help="From the alerts that it matches, as behind `/`.")
@click.option(
    "--set", "sets", multiple=True, metavar="FIELD=VALUE", help="`-` reads stdin. Repeatable."
)
@acting_options
@source_options
def new_incident(
    what: str, where: tuple[str, ...], title: str | None, severity: str | None,
    started: str | None, alert: str | None, sets: tuple[str, ...], dry_run: bool, as_json: bool,
    chosen: Chosen,
) -> None:  # fmt: skip
    """Open an incident: what and where are all that it needs.

    Only with --alert are the sources asked.
    """
    kept = None if alert is None else filter_or_exit(alert)
    named = (("title", title), ("severity", severity), ("started", started))

    async def prepare(reading: Reading) -> Meant:
        seed = seed_asked(reading, kept)
        terms = terms_of(reading)
        places = ", ".join(where) or seed.where
        said = what or seed.what
        if not said.strip() or not places.strip():
            raise Stop(EXIT_USAGE, "expected --what TEXT and --where SERVICE, or --alert FILTER")
        opened = opening({"what": typed_value(said), "where": places}, seed.incident, terms)
        require_no_faults(opened.faults)
        given = [(name, value) for name, value in named if value is not None]
        typed = typed_of(opened.incident, terms.zone)
        filled = set_fields(typed, [*given, *pairs_of(sets)], FIELDS)
        found = judged(filled, opened.incident, terms, reading.now)
        require_no_faults(found.faults)
        narrate(*(visible(note.text) for note in opened.notes))
        return Meant(OpenIncident(found.incident))

    write_and_exit(
        chosen,
        prepare,
        dry_run=dry_run,
        as_json=as_json,
        asks_first=kept is not None,
        is_new=True,
    )


@incident.command("show")
@click.argument("word", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def show_incident(word: str, as_json: bool, chosen: Chosen) -> None:
    """The document, as it stands in the journal."""
    show_and_exit(chosen, lambda reading: chosen_incident(reading, word), as_json=as_json)


@incident.command("export")
@click.argument("word", metavar="ID")
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE")
@source_options
def export_incident(word: str, form: str, output: Path | None, chosen: Chosen) -> None:
    """One file that stands for itself: Markdown, or JSON with all that is known."""
    export_and_exit(chosen, lambda reading: chosen_incident(reading, word), form, output)


@incident.command("note")
@click.argument("words", nargs=-1, required=True, metavar="[ID] TEXT...")
@acting_options
@source_options
def note(words: tuple[str, ...], dry_run: bool, as_json: bool, chosen: Chosen) -> None:
    """Write down one line, now, in the timeline of an incident or a change.

    Without an id it is for the only incident that goes on. `-` reads stdin.
    """
    named, text = (words[0], words[1:]) if is_id(words[0]) else ("", words)

    async def prepare(reading: Reading) -> Meant:
        line = typed_value(" ".join(text))
        if not line.strip():
            raise Stop(EXIT_USAGE, "expected the text of the note")
        if named.startswith(Kind.CHANGE):
            return Meant(Note(line, change=chosen_change(reading, named).change.id))
        paper = chosen_incident(reading, named) if named else ongoing_incident(reading)
        return Meant(Note(line, incident=paper.incident.id))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


@incident.command("set")
@click.argument("word", metavar="ID")
@click.argument("field")
@click.argument("value")
@acting_options
@source_options
def set_incident(
    word: str, field: str, value: str, dry_run: bool, as_json: bool, chosen: Chosen
) -> None:
    """Fill in one field of an incident; `-` reads the value from stdin.

    The fields are those of the form: severity, lead, why, actions, … A list has one thing a line.
    """

    async def prepare(reading: Reading) -> Meant:
        paper = chosen_incident(reading, word)
        sheet = await sheet_of(reading, paper)
        terms = terms_of(reading)
        typed = set_fields(typed_of(paper.incident, terms.zone), [(field, value)], FIELDS)
        found = judged(typed, paper.incident, terms, reading.now)
        require_no_faults(found.faults)
        narrate(*(f"{one.field}: {one.text}" for one in found.notes if one.field == field))
        return Meant(WriteIncident(sheet, paper.incident, found.incident))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


@incident.command("update")
@click.argument("word", metavar="ID")
@click.option("--conditions", required=True, metavar="TEXT", help="How things are.")
@click.option("--actions", required=True, metavar="TEXT", help="What is being done.")
@click.option("--needs", required=True, metavar="TEXT", help="What is needed; `none`.")
@acting_options
@source_options
def update(
    word: str, conditions: str, actions: str, needs: str, dry_run: bool, as_json: bool,
    chosen: Chosen,
) -> None:  # fmt: skip
    """Say where things stand, for those who wait."""

    async def prepare(reading: Reading) -> Meant:
        paper = require_whole(chosen_incident(reading, word))
        return Meant(UpdateIncident(paper, StatusUpdate(conditions, actions, needs)))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


@incident.command("attach")
@click.argument("word", metavar="ID")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@acting_options
@source_options
def attach(
    word: str, files: tuple[Path, ...], dry_run: bool, as_json: bool, chosen: Chosen
) -> None:
    """Archive copies of files beside an incident or a change."""

    async def prepare(reading: Reading) -> Meant:
        if word.startswith(Kind.CHANGE):
            document_id = chosen_change(reading, word).change.id
        else:
            document_id = chosen_incident(reading, word).incident.id
        return Meant(Attach(document_id, tuple(str(one.absolute()) for one in files)))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


def _move(name: str, to: IncidentState, help_text: str) -> None:
    """A command that brings an incident to another state."""

    @incident.command(name, help=help_text)
    @click.argument("word", metavar="ID")
    @acting_options
    @source_options
    def move(word: str, dry_run: bool, as_json: bool, chosen: Chosen) -> None:
        async def prepare(reading: Reading) -> Meant:
            paper = require_whole(chosen_incident(reading, word))
            return Meant(MoveIncident(paper, to), refusals(paper.incident, to))

        write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


_move("mitigate", IncidentState.MITIGATED, "Its users are well again.")
_move("resolve", IncidentState.RESOLVED, "It is over.")
_move("post-mortem", IncidentState.POST_MORTEM_DUE, "It is to be talked over in a meeting.")
_move("close", IncidentState.CLOSED, "All of it is written down, and nothing is owed.")
_move("reopen", IncidentState.OPEN, "It goes on after all.")


def terms_of(reading: Reading) -> Terms:
    """By what a form is judged here."""
    registry = reading.loaded.registry
    return Terms(
        zone_of(reading.loaded.settings.rota.zone),
        frozenset(one.name for one in registry.services),
        frozenset(one.name for one in registry.hosts),
    )


def seed_asked(reading: Reading, kept: Filter | None) -> Seed:
    """What the alerts tell that `kept` matches."""
    now, environment = reading.now.replace(microsecond=0), reading.loaded.settings.environment
    if kept is None or reading.update is None:
        return Seed(Incident("", "", now, environment=environment), "", "")
    # What an incident owes names the service too, and is nothing that broke.
    unfolded = (one for one in reading.update.worklist.unfolded if one.kind is not RowKind.OWED)
    found = [row for row in unfolded if kept.matches_row(row)]
    if not found:
        raise Stop(EXIT_NOTHING, "no alert matches, so that no incident was opened")
    rows = sorted(found, key=lambda row: row.priority)
    alerts = [known for row in rows for known in kept.alerts_of(row)]
    return seed_of(rows, alerts, reading.update.snapshot, environment, now)
