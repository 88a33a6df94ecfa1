"""kill -9 at any moment of a step that acts: the next console knows what became of it.

Whatever its host's marker says is what stands in the run, in the audit and in the transcript, and
nothing was carried out twice.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from console.actions.audit.check import check, records_of
from console.actions.audit.record import Phase, Record
from console.engine.engine import Engine
from console.model.acting import Ended
from console.model.run import Run, StepState
from tests.engine.stepping import Hasty, Stage, console, until
from tests.journal.folder import git, is_sound
from tests.runbook.places_to_run import sshd_host
from tests.soak import trials
from tests.sshd import Sshd

pytestmark = [pytest.mark.real("git"), pytest.mark.real("sshd")]

WAIT_S: Final = 120.0
KILLS_A_LOOK: Final = 20
GOES_ON: Final = (StepState.RUNNING, StepState.UNKNOWN)
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "tests.engine.stepping", "console.engine.engine"])


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stage sets these, for its consoles."""
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "/")
    yield


def kill_one(stage: Stage, mark: str, chance: random.Random) -> None:
    """A console that is killed somewhere in what it does."""
    ours, theirs = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=console, args=(stage, mark, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        with contextlib.suppress(EOFError):
            for _ in range(chance.choice((1, 2, 2, 2, 2, 3))):
                assert ours.poll(WAIT_S), "it does nothing"
                ours.recv()
        process.join(chance.uniform(0, 0.35))
    finally:
        process.kill()
        process.join(WAIT_S)
        ours.close()


async def look(stage: Stage) -> dict[str, tuple[Run, StepState]]:
    """The next console: by its mark, each run that it finds once nothing is in question."""
    async with stage.console(clock=Hasty()) as engine:
        await until(lambda: bool(engine.runs.runs.found))
        await until(lambda: not _in_question(engine))
        runs = engine.runs.runs.open
        for run in runs:
            outcome = await engine.runs.finish(run.id)
            assert outcome.ended is Ended.DONE, outcome
        past = {one.id: one for one in await engine.runs.past()}
        found = {}
        for run in runs:
            mark = next(one.value for one in run.params if one.name == "MARK")
            step = run.step("act")
            assert mark is not None and step is not None
            found[mark.exact] = (run, step.state)
            if run.is_touched:
                assert (str(step.state), 1) in past[run.id].counts or _states(run) > 1
                assert f"`act`: {step.state}" in git(
                    stage.journal, "show", f"HEAD:{past[run.id].path}"
                )
            else:
                assert run.id not in past
        return found


def _states(run: Run) -> int:
    """How many steps have the state of `act`."""
    act = run.step("act")
    return sum(act is not None and one.state is act.state for one in run.steps)


def _in_question(engine: Engine) -> bool:
    return any(one.state in GOES_ON for run in engine.runs.runs.open for one in run.steps)


def assert_true(stage: Stage, mark: str, run: Run, state: StepState) -> None:
    """What the run says of the step `act` is what its command did."""
    left = stage.left(mark)
    assert left.count("begun") <= 1, (mark, left)
    step = run.step("act")
    last = None if step is None else step.last
    if state is StepState.PASSED:
        assert left == ["begun", "over"]
    elif state is StepState.PENDING:
        assert left == []
        assert last is None
    else:
        assert state is StepState.FAILED
        assert last is not None
        # Its console was killed before it began, or it ended by itself, and badly.
        assert left == (["begun", "over"] if "bad" in mark and left else [])
        assert last.exit_status == (3 if left else None)


def assert_audited(stage: Stage, runs: list[Run]) -> None:
    """Every attempt has its intent, with at most one end that is known, and that last."""
    checked = check(stage.state)
    assert checked.broken is None
    records, unreadable = records_of(stage.state)
    assert unreadable == len(checked.torn)
    ends: dict[str, list[Record]] = {}
    for record in records:
        if record.phase is Phase.INTENT:
            assert record.id not in ends
            ends[record.id] = []
        else:
            ends[record.id].append(record)
    for found in ends.values():
        known = [one.ended for one in found if one.ended is not Ended.UNKNOWN]
        assert len(known) <= 1
        assert [one.ended for one in found][: len(found) - len(known)] == [Ended.UNKNOWN] * (
            len(found) - len(known)
        )
    for run in runs:
        for attempt in (one for step in run.steps for one in step.attempts):
            assert attempt.intent in ends


async def killed(stage: Stage, kills: int, seed: int) -> dict[str, StepState]:
    """Kill so many consoles; how their steps ended, by mark."""
    chance = random.Random(seed)
    found: dict[str, StepState] = {}
    runs: list[Run] = []
    for first in range(0, kills, KILLS_A_LOOK):
        marks = [
            f"m{number}{chance.choice(('', 'bad'))}"
            for number in range(first, min(first + KILLS_A_LOOK, kills))
        ]
        for mark in marks:
            kill_one(stage, mark, chance)
        for mark, (run, state) in (await look(stage)).items():
            assert mark in marks
            assert_true(stage, mark, run, state)
            found[mark] = state
            runs.append(run)
    assert_audited(stage, runs)
    if stage.journal.exists():
        assert is_sound(stage.journal)
    # Before it had begun nothing was kept; all others are there.
    assert all(not stage.left(f"m{n}") or f"m{n}" in found for n in range(kills))
    return found


async def test_whatever_kills_a_console_its_step_ends_here_as_the_marker_says(
    tmp_path: Path,
) -> None:
    found = await killed(Stage(tmp_path / "stage"), trials(usual=5, soak=200), 20261123)
    assert found


async def test_whatever_kills_a_console_its_step_ends_on_a_host_as_the_marker_says(
    tmp_path: Path, sshd: Sshd
) -> None:
    found = await killed(Stage(tmp_path / "stage", sshd), trials(usual=5, soak=200), 6)
    assert found


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with sshd_host(tmp_path / "sshd") as sshd:
        yield sshd
