"""What became of a step, in a line that says where, and what proved it."""

from __future__ import annotations

import msgspec
import pytest

from console.model.action import Effect
from console.model.event import Carried, EventKind
from console.model.run import Run, StepState
from console.runbook.telling import step_event, step_text
from tests.runbook.runs import NIGHT, SILENT, attempt, fresh_run, minute, with_step, worked


def _text(run: Run, name: str) -> str:
    step = run.step(name)
    assert step is not None
    return step_text(run, step)


def test_a_step_that_passed_tells_what_verified_it() -> None:
    told = "start-redis on data-1: passed (verify-ping: [STDOUT] (PONG) == PONG)"
    assert _text(worked(), "start-redis") == told


def test_a_step_that_failed_tells_what_came() -> None:
    assert _text(worked(), "ping") == "ping on data-1: failed: exit 1, expected 0"
    silent = attempt(StepState.FAILED, checks=(SILENT,))
    run = with_step(fresh_run(), "ping", StepState.FAILED, silent)
    assert _text(run, "ping") == 'ping on data-1: failed: [STDOUT] ("") == PONG'


def test_what_a_person_did_says_so() -> None:
    run = with_step(fresh_run(), "ping", StepState.MANUAL, reason="by hand", at=NIGHT, who="mei")
    assert _text(run, "ping") == "ping: done by hand: by hand"
    run = with_step(fresh_run(), "ping", StepState.SKIPPED, reason="no\nneed", at=NIGHT, who="mei")
    assert _text(run, "ping") == "ping: skipped: no⏎need"
    assert _text(fresh_run(), "ping") == "ping: open again"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (StepState.UNKNOWN, "ping on data-1: unknown, attempt 2: the host is gone"),
        (StepState.RUNNING, "ping on data-1: began, attempt 2"),
    ],
)
def test_what_is_not_over_is_not_told_as_if_it_were(state: StepState, told: str) -> None:
    late = attempt(state, number=2, said="the host is gone")
    assert _text(with_step(fresh_run(), "ping", state, late), "ping") == told


def test_the_event_belongs_to_the_documents_and_the_alert_of_the_run() -> None:
    run = worked(incident="INC-20261123-2ac", change="CHG-20261123-9b1")
    event = step_event(run, run.steps[1], minute(2))
    assert (event.kind, event.subject, event.who) == (EventKind.STEP, "runbook cache-down", "mei")
    assert (event.key, event.at) == ("f00d", minute(2))
    assert event.documents == ("INC-20261123-2ac", "CHG-20261123-9b1")
    assert event.link == "runs/2026/RUN-20261123-7f3-cache-down.md"
    alone = step_event(worked(), worked().steps[0], minute(2))
    assert (alone.documents, alone.who) == ((), "kai")


def test_the_event_tells_machines_whether_the_step_may_have_changed_something() -> None:
    run = worked()
    ping, looked, start, verify = (step_event(run, one, minute(2)) for one in run.steps)
    assert start.carried == Carried(
        run.id, "start-redis", StepState.PASSED, Effect.DISRUPTIVE, "redis", "data-1"
    )
    assert [one.acted for one in (ping, looked, start, verify)] == [False, False, True, False]
    left = with_step(run, "start-redis", StepState.SKIPPED, reason="no", at=NIGHT, who="mei")
    assert not step_event(left, left.steps[2], NIGHT).acted
    by_hand = with_step(fresh_run(), "start-redis", StepState.MANUAL, at=NIGHT, who="mei")
    told = step_event(by_hand, by_hand.steps[2], NIGHT)
    assert told.acted and told.carried is not None and told.carried.host == ""


def test_a_hostile_name_of_a_runbook_is_safe_in_its_event() -> None:
    run = worked()
    book = msgspec.structs.replace(run.runbook, name="../\x1b]0;x\x07/..")
    event = step_event(msgspec.structs.replace(run, runbook=book), run.steps[0], NIGHT)
    assert "\x1b" not in event.subject
    assert event.link == "runs/2026/RUN-20261123-7f3-0-x.md"
