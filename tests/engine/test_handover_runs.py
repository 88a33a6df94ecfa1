"""Runs of runbooks at the change of shifts: what is open, what is not known, how the rest ended."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from config.load import Loaded
from config.people import Rota
from config.schema import Settings
from console.cli.handover_runs import handed_run_facts
from console.engine.handover import Handover, handover_of
from console.engine.handover_lines import joined
from console.engine.handover_markdown import markdown_of
from console.engine.handover_runs import ToldRuns, handed_runs, told_runs
from console.engine.handover_words import sections_of
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.run import PastRun, Run, Runs, StepState
from console.model.update import Update
from console.safety.jsontext import json_text
from console.safety.text import Raw
from console.triage.triage import Triage
from tests.build import T0, ago, snapshot
from tests.engine.test_runs import carried, console, opened
from tests.hostile import ATTACKS
from tests.runbook.runs import attempt, fresh_run, with_step

HOUR_S = 3_600
DAY = timedelta(days=1)


def run(number: int = 1, **changes: object) -> Run:
    """One that kai opened half an hour ago and in which nothing was done."""
    return fresh_run(f"RUN-20261122-00{number}", began=ago(1_800), **changes)


def past(number: int = 5, hours: float = 2, **changes: object) -> PastRun:
    """One of mei's that passed so long ago."""
    began = ago(hours * HOUR_S)
    one = PastRun(
        f"RUN-20261122-00{number}", f"runs/2026/RUN-20261122-00{number}-x.md", "disk-full",
        Raw("Disk full"), began, began + timedelta(minutes=9), Raw("mei"),
        Raw("DiskFull db@data-1"), counts=(("passed", 4), ("skipped", 1)), passed=True,
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def handover(
    *here: Run, standing: tuple[Run, ...] = (), over: tuple[PastRun, ...] = ()
) -> Handover:
    world = snapshot()
    loaded = Loaded(Settings(environment="test", rota=Rota("UTC")), Registry(), Policy(), None)
    update = Update(0, world, Triage(Policy()).worklist(world), runs=Runs(here))
    return handover_of(update, loaded, T0, "kai", ToldRuns(standing, over))


def said(found: Handover, most: int | None = None) -> list[str]:
    """The section about runs, line by line; nothing where there is none."""
    sections = [one for one in sections_of(found, most) if one.title.startswith("runs of runbooks")]
    return [
        text
        for one in sections
        for text in (
            one.title,
            *(
                f"{line.head} {joined(words)}"
                for line in one.lines
                for words in (line.words, *line.under)
            ),
        )
    ]


def test_without_a_run_there_is_no_section() -> None:
    assert said(handover()) == []
    assert handed_run_facts(handover().runs) == ()


def test_an_open_run_says_how_far_it_is_and_where_its_console_is() -> None:
    begun = with_step(run(), "ping", StepState.PASSED, attempt(StepState.PASSED))
    assert said(handover(msgspec.structs.replace(begun, incident="INC-20261122-7f3"))) == [
        "runs of runbooks: 1",
        "open RUN-20261122-001 cache-down, ServiceDown redis@data-1 (INC-20261122-7f3), by kai, "
        "for 30m: ping passed, step-2 next",
        "open in a console on laptop",
    ]


def test_what_became_of_a_step_that_nobody_knows_has_to_be_acted_on() -> None:
    lost = with_step(run(), "start-redis", StepState.UNKNOWN, attempt(StepState.UNKNOWN))
    found = handover(lost)
    assert said(found)[-1] == "open not known: what became of start-redis on data-1"
    (line,) = next(
        one.lines for one in sections_of(found) if one.title.startswith("runs of runbooks")
    )
    assert line.is_late
    assert handed_run_facts(found.runs)[0].unknown == ("start-redis",)


def test_a_run_of_another_console_stands_there_and_each_run_once_as_it_is_now() -> None:
    now = with_step(run(1), "ping", StepState.PASSED, attempt(StepState.PASSED))
    found = handover(now, standing=(run(1), run(2)), over=(past(1), past(2)))
    assert [one.id[-3:] for one in found.runs.open] == ["001", "002"]
    assert found.runs.past == ()
    assert "ping passed" in said(found)[1]


def test_the_runs_of_the_shift_say_how_they_came_out_and_older_ones_are_left_out() -> None:
    failed = past(6, 3, counts=(("failed", 1),), passed=False)
    lost = past(7, 4, counts=(("unknown", 1),), passed=False)
    left = past(8, 5, counts=(("pending", 2),), passed=False, ended=None)
    looked = past(9, 6, counts=(("manual", 1),), passed=False)
    old = past(4, 12.2)
    found = handover(over=(past(), failed, lost, left, looked, old))
    assert said(found)[:2] == [
        "runs of runbooks: 5",
        "passed RUN-20261122-005 disk-full, DiskFull db@data-1, by mei, 2h00m ago, in 9m: "
        "4 passed, 1 skipped",
    ]
    heads = [one.partition(" ")[0] for one in said(found)[1:]]
    assert heads == ["passed", "failed", "unknown", "open", "ended"]


def test_a_long_list_says_how_many_are_left_out() -> None:
    found = handover(over=tuple(past(number) for number in range(5)))
    shown = next(one for one in sections_of(found, 2) if one.title.startswith("runs of"))
    assert (len(shown.lines), shown.more) == (2, 3)


def test_the_json_has_what_the_section_has() -> None:
    printed = json.loads(json_text(handed_run_facts(handover(run(), over=(past(),)).runs)))
    assert [(one["id"], one["result"]) for one in printed] == [
        ("RUN-20261122-001", "open"),
        ("RUN-20261122-005", "passed"),
    ]
    assert printed[0]["steps"] == {"pending": 4}
    assert printed[1]["path"] == "runs/2026/RUN-20261122-005-x.md"


def test_what_a_transcript_says_breaks_neither_the_markdown_nor_the_terminal() -> None:
    for hostile in ATTACKS:
        evil = past(who=Raw(hostile), subject=Raw(hostile), runbook=hostile)
        text = markdown_of(handover(over=(evil,)))
        (line,) = [one for one in text.splitlines() if "RUN-20261122-005" in one]
        assert line.startswith("- **passed** RUN-20261122-005")
        assert "\x1b" not in line


@pytest.mark.real("git")
async def test_a_step_that_really_acted_is_told_to_all_by_the_journal_and_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home-state"))
    async with console(tmp_path) as engine:
        begun = await opened(engine)
        await carried(engine, begun, "mend")
        written = await engine.papers.happened(begun.began, begun.began + DAY)
        acted = [one for one in written if one.acted]
        assert [one.carried.step for one in acted if one.carried is not None] == ["mend"]
        assert acted[0].who == "kai"
        told = await told_runs(engine)
        assert [one.id for one in told.standing] == [begun.id]
        assert [(one.id, one.ended) for one in told.past] == [(begun.id, None)]
        # What is open stands there as open, and not once more by its transcript.
        handed = handed_runs(told, (), begun.began)
        assert ([one.id for one in handed.open], handed.past) == ([begun.id], ())
