"""What incidents ask for on the command line, in the handover and in what calls somebody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from config.load import Loaded
from config.schema import Settings
from console.cli.alerts import row_table
from console.cli.facts import row_facts
from console.cli.incident import seed_asked
from console.cli.papers import Reading, Stop
from console.cli.status import Verdict, verdict_of
from console.cli.table import Paper
from console.engine.handover import Handover, handover_of
from console.engine.handover_markdown import markdown_of
from console.engine.notice import Newcomers
from console.engine.row_forms import text_of
from console.model.incident import Incident, IncidentState
from console.model.nags import nags
from console.model.papers import Papers
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.snapshot import Snapshot
from console.model.state import Priority
from console.model.update import Update
from console.safety.jsontext import json_text
from console.triage.filter import Filter, parse
from console.triage.triage import Triage
from tests.build import T0, ago, at, cell, service, snapshot, source

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk

LATE = Incident("INC-20261122-7f3", "redis down", ago(3720), services=("redis",))
OVER = Incident(
    "INC-20261121-2ac",
    "checkout slow",
    ago(7200),
    state=IncidentState.RESOLVED,
    severity=Priority.P0,
    lead="mei",
    resolved=T0 - timedelta(minutes=48),
)


def update(*incidents: Incident) -> Update:
    world: Snapshot = snapshot(cells=[cell(service("redis", "data-1"))], sources=[source("am")])
    world = msgspec.structs.replace(world, nags=nags(incidents))
    return Update(0, world, Triage(Policy()).worklist(world))


def test_json_tells_what_is_owed_and_counts_it_as_nothing_that_fires() -> None:
    (row,) = update(LATE).worklist.rows
    told = json.loads(json_text(row_facts(row, at())))
    assert (told["kind"], told["state"], told["standing"]) == ("owed", "owed", "owed")
    assert (told["next_step"], told["breached"]) == ("due", True)
    assert (told["respond_by"], told["resolve_by"]) == (None, None)
    assert told["due_in_seconds"] == -3600
    assert told["document"] == LATE.id
    assert [(one["kind"], one["overdue"], one["owner"]) for one in told["owed"]] == [
        ("lead", True, None),
        ("severity", True, None),
    ]


def test_the_table_has_it_as_owed_with_its_clock() -> None:
    table = "\n".join(row_table(update(LATE, OVER).worklist.rows, at(), Paper(120, 40)))
    assert "# owed" in table and "due -1h00m" in table and "due 47h" in table
    assert "FIRING" not in table


def test_a_status_is_well_though_papers_are_owed() -> None:
    assert verdict_of(update(), Filter()) is verdict_of(update(LATE), Filter()) is Verdict.OK


def test_a_handover_tells_what_is_overdue_and_not_as_an_alert_that_nobody_took() -> None:
    settings = Settings(environment="test")
    loaded = Loaded(settings, Registry(), Policy(), None)
    found: Handover = handover_of(update(LATE, OVER), loaded, T0, "kai")
    assert found.untaken == ()
    (breach,) = found.breached
    assert breach.row.document == LATE.id
    said = markdown_of(found)
    assert "INC-20261122-7f3 redis down on redis, due late by 1h00m, nobody has it" in said.replace(
        "`", ""
    ).replace("\\", "")


def test_nobody_is_called_for_it_by_the_usual_filter() -> None:
    for wanted, news in (('@priority="P0" @step="ack"', 0), ('@step="due"', 1)):
        newcomers = Newcomers(parse(wanted))
        newcomers.look(update())
        severe = msgspec.structs.replace(LATE, severity=Priority.P0)
        assert len(newcomers.look(update(severe)).rows) == news


def test_what_an_incident_owes_opens_no_other_one() -> None:
    loaded = Loaded(Settings(environment="test"), Registry(), Policy(), None)
    desk = cast("PapersDesk", None)
    reading = Reading(loaded, desk, Papers(), T0, "kai", verified=True, update=update(LATE))
    with pytest.raises(Stop, match="no alert matches"):
        seed_asked(reading, parse("redis"))


def test_a_copied_row_names_the_document() -> None:
    (row,) = update(OVER).worklist.rows
    copied = text_of(row)
    assert copied.startswith(f"P0  {OVER.id}  checkout slow") and "owed by mei" in copied
