"""An approval by the author, a start at the wrong time, an edit after approval: refused by every
command and by a commit made by hand, in the words of one rule. And no freeze holds up a fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from config.load import Loaded, load
from console.journal.change_text import CHANGES
from console.journal.language import Language
from console.model.change import (
    Acceptance,
    Approval,
    Change,
    ChangeState,
    Likelihood,
    Plan,
    Risk,
    Rollback,
    plan_hash,
)
from console.model.change_rules import Surroundings, approval_refusals, start_verdict
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope
from tests.cli.test_papers import NOW, Team
from tests.journal.folder import git

pytestmark = pytest.mark.real("git")

HOUR: Final = timedelta(hours=1)
NIGHT: Final = NOW.replace(microsecond=0)
ALWAYS: Final = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
PEAK: Final = Freeze("peak", Level.HARD, Schedule(periods=(ALWAYS,)), Scope(("frozen",)), "ann")
AROUND: Final = Surroundings(Calendar(freezes=(PEAK,)))
SPAN: Final = f'{{start: "{ALWAYS.start:%FT%TZ}", end: "{ALWAYS.end:%FT%TZ}"}}'
FREEZE: Final = f"""
changes:
  freezes:
    - name: peak
      owner: ann
      services: [frozen]
      periods: [{SPAN}]
"""
PLAN: Final = Plan(
    services=("frozen",),
    environment="night",
    steps="redis-cli config set maxmemory 2gb",
    risk=Risk(Likelihood.LOW, Likelihood.LOW),
    window=Period(NIGHT - HOUR, NIGHT + 12 * HOUR),
    rollback=Rollback("redis-cli config set maxmemory 1gb", timedelta(minutes=1), "p95 above 2 s"),
    verification=("[STATUS] == 200",),
    acceptance=Acceptance("mei"),
    executor="kai",
)
EARLY: Final = msgspec.structs.replace(PLAN, window=Period(NIGHT + 48 * HOUR, NIGHT + 50 * HOUR))
LATE: Final = msgspec.structs.replace(PLAN, window=Period(NIGHT - 50 * HOUR, NIGHT - 48 * HOUR))
CASES: Final = {
    "its author's approval": (PLAN, "kai", plan_hash(PLAN), "somebody else has to"),
    "an edit after approval": (PLAN, "mei", "0" * 64, "it has to be approved again"),
    "before its window": (EARLY, "mei", plan_hash(EARLY), "its window has not begun"),
    "after its window": (LATE, "mei", plan_hash(LATE), "its window is over"),
    "in a freeze": (PLAN, "mei", plan_hash(PLAN), "ask ann; an exception by somebody else"),
}
"""Who approved which plan, and what is said of a start."""


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """With a freeze that never ends."""
    made = Team(tmp_path_factory.mktemp("team"), '{prometheus: [{name: p, url: "http://[::1]:9"}]}')
    made.more = FREEZE
    made.opened()
    return made


def committed(team: Team, change: Change) -> None:
    """`change` as a file that somebody wrote by hand, and committed with git alone."""
    path = team.folder / "changes" / "2026" / f"{change.id}-by-hand.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CHANGES.new(change, Language.ENGLISH, ()).content)
    git(team.folder, "add", "-A")
    git(team.folder, "commit", "-qm", "by hand")


def said(text: str) -> str:
    """With lines that were broken joined again."""
    return " ".join(text.split())


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_what_may_not_start_is_refused_by_every_command_in_the_words_of_the_rule(
    team: Team, number: int
) -> None:
    plan, by, digest, words = list(CASES.values())[number]
    change = Change(
        f"CHG-20261122-a{number}b",
        "more memory",
        "kai",
        NIGHT - HOUR,
        ChangeState.APPROVED,
        plan,
        (Approval(by, NIGHT - HOUR, digest),),
    )
    reasons = start_verdict(change, NIGHT, AROUND).reasons
    assert any(words in one for one in reasons), reasons
    committed(team, change)
    refused = said(team.run("change", "start", change.id, exit_code=4).stdout)
    dry = said(team.run("change", "start", change.id, "--dry-run", exit_code=4).stdout)
    of_it = said(team.run("change", "gate", "--change", change.id, exit_code=1).stdout)
    of_all = said(team.run("change", "gate", "--service", "frozen", exit_code=1).stdout)
    listed: Any = team.json("change", "list")["changes"]
    assert refused.startswith(f"{change.id} stays approved: {reasons[0]}")
    for reason in reasons:
        assert reason in refused
        assert f"it would be refused: {reason}" in dry
        assert reason in of_it
        assert f"{change.id}: {reason}" in of_all
    (facts,) = (one for one in listed if one["id"] == change.id)
    assert (facts["may_start"], facts["why_not"]) == (False, list(reasons))
    assert "state: approved" in team.text(change.id)


def test_the_authors_approval_is_refused_by_command_and_told_before(team: Team) -> None:
    change = Change("CHG-20261122-c0c", "x", "kai", NIGHT - HOUR, ChangeState.SUBMITTED, PLAN)
    committed(team, change)
    (reason,) = approval_refusals(change, "kai")
    refused = team.run("change", "approve", change.id, exit_code=4).stdout
    assert refused == f"{change.id} not approved: {reason}\n"
    dry = team.run("change", "approve", change.id, "--dry-run", exit_code=4).stdout
    assert f"it would be refused: {reason}" in dry
    assert "approvals: []" in team.text(change.id)


def test_an_edit_after_approval_says_so_and_starts_once_it_is_approved_again(team: Team) -> None:
    plan = msgspec.structs.replace(PLAN, services=("thawed",))
    agreed = (Approval("mei", NIGHT - HOUR, plan_hash(plan)),)
    change = Change(
        "CHG-20261122-d0d", "x", "kai", NIGHT - HOUR, ChangeState.APPROVED, plan, agreed
    )
    committed(team, change)
    edited = said(team.run("change", "set", change.id, "steps", "reboot").stdout)
    assert "its plan is another one: it has to be approved again" in edited
    for words in (("start", change.id), ("gate", "--change", change.id)):
        refused = team.run("change", *words, exit_code=1 if words[0] == "gate" else 4).stdout
        assert "edited after the approval; it has to be approved again" in said(refused)
    team.run("change", "approve", change.id, who="mei")
    team.run("change", "gate", "--change", change.id)
    team.run("change", "start", change.id)


def test_a_freeze_holds_up_no_fix_of_an_open_incident_and_the_fix_is_reviewed(team: Team) -> None:
    incident = team.opened("the shop is down", "--set", "severity=P0")
    sets = ("kind=emergency", "title=restart", "services=frozen", "steps=docker restart shop")
    new = [f"--set={one}" for one in (*sets, "executor=kai", "accepts=kai")]
    alone = team.json("change", "new", *new)["document"]
    team.run("change", "approve", alone)
    refused = team.run("change", "start", alone, exit_code=4).stdout
    assert "linked to an open incident it goes through" in refused
    team.run("change", "set", alone, "incidents", incident)
    # Which incident it is for is no part of its plan: what was agreed to is agreed to.
    team.run("change", "gate", "--change", alone)
    assert team.json("change", "gate", "--service", "frozen")["change"] == alone
    started = team.run("change", "start", alone).stdout
    assert "somebody else has to review it afterwards" in started
    for words in (("verify",), ("accept",)):
        team.run("change", *words, alone)
    missing = "an emergency change is reviewed by somebody else before it is closed"
    assert missing in team.run("change", "close", alone, exit_code=4).stdout
    assert missing in team.run("change", "list").stdout
    owed = team.json("journal", "status")["owed"]
    assert [one["text"] for one in owed if one["document"] == alone] == [missing]
    told = team.json("handover")["journal"]["owed"]
    assert [one["owed"]["text"] for one in told if one["document"] == alone] == [missing]
    mine = team.run("change", "review", alone, "fine", exit_code=4).stdout
    assert "kai made it; somebody else reviews it" in mine
    team.run("change", "review", alone, "it was right", who="mei")
    team.run("change", "close", alone)
    assert missing not in team.run("change", "list", "--all").stdout


def test_no_freeze_is_in_the_way_of_an_incident(team: Team) -> None:
    one = team.json("incident", "new", "--what", "it is down", "--where", "frozen")["document"]
    team.run("incident", "note", one, "restarted it")
    team.run("incident", "set", one, "severity", "P3")
    update = ("--conditions", "down", "--actions", "restarting", "--needs", "none")
    team.run("incident", "update", one, *update)
    for verb in ("mitigate", "resolve"):
        assert "freeze" not in team.run("incident", verb, one).stdout


def test_the_settings_freeze_what_the_rule_was_asked_about(team: Team) -> None:
    from config.changes import calendar_of

    loaded = load(team.settings("kai"))
    assert isinstance(loaded, Loaded), loaded
    assert calendar_of(loaded.settings) == AROUND.calendar
