"""`oncall change`: change requests from the command line, and the gate for pipelines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
import msgspec

from console.actions.papers.change_form import FIELDS, begun, judged, typed_of
from console.cli.acting import acting_options
from console.cli.change_list import put_changes
from console.cli.chosen import EXIT_USAGE, Chosen, source_options
from console.cli.gate import gate
from console.cli.paper_fields import (
    MOST_BYTES,
    pairs_of,
    require_no_faults,
    set_fields,
    typed_value,
)
from console.cli.paper_shown import export_and_exit, show_and_exit
from console.cli.paper_wishes import Meant, write_and_exit
from console.cli.papers import (
    Reading,
    Stop,
    chosen_change,
    read_journal,
    require_whole,
    sheet_of,
)
from console.journal.change_text import CHANGES
from console.journal.document import read_document
from console.model.change import Change, ChangeState
from console.model.change_rules import (
    approval_refusals,
    exception_refusals,
    refusals,
    review_reasons,
)
from console.model.paper_wish import (
    ApproveChange,
    ExceptFreeze,
    MoveChange,
    ReviewChange,
    WriteChange,
)
from console.model.papers import ChangePaper
from console.safety.files import FileError, read_capped
from console.safety.text import visible

_STAND_INS: Final = (
    ("id", "CHG-00000000-000"),
    ("title", ""),
    ("author", ""),
    ("created", "2000-01-01T00:00:00Z"),
)
"""What a document that somebody wrote by hand need not have to be read in."""


@click.group()
def change() -> None:
    """Change requests: write, approve, start and end them; `gate` is for pipelines."""


@change.command("list")
@click.option("--all", "shows_all", is_flag=True, help="Those that are over too.")
@click.option("--state", type=click.Choice([str(one) for one in ChangeState]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def list_changes(shows_all: bool, state: str | None, as_json: bool, chosen: Chosen) -> None:
    """What is to be done, is being done, or waits for somebody; the newest first."""

    async def then(reading: Reading) -> None:
        put_changes(reading, chosen, ChangeState(state) if state else None, shows_all, as_json)

    read_journal(chosen, then)


@change.command("new")
@click.option(
    "--set", "sets", multiple=True, metavar="FIELD=VALUE", help="`-` reads stdin. Repeatable."
)
@click.option("--template", metavar="NAME", help="Begin with this standard change of the settings.")
@click.option(
    "--from", "source", type=click.Path(path_type=Path), metavar="FILE.md",
    help="Begin with this document, such as one that was exported.",
)  # fmt: skip
@acting_options
@source_options
def new_change(
    sets: tuple[str, ...], template: str | None, source: Path | None, dry_run: bool,
    as_json: bool, chosen: Chosen,
) -> None:  # fmt: skip
    """Write a change request: a draft, to be submitted when it is whole.

    The fields are those of the form: title, services, steps, start, end, rollback, … A list has
    one thing a line, or commas between names.
    """

    async def prepare(reading: Reading) -> Meant:
        blank = _blank(reading, template)
        if source is not None:
            blank = _from_file(source, blank)
        typed = set_fields(typed_of(blank), pairs_of(sets), FIELDS)
        found = judged(typed, blank)
        require_no_faults(found.faults)
        if not found.change.title.strip():
            raise Stop(EXIT_USAGE, "title: expected what is changed: --set title='…'")
        return Meant(WriteChange(found.change))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json, is_new=True)


@change.command("set")
@click.argument("word", metavar="ID")
@click.argument("field")
@click.argument("value")
@acting_options
@source_options
def set_change(
    word: str, field: str, value: str, dry_run: bool, as_json: bool, chosen: Chosen
) -> None:
    """Fill in one field of a change; `-` reads the value from stdin.

    Editing the plan of what was approved asks for a new approval.
    """

    async def prepare(reading: Reading) -> Meant:
        paper = chosen_change(reading, word)
        sheet = await sheet_of(reading, paper)
        typed = set_fields(typed_of(paper.change), [(field, value)], FIELDS)
        found = judged(typed, paper.change)
        require_no_faults(found.faults)
        return Meant(WriteChange(found.change, sheet, paper.change))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


@change.command("show")
@click.argument("word", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def show_change(word: str, as_json: bool, chosen: Chosen) -> None:
    """The document, as it stands in the journal."""
    show_and_exit(chosen, lambda reading: chosen_change(reading, word), as_json=as_json)


@change.command("export")
@click.argument("word", metavar="ID")
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE")
@source_options
def export_change(word: str, form: str, output: Path | None, chosen: Chosen) -> None:
    """One file that stands for itself: Markdown, or JSON with all that is known."""
    export_and_exit(chosen, lambda reading: chosen_change(reading, word), form, output)


def _move(name: str, to: ChangeState, help_text: str) -> None:
    """A command that only brings a change to another state."""

    @change.command(name, help=help_text)
    @click.argument("word", metavar="ID")
    @acting_options
    @source_options
    def move(word: str, dry_run: bool, as_json: bool, chosen: Chosen) -> None:
        _move_and_exit(chosen, word, to, dry_run=dry_run, as_json=as_json)


def _refuse(name: str, to: ChangeState, help_text: str) -> None:
    """The same, with the reason for it."""

    @change.command(name, help=help_text)
    @click.argument("word", metavar="ID")
    @click.option("--because", required=True, metavar="TEXT", help="Why.")
    @acting_options
    @source_options
    def refuse(word: str, because: str, dry_run: bool, as_json: bool, chosen: Chosen) -> None:
        _move_and_exit(chosen, word, to, because=because, dry_run=dry_run, as_json=as_json)


_move("submit", ChangeState.SUBMITTED, "Ask for the approval of a draft that is whole.")
_move("draft", ChangeState.DRAFT, "Take back what was submitted, or go on with what was rejected.")
_move("schedule", ChangeState.SCHEDULED, "Say that what is approved is done in its window.")
_move("verify", ChangeState.VERIFYING, "It is carried out; now it is verified.")
_move("accept", ChangeState.ACCEPTED, "Say that it is good: whom its plan names to accept it.")
_move("close", ChangeState.CLOSED, "It is over.")
_refuse("reject", ChangeState.REJECTED, "Say no to what was submitted; its author cancels it.")
_refuse("cancel", ChangeState.CANCELLED, "It is not going to be done.")
_refuse("rollback", ChangeState.ROLLED_BACK, "It was undone.")
_refuse("fail", ChangeState.FAILED, "It did not work, and is not undone yet.")


@change.command("start")
@click.argument("word", metavar="ID")
@click.option("--no-silence", is_flag=True, help="Do not make the silence of its plan.")
@acting_options
@source_options
def start_change(word: str, no_silence: bool, dry_run: bool, as_json: bool, chosen: Chosen) -> None:
    """Begin: only inside its window and outside every freeze, with its silence if it has one."""
    _move_and_exit(
        chosen,
        word,
        ChangeState.IN_PROGRESS,
        silences=not no_silence,
        dry_run=dry_run,
        as_json=as_json,
    )


@change.command("approve")
@click.argument("word", metavar="ID")
@click.option("--note", default="", metavar="TEXT", help="Beside it.")
@acting_options
@source_options
def approve(word: str, note: str, dry_run: bool, as_json: bool, chosen: Chosen) -> None:
    """Agree to exactly this plan; its author cannot."""

    def meant(reading: Reading, paper: ChangePaper) -> Meant:
        return Meant(ApproveChange(paper, note), approval_refusals(paper.change, reading.who))

    _on_change(chosen, word, meant, dry_run=dry_run, as_json=as_json)


@change.command("except")
@click.argument("word", metavar="ID")
@click.option("--freeze", required=True, metavar="NAME", help="In spite of which one.")
@click.option("--why", required=True, metavar="TEXT", help="Why it cannot wait.")
@acting_options
@source_options
def except_freeze(
    word: str, freeze: str, why: str, dry_run: bool, as_json: bool, chosen: Chosen
) -> None:
    """Allow exactly this plan in spite of a freeze; its author cannot."""

    def meant(reading: Reading, paper: ChangePaper) -> Meant:
        names = [one.name for one in reading.papers.calendar.freezes]
        if freeze not in names:
            known = visible(", ".join(names)) or "there are none"
            raise Stop(EXIT_USAGE, f"--freeze {visible(freeze, cells=60)}: expected one of {known}")
        reasons = exception_refusals(paper.change, reading.who, freeze)
        return Meant(ExceptFreeze(paper, freeze, why), reasons)

    _on_change(chosen, word, meant, dry_run=dry_run, as_json=as_json)


@change.command("review")
@click.argument("word", metavar="ID")
@click.argument("words", nargs=-1, required=True, metavar="TEXT...")
@acting_options
@source_options
def review(word: str, words: tuple[str, ...], dry_run: bool, as_json: bool, chosen: Chosen) -> None:
    """Say afterwards what an emergency change was like; whoever made it cannot."""

    def meant(reading: Reading, paper: ChangePaper) -> Meant:
        text = typed_value(" ".join(words))
        reasons = review_reasons(paper.change, reading.who, reading.now)
        return Meant(ReviewChange(paper, text), reasons)

    _on_change(chosen, word, meant, dry_run=dry_run, as_json=as_json)


def _move_and_exit(
    chosen: Chosen,
    word: str,
    to: ChangeState,
    *,
    because: str = "",
    silences: bool = True,
    dry_run: bool,
    as_json: bool,
) -> None:
    def meant(reading: Reading, paper: ChangePaper) -> Meant:
        known = paper.change
        makes = to is ChangeState.IN_PROGRESS and silences and bool(known.plan.silence)
        return Meant(
            MoveChange(paper, to, because, silences),
            refusals(known, to, reading.who, reading.now, reading.around),
            asks_sources=makes or bool(known.silence_id),
        )

    _on_change(chosen, word, meant, dry_run=dry_run, as_json=as_json)


def _on_change(
    chosen: Chosen,
    word: str,
    meant: Callable[[Reading, ChangePaper], Meant],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    async def prepare(reading: Reading) -> Meant:
        return meant(reading, require_whole(chosen_change(reading, word)))

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


change.add_command(gate)


def _blank(reading: Reading, template: str | None) -> Change:
    settings = reading.loaded.settings
    standards = settings.changes.standards
    standard = next((one for one in standards if one.name == template), None)
    if template is not None and standard is None:
        names = ", ".join(one.name for one in standards) or "there are none"
        raise Stop(
            EXIT_USAGE, f"--template {visible(template, cells=40)}: expected one of: {names}"
        )
    return begun(
        reading.who,
        reading.now,
        environment=settings.environment,
        zone=settings.rota.zone,
        standard=standard,
    )


def _from_file(path: Path, blank: Change) -> Change:
    """What people wrote in the document at `path`; approvals and what was done stay behind."""
    try:
        content = read_capped(path, MOST_BYTES)
    except (FileError, OSError) as error:
        raise Stop(EXIT_USAGE, f"--from {visible(str(error))}") from error
    document = read_document(content, path.name)
    if document.front is None:
        raise Stop(EXIT_USAGE, *map(visible, map(str, document.faults)))
    present = {key.text for key, _ in document.front.entries}
    lines = [f'{key}: "{value}"\n' for key, value in _STAND_INS if key not in present]
    front = document.text[document.front_start : document.front_end]
    read = CHANGES.read(document.with_front(front + "".join(lines)))
    if read.value is None or read.faults:
        raise Stop(EXIT_USAGE, *map(visible, map(str, read.faults)))
    found = read.value
    return msgspec.structs.replace(
        blank,
        title=found.title,
        plan=found.plan,
        incidents=found.incidents,
        related=found.related,
        prose=found.prose,
    )
