"""What runbooks did, as the evidence about a row tells it: who is at it, and what they changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from console.engine.evidence import EvidenceDesk
from console.engine.evidence_known import known_lines
from console.engine.evidence_runs import progress_words, ran_lines
from console.engine.evidence_words import EvidenceLine, Learned, Topic
from console.model.action import Effect
from console.model.event import Carried, Event, EventKind
from console.model.policy import Policy
from console.model.run import Run, Runs, StepState
from console.safety.clock import SystemClock
from console.safety.text import visible
from console.triage.triage import Triage
from tests.engine.test_changes import Told, lines, redis_row
from tests.hostile import ATTACKS
from tests.runbook.runs import attempt, fresh_run, minute, with_step
from tests.screens.console import ScriptedInquiry, no_books
from tests.screens.worlds import usual

WORLD = usual()
ROW = redis_row(WORLD)
KEY = ROW.alerts[0].key
DONE = Carried(
    "RUN-20261123-7f3",
    "start-redis",
    StepState.PASSED,
    Effect.DISRUPTIVE,
    service="redis",
    host="data-1",
)


def step(minutes: float = -20, who: str = "mei", key: str = "", **changes: object) -> Event:
    """A step that ended so long after the row began; before it, where that is negative."""
    return Event(
        ROW.since + timedelta(minutes=minutes),
        EventKind.STEP,
        "runbook cache-down",
        "start-redis on data-1: passed",
        who,
        key,
        carried=msgspec.structs.replace(DONE, **changes),
    )


def text_of(found: Sequence[EvidenceLine]) -> list[str]:
    return ["".join(visible(piece.text) for piece in line.pieces) for line in found]


# What changed


async def test_a_step_that_acted_on_the_service_is_a_change_with_who_and_how_it_ended() -> None:
    found = await lines(Told(events=[step()]))
    assert found[0].endswith(" step start-redis on data-1 passed (mei)")
    assert not any("none in" in line for line in found), "something did happen to redis"


@pytest.mark.parametrize(
    "changes",
    [
        {"effect": Effect.READ},
        {"effect": None},
        {"state": StepState.SKIPPED},
        {"state": StepState.PENDING},
        {"service": "postgres"},
        {"service": "", "host": "far-9"},
    ],
)
async def test_what_only_looked_or_was_left_out_or_was_elsewhere_is_no_change(
    changes: dict[str, Any],
) -> None:
    assert not any("start-redis" in line for line in await lines(Told(events=[step(**changes)])))


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.UNKNOWN, StepState.MANUAL])
async def test_what_did_not_end_well_may_have_changed_something_all_the_same(
    state: StepState,
) -> None:
    found = await lines(Told(events=[step(state=state)]))
    assert f"start-redis on data-1 {state} (mei)" in found[0]


async def test_steps_on_neighbours_and_on_the_machine_below_count_and_old_ones_do_not() -> None:
    redis, user = WORLD.cell("redis"), WORLD.users_of("redis")[0].service.name
    assert redis is not None and redis.service.host
    host = redis.service.host
    happened = [
        step(-5, step="a", service=user),
        step(-6, step="b", service="", host=host),
        step(-7, step="c", service=f"host:{host}", host=host),
        step(-8, step="d", service="another-on-it", host=host),
        step(-121, step="e"),
        step(1, step="f"),
    ]
    found = await lines(Told(events=happened))
    assert "step f on data-1 passed" in found[0], "since it began too, and its own comes first"
    told = {name for name in "abcdef" if any(f"step {name} on" in line for line in found)}
    assert told == {"a", "b", "c", "f"}


async def test_a_run_that_was_opened_from_the_very_alert_is_about_the_row() -> None:
    found = await lines(Told(events=[step(key=KEY, service="")]))
    assert "start-redis on data-1 passed" in found[0]


async def test_an_outcome_that_was_learnt_later_takes_the_place_of_not_known() -> None:
    sent = step(-20, state=StepState.UNKNOWN)
    learnt = step(-10, state=StepState.PASSED)
    found = [line for line in await lines(Told(events=[sent, learnt])) if "start-redis" in line]
    assert len(found) == 1 and "passed" in found[0]


async def test_names_from_a_journal_that_anybody_writes_are_safe_to_show() -> None:
    for hostile in ATTACKS:
        event = step(step=hostile, host=hostile, key=KEY)
        shown = await lines(Told(events=[msgspec.structs.replace(event, who=hostile)]))
        ran = text_of(tuple(ran_lines(ROW, [step(1, step=hostile, key=KEY)], Runs())))
        assert all(line == visible(line) for line in (*shown, *ran))


async def test_who_has_just_run_a_step_sees_it_and_not_the_answer_of_before() -> None:
    told, log = Told(), list[Event]()
    desk = EvidenceDesk(
        SystemClock(), asker=ScriptedInquiry, logs=lambda: None, events=lambda: log,
        past=lambda: told, shelf=no_books,
    )  # fmt: skip
    came: dict[Topic, list[str]] = {}

    def take(learned: Learned) -> None:
        came[learned.topic] = text_of(learned.lines)

    await desk.gather(ROW, WORLD, take)
    assert not any("start-redis" in line for line in came[Topic.CHANGE])
    now = SystemClock().now().wall
    shown = step(-1)
    told.events = [shown]
    await desk.gather(ROW, WORLD, take)
    assert not any("start-redis" in line for line in came[Topic.CHANGE]), "asked not long ago"
    log.append(msgspec.structs.replace(shown, at=now + timedelta(seconds=1)))
    await desk.gather(ROW, WORLD, take)
    assert any("start-redis" in line for line in came[Topic.CHANGE])


# Who works on it


def mine(run: Run) -> Run:
    return msgspec.structs.replace(run, alert=KEY, ended=None)


def known(*runs: Run) -> list[str]:
    found = known_lines(ROW, Triage(Policy()).worklist(WORLD), WORLD, runs=Runs(runs))
    return text_of([line for line in found if line.topic is Topic.WORK and line.label == "run"])


def test_a_run_that_is_open_for_the_alert_says_what_was_done_last_and_what_is_next() -> None:
    run = with_step(mine(fresh_run()), "ping", StepState.PASSED, attempt(StepState.PASSED))
    assert known(run) == ["RUN-20261123-7f3 cache-down: ping passed, step-2 next (kai)"]


def test_a_run_for_another_alert_or_another_service_is_not_said_to_be_about_it() -> None:
    other = msgspec.structs.replace(fresh_run(), alert="other", service="redis")
    shop = msgspec.structs.replace(fresh_run(), alert="", service="shop")
    redis = msgspec.structs.replace(fresh_run(), alert="", service="redis")
    assert known(other, shop) == []
    assert len(known(redis)) == 1


def test_how_far_a_run_is_never_hides_what_is_not_known() -> None:
    run = mine(fresh_run())
    assert progress_words(run) == "nothing done yet, ping next"
    running = with_step(run, "start-redis", StepState.RUNNING, attempt(StepState.RUNNING))
    assert progress_words(running) == "start-redis runs, verify-ping next"
    lost = with_step(run, "start-redis", StepState.UNKNOWN, attempt(StepState.UNKNOWN))
    assert progress_words(lost).startswith("what became of start-redis is not known")
    # What verified it came later; it is the step that was verified that counts.
    started = attempt(StepState.PASSED, by=("verify-ping",))
    verified = attempt(StepState.PASSED, ended=minute(4))
    mended = with_step(run, "start-redis", StepState.PASSED, started)
    mended = with_step(mended, "verify-ping", StepState.PASSED, verified)
    assert progress_words(mended) == "start-redis passed"
    left_out = with_step(run, "ping", StepState.MANUAL, at=minute(1), who="mei")
    assert progress_words(left_out) == "ping done by hand, step-2 next"


def test_what_a_colleague_ran_is_told_once_for_each_run_the_latest_step_first() -> None:
    first, then = step(1, key=KEY), step(3, key=KEY, step="verify-ping", effect=Effect.READ)
    other = step(2, who="lin", run="RUN-20261123-9aa", step="ping", state=StepState.FAILED)
    before = step(-5, run="RUN-20261123-000")
    elsewhere = step(4, key="other", run="RUN-20261123-111")
    assert text_of(tuple(ran_lines(ROW, [first, then, other, before, elsewhere], Runs()))) == [
        "RUN-20261123-7f3 cache-down: verify-ping on data-1 passed (mei)",
        "RUN-20261123-9aa cache-down: ping on data-1 failed (lin)",
    ]


def test_a_run_that_is_open_here_is_not_told_a_second_time_by_the_journal() -> None:
    assert tuple(ran_lines(ROW, [step(1, key=KEY)], Runs((fresh_run(),)))) == ()


async def test_what_was_run_comes_with_what_was_before_and_is_never_old() -> None:
    told = Told(events=[step(1, key=KEY)])
    desk = EvidenceDesk(
        SystemClock(), asker=ScriptedInquiry, logs=lambda: None, events=lambda: (),
        past=lambda: told, shelf=no_books,
    )  # fmt: skip
    came: dict[Topic, tuple[EvidenceLine, ...]] = {}

    def take(learned: Learned) -> None:
        came[learned.topic] = learned.lines

    await desk.gather(ROW, WORLD, take)
    (line,) = [one for one in came[Topic.BEFORE] if one.topic is Topic.WORK]
    assert (line.label, text_of([line])) == (
        "run",
        ["RUN-20261123-7f3 cache-down: start-redis on data-1 passed (mei)"],
    )
