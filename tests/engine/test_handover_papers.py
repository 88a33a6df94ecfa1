"""What the journal leaves to the next shift: nothing that is due in it is left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from markdown_it import MarkdownIt

from config.load import Loaded
from config.people import Rota
from config.schema import Settings
from console.cli.handover_papers import journal_facts
from console.engine.handover import Handover, handover_of
from console.engine.handover_lines import joined
from console.engine.handover_markdown import markdown_of
from console.engine.handover_words import sections_of
from console.model.change import Change, ChangeState, Plan
from console.model.change_rules import Surroundings
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope
from console.model.incident import ActionItem, Incident, IncidentState
from console.model.nags import nags
from console.model.papers import (
    BrokenPaper,
    ChangePaper,
    IncidentPaper,
    JournalState,
    JournalStatus,
    Papers,
)
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.state import Priority
from console.model.update import Update
from console.safety.jsontext import json_text
from console.triage.triage import Triage
from tests.build import T0, ago, snapshot

NONE = Surroundings()
HOUR = timedelta(hours=1)
# Without a rota it is looked twelve hours ahead: until 15:16 UTC.
LED = Incident(
    "INC-20261122-001",
    "checkout slow",
    ago(7200),
    IncidentState.MITIGATED,
    severity=Priority.P1,
    services=("shop",),
    lead="mei",
)
NEW = Incident("INC-20261122-002", "redis down", ago(60), services=("redis",))
OVER = Incident(
    "INC-20261120-003",
    "disk full",
    ago(2 * 86_400),
    IncidentState.POST_MORTEM_DUE,
    severity=Priority.P0,
    lead="kai",
    resolved=T0 - 40 * HOUR,
    actions=(
        ActionItem("Add an alert", owner="mei", due=(T0 - 24 * HOUR).date()),
        ActionItem("Buy disks", owner="kai", due=(T0 + 240 * HOUR).date()),
    ),
)


def change(number: int, state: ChangeState, start_h: float | None = None, **more: str) -> Change:
    window = None
    if start_h is not None:
        window = Period(T0 + start_h * HOUR, T0 + (start_h + 2) * HOUR)
    plan = Plan(services=("redis",), window=window, executor="kai")
    started = ago(600) if state is ChangeState.IN_PROGRESS else None
    title = more.get("title", f"change {number}")
    return Change(f"CHG-20261122-{number:03}", title, "mei", T0, state, plan, started=started)


def freeze(name: str, start_h: float, end_h: float, **scope: tuple[str, ...]) -> Freeze:
    period = Period(T0 + start_h * HOUR, T0 + end_h * HOUR)
    named = Scope(**scope)
    return Freeze(name, Level.HARD, Schedule(periods=(period,)), named, "Ops", "Black Friday")


def papers(
    *incidents: Incident, changes: tuple[Change, ...] = (), freezes: tuple[Freeze, ...] = ()
) -> Papers:
    return Papers(
        incidents=tuple(IncidentPaper(one, f"{one.id}.md", "b") for one in incidents),
        changes=tuple(ChangePaper(one, f"{one.id}.md", "b") for one in changes),
        calendar=Calendar(freezes=freezes),
        nags=nags(incidents, changes=changes),
    )


def handover(known: Papers, zone: str = "UTC") -> Handover:
    world = snapshot()
    settings = Settings(environment="test", rota=Rota(zone))
    loaded = Loaded(settings, Registry(), Policy(), None)
    worklist = Triage(Policy()).worklist(world)
    return handover_of(Update(0, world, worklist, papers=known), loaded, T0, "kai")


def said(known: Papers, begins: str) -> list[str]:
    """The title of a section and its lines, or what stands there instead."""
    section = next(one for one in sections_of(handover(known)) if one.title.startswith(begins))
    lines = [
        f"{line.head} {joined(words)}"
        for line in section.lines
        for words in (line.words, *line.under)
    ]
    return [section.title, *(lines or [section.none])]


def test_open_incidents_say_who_leads_them_and_what_they_ask_for_next() -> None:
    found = said(papers(LED, NEW, OVER), "open incidents")
    assert found == [
        "open incidents: 2",
        "P? INC-20261122-002 open, redis down on redis, for 1m00s, nobody leads it",
        "P? next: nobody leads it, nobody has it, due Sun 03:17 UTC, in 1m00s",
        "P1 INC-20261122-001 mitigated, checkout slow on shop, for 2h00m, led by mei",
        "P1 next: nothing is owed",
    ]


def test_what_is_due_in_the_next_shift_is_listed_with_its_owner_overdue_or_not() -> None:
    assert said(papers(OVER, NEW), "owed by Sun 15:16 UTC") == [
        "owed by Sun 15:16 UTC: 3",
        "late INC-20261120-003 disk full: action 1: Add an alert, mei, late by 3h16m",
        "due INC-20261122-002 redis down: it has no severity, nobody has it,"
        " due Sun 03:20 UTC, in 4m",
        "due INC-20261120-003 disk full: hold the post-mortem meeting, kai,"
        " due Sun 11:16 UTC, in 8h00m",
    ]


def test_changes_that_run_or_start_in_the_shift_say_when_and_what_stands_against_them() -> None:
    found = said(
        papers(
            changes=(
                change(1, ChangeState.SCHEDULED, 3),
                change(2, ChangeState.IN_PROGRESS, -1),
                change(3, ChangeState.SUBMITTED, 1),
                change(4, ChangeState.SCHEDULED, 13),
                change(5, ChangeState.CLOSED, 1),
                change(6, ChangeState.DRAFT, 1),
                change(7, ChangeState.SCHEDULED, -3),
                change(8, ChangeState.FAILED, -3),
            )
        ),
        "changes under way",
    )
    assert found[0] == "changes under way, or to start by Sun 15:16 UTC: 5"
    starts = [line for line in found[1:] if "CHG-" in line]
    assert [line.partition("CHG-20261122-")[2][:3] for line in starts] == [
        *("002", "008", "007", "003", "001"),
    ]
    running, failed, missed, soon, _ = starts
    assert running == (
        "now CHG-20261122-002 in progress, change 2 on redis, by kai, for 10m,"
        " window until Sun 04:16 UTC, in 1h00m"
    )
    assert failed.endswith(", to be rolled back or closed")
    assert missed.endswith(", never started, and its window was over 1h00m ago")
    assert ", from Sun 04:16 UTC, in 1h00m, window until Sun 06:16 UTC" in soon
    assert any("could not start: it is submitted" in line for line in found)


def test_freezes_that_begin_end_or_go_on_are_told_apart() -> None:
    found = said(
        papers(
            freezes=(
                freeze("sale", 2, 100),
                freeze("quarter", -5, 1),
                freeze("year", -5, 1000),
                freeze("past", -5, -1),
                freeze("later", 13, 14),
                freeze("elsewhere", 1, 2, environments=("prod",)),
            )
        ),
        "freezes that begin or end",
    )
    assert found == [
        "freezes that begin or end by Sun 15:16 UTC: 2",
        "now hard freeze year is in force, and does not end by then",
        "now Black Friday: ask Ops",
        "04:16 hard freeze quarter ends Sun 04:16 UTC, in 1h00m",
        "04:16 Black Friday: ask Ops",
        "05:16 hard freeze sale begins Sun 05:16 UTC, in 2h00m",
        "05:16 Black Friday: ask Ops",
    ]


def test_where_there_is_nothing_each_section_says_so() -> None:
    for begins, none in (
        ("open incidents", "none"),
        ("owed by", "nothing"),
        ("changes under way", "none"),
        ("freezes that", "none"),
    ):
        assert said(Papers(), begins)[1:] == [none]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (JournalStatus(JournalState.FAULT, cause="the disk is full"), "the disk is full"),
        (JournalStatus(JournalState.OFFLINE), "the journal is offline: others may have written"),
        (JournalStatus(JournalState.DIVERGED), "the journal is diverged"),
    ],
)
def test_what_cannot_be_known_of_the_journal_is_said(status: JournalStatus, told: str) -> None:
    broken = (BrokenPaper("incidents/2026/a.md", "b", ("a.md:1:1: …",)),)
    found = said(Papers(status, broken=broken), "not known")
    assert any(told in line for line in found)
    assert "! 1 document of the journal is not readable" in found
    well = Papers(JournalStatus(JournalState.PUSHED))
    assert not any(one.title == "not known" for one in sections_of(handover(well)))


def test_a_journal_that_was_not_read_and_a_file_with_faults_are_no_news() -> None:
    found = said(Papers(unread="the disk is dark"), "not known")
    assert any("the disk is dark, so that nothing in it stands here" in line for line in found)
    mine = change(1, ChangeState.SCHEDULED, 1)
    faulty = ChangePaper(mine, "changes/2026/a.md", "b", ("a.md:1:1: …",))
    lines = said(Papers(changes=(faulty,)), "changes under way")
    assert any("its file has faults" in line for line in lines)


def test_a_year_that_somebody_wrote_down_by_hand_does_no_harm() -> None:
    far = datetime(9999, 12, 31, 23, tzinfo=UTC)
    wild = msgspec.structs.replace(LED, severity=None, opened=far, started=None)
    plan = Plan(window=Period(ago(60), far))
    late = msgspec.structs.replace(change(1, ChangeState.SCHEDULED), plan=plan)
    told = markdown_of(handover(papers(wild, changes=(late,)), "Asia/Taipei"))
    assert told.count("9999-12-31") == 2


def test_no_text_of_a_document_changes_the_shape_of_the_markdown() -> None:
    def shape(text: str) -> list[tuple[str, str]]:
        led = msgspec.structs.replace(LED, title=text, lead=text, services=(text,))
        action = ActionItem(text, owner=text, due=T0.date())
        over = msgspec.structs.replace(OVER, title=text, actions=(action,))
        known = papers(led, over, changes=(change(1, ChangeState.SCHEDULED, 1, title=text),))
        tokens = MarkdownIt("commonmark").enable(["table"]).parse(markdown_of(handover(known)))
        inner = [one for token in tokens for one in (token, *(token.children or []))]
        return [(one.type, one.tag) for one in inner if one.type != "text"]

    for nasty in ("a|b `c` ``", "line\n# heading\n- item", "<b>x</b> [x](javascript:1)"):
        assert shape(nasty) == shape("plain")


def test_the_json_has_all_of_it_with_what_is_not_known_as_null() -> None:
    known = papers(
        LED,
        NEW,
        OVER,
        changes=(change(2, ChangeState.IN_PROGRESS), change(1, ChangeState.SCHEDULED, 3)),
        freezes=(freeze("sale", 2, 100), freeze("year", -5, 1000)),
    )
    told = json.loads(json_text(journal_facts(handover(known).papers, T0)))
    new, led = told["incidents"]
    assert (new["id"], new["severity"], new["lead"], new["next_owed"]["kind"]) == (
        *("INC-20261122-002", None, "", "lead"),
    )
    assert (led["severity"], led["lead"], led["next_owed"]) == ("P1", "mei", None)
    assert [(one["document"], one["owed"]["kind"], one["owed"]["overdue"]) for one in told["owed"]]
    assert told["owed"][0]["owed"]["overdue"] is True
    running, coming = told["changes"]
    assert (running["starts_at"], running["why_not"]) == (None, [])
    assert coming["starts_at"] == "2026-11-22T06:16:42Z"
    assert coming["why_not"]
    assert [(one["name"], one["at"], one["begins"]) for one in told["freezes"]] == [
        ("year", None, False),
        ("sale", "2026-11-22T05:16:42Z", True),
    ]
