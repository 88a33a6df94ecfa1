"""Open runs outlive their console, and one console at a time has each."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from console.model.run import Attempt, Filled, Run, StepRun, StepState
from console.runbook import kept_form
from console.runbook.kept import KeptRuns
from console.safety.files import FileError
from console.safety.text import Raw
from tests.runbook.runs import BOOK, NIGHT, attempt, fresh_run, with_step, worked

RUNNING = StepState.RUNNING


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    run = worked(incident="INC-20261123-2ac", notes=("it changed since its last run here",))
    first = KeptRuns(tmp_path)
    first.save(run, BOOK)
    first.leave_all()
    (found,) = KeptRuns(tmp_path).take_all(NIGHT)
    secret = msgspec.structs.replace(run.params[1], is_given=False)
    assert found.run == msgspec.structs.replace(run, params=(run.params[0], secret))
    assert found.content == BOOK
    assert found.was_running == ()


def test_what_a_dead_console_left_running_is_unknown_or_failed(tmp_path: Path) -> None:
    run = fresh_run()
    sent = attempt(RUNNING, job="RUN-20261123-7f3.start-redis.1", ended=None, exit_status=None)
    here = attempt(RUNNING, ended=None, exit_status=None)
    run = with_step(run, "start-redis", RUNNING, sent)
    run = with_step(run, "ping", RUNNING, here)
    first = KeptRuns(tmp_path)
    first.save(run, BOOK)
    first.leave_all()
    (found,) = KeptRuns(tmp_path).take_all(NIGHT)
    states = {one.name: one.state for one in found.run.steps}
    assert states["start-redis"] is StepState.UNKNOWN
    assert states["ping"] is StepState.FAILED
    failed = found.run.step("ping")
    assert failed is not None and failed.last is not None
    assert failed.last.said == "the console ended while it ran"
    assert failed.last.state is StepState.FAILED
    assert set(found.was_running) == {"start-redis", "ping"}


def test_a_run_that_another_console_has_open_is_not_taken(tmp_path: Path) -> None:
    first, second = KeptRuns(tmp_path), KeptRuns(tmp_path)
    run = worked()
    first.save(run, BOOK)
    assert second.take_all(NIGHT) == ()
    with pytest.raises(FileError, match="another console"):
        second.save(run, BOOK)
    first.leave(run.id)
    assert [one.run.id for one in second.take_all(NIGHT)] == [run.id]
    assert first.take_all(NIGHT) == ()
    assert second.mine == (run.id,)


def test_whoever_only_looks_sees_every_run_and_takes_none(tmp_path: Path) -> None:
    sent = attempt(RUNNING, job="RUN-20261123-7f3.start-redis.1", ended=None, exit_status=None)
    run = with_step(fresh_run(), "start-redis", RUNNING, sent)
    first, looker = KeptRuns(tmp_path), KeptRuns(tmp_path)
    first.save(run, BOOK)
    (seen,) = looker.standing()
    assert [one.name for one in seen.running] == ["start-redis"], "its console is at it now"
    assert first.standing() == (), "what is open here is known here"
    first.save(run, BOOK)
    first.leave_all()
    (left,) = looker.standing()
    found = left.step("start-redis")
    assert found is not None and found.state is StepState.UNKNOWN
    assert len(KeptRuns(tmp_path).take_all(NIGHT)) == 1


def test_whoever_only_looks_moves_no_broken_file(tmp_path: Path) -> None:
    first = KeptRuns(tmp_path)
    first.save(worked(), BOOK)
    first.leave_all()
    path = tmp_path / "runs" / "RUN-20261123-7f3.json"
    path.write_bytes(b"{")
    assert KeptRuns(tmp_path).standing() == ()
    assert path.read_bytes() == b"{"
    assert KeptRuns(None).standing() == ()


def test_only_the_user_can_read_what_is_kept(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        runs = KeptRuns(tmp_path)
        runs.save(worked(), BOOK)
        runs.remember("cache-down", BOOK)
    finally:
        os.umask(before)
    for path in [*(tmp_path / "runs").iterdir(), *(tmp_path / "books").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_run_that_is_over_leaves_nothing(tmp_path: Path) -> None:
    runs = KeptRuns(tmp_path)
    runs.save(worked(), BOOK)
    runs.drop("RUN-20261123-7f3")
    assert [one.name for one in (tmp_path / "runs").iterdir()] == [".turn"]
    assert runs.mine == ()
    assert KeptRuns(tmp_path).take_all(NIGHT) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"schema":1}',
        b'{"schema":99}',
        b"\xff" * 10,
        b'{"schema":1,"id":"RUN-20261123-7f3","runbook":"x","digest":"0","source":"",'
        b'"began":"2026-11-23T03:14:00","who":"","console":""}',
    ],
)
def test_a_broken_run_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    first = KeptRuns(tmp_path)
    first.save(worked(), BOOK)
    first.save(worked("RUN-20261123-9zz"), BOOK)
    first.leave_all()
    (tmp_path / "runs" / "RUN-20261123-7f3.json").write_bytes(content)
    runs = KeptRuns(tmp_path)
    assert [one.run.id for one in runs.take_all(NIGHT)] == ["RUN-20261123-9zz"]
    assert "RUN-20261123-7f3.json is broken" in runs.notices[-1]
    names = [one.name for one in (tmp_path / "runs").iterdir()]
    assert any(one.startswith("RUN-20261123-7f3.json.broken-20261123T031400") for one in names)


def test_a_run_whose_runbook_was_swapped_is_not_taken_up(tmp_path: Path) -> None:
    first = KeptRuns(tmp_path)
    first.save(worked(), BOOK)
    first.leave_all()
    (tmp_path / "runs" / "RUN-20261123-7f3.md").write_bytes(BOOK.replace(b"start", b"rm"))
    runs = KeptRuns(tmp_path)
    assert runs.take_all(NIGHT) == ()
    assert "another one" in runs.notices[-1]


def test_no_id_climbs_out_of_the_folder(tmp_path: Path) -> None:
    runs = KeptRuns(tmp_path)
    with pytest.raises(FileError, match="cannot name a run"):
        runs.save(worked("../../x"), BOOK)
    assert runs.take("../../x", NIGHT) is None
    runs.drop("../../x")
    assert list(tmp_path.iterdir()) == []


def test_hostile_values_come_back_or_become_plain(tmp_path: Path) -> None:
    run = fresh_run()
    value = msgspec.structs.replace(run.params[0], value=Raw("\x1b[31m\udc80'"))
    run = msgspec.structs.replace(run, params=(value, run.params[1]))
    first = KeptRuns(tmp_path)
    first.save(run, BOOK)
    first.leave_all()
    (found,) = KeptRuns(tmp_path).take_all(NIGHT)
    assert found.run.params[0].value == Raw("\x1b[31m?'")


def test_what_is_too_long_loses_old_excerpts_first() -> None:
    run = fresh_run()
    old = attempt(StepState.FAILED, excerpt="x" * 5_000)
    new = attempt(StepState.PASSED, number=2, excerpt="y" * 500)
    run = with_step(run, "ping", StepState.PASSED, old, new)
    content = kept_form.content_of(run, 4_000)
    assert len(content) <= 4_000
    assert b"yyy" in content and b"xxx" not in content


def test_a_secret_has_to_be_given_anew(tmp_path: Path) -> None:
    first = KeptRuns(tmp_path)
    first.save(fresh_run(), BOOK)
    first.leave_all()
    (found,) = KeptRuns(tmp_path).take_all(NIGHT)
    token = found.run.params[1]
    assert (token.name, token.is_given, token.is_ready) == ("TOKEN", False, False)


def test_a_runbook_is_remembered_as_it_was_run_last(tmp_path: Path) -> None:
    runs = KeptRuns(tmp_path)
    hostile = "../../../x\0\udc80" + "y" * 5_000
    assert runs.last_text("cache-down") is None
    runs.remember("cache-down", b"one")
    runs.remember(hostile, b"two")
    runs.remember("cache-down", b"three")
    again = KeptRuns(tmp_path)
    assert again.last_text("cache-down") == b"three"
    assert again.last_text(hostile) == b"two"
    assert len(list((tmp_path / "books").iterdir())) == 2


def test_without_a_folder_nothing_outlives_the_console() -> None:
    runs = KeptRuns(None)
    runs.save(worked(), BOOK)
    runs.remember("cache-down", BOOK)
    assert runs.last_text("cache-down") is None
    assert runs.take_all(NIGHT) == ()
    runs.drop("RUN-20261123-7f3")
    runs.leave_all()


@pytest.mark.parametrize(
    ("kept", "whole", "apart"),
    [
        (kept_form._Attempt, Attempt, set()),
        (kept_form._Step, StepRun, set()),
        (kept_form._Filled, Filled, set()),
        (kept_form._Run, Run, {"schema", "digest"}),
    ],
)
def test_nothing_of_a_run_is_left_out(
    kept: type[msgspec.Struct], whole: type[msgspec.Struct], apart: set[str]
) -> None:
    assert set(kept.__struct_fields__) - apart == set(whole.__struct_fields__)
