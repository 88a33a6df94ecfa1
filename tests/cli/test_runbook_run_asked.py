"""Runbooks run by a person at a terminal, and on the demo's fleet, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from console.cli.runbook_live import LEFT, STOPPING
from console.demo.serve import DemoHandle, start_demo
from console.engine.saved import StateFolder
from console.model.run import StepState
from console.model.update import Update
from console.safety.files import state_dir
from tests.cli.runbook_place import ONCALL, Place
from tests.spawn import oncall
from tests.terminal.terminal import Terminal
from tests.watching import hands_of
from tests.watching import running as watching

BREAK = ("run", "shop", "--service", "shop", "--step", "break")
YES = ("--yes", "yes")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoHandle]:
    handle = start_demo("redis-down")
    yield handle
    handle.stop()


def at_terminal(place: Place, *words: str) -> Terminal:
    env: dict[str, str | None] = dict(place.env)
    return Terminal([*ONCALL, "runbook", *words], home=place.base, size=(80, 40), env=env)


# At a terminal.


def test_a_person_is_shown_what_it_would_do_and_types_the_word(place: Place) -> None:
    with at_terminal(place, *BREAK) as terminal:
        terminal.wait_for("type box to go on")
        shown = terminal.text
        assert "break  [disruptive]" in shown and "back by    raise" in shown
        assert "expects    is-up: [STDOUT] == up" in shown
        terminal.type("box\r")
        assert terminal.wait_end() == 1
        terminal.wait_for("FAILED")  # there is nothing to take away
        assert "NOT RUN" not in terminal.text


@pytest.mark.parametrize(("typed", "code"), [("boxes\r", 4), ("\r", 4), ("\x03", 130)])
def test_whatever_else_is_typed_starts_nothing(place: Place, typed: str, code: int) -> None:
    (place.flags / "up").touch()
    with at_terminal(place, *BREAK) as terminal:
        terminal.wait_for("type box to go on")
        terminal.type(typed)
        assert terminal.wait_end() == code
    assert (place.flags / "up").exists() and place.transcripts == []


# Left to itself.


async def test_a_second_ctrl_c_does_not_wait_and_the_next_console_learns_what_became_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = place.open(*("run", "shop", "--service", "shop", "--step", "sleep-on"), *YES)
    assert running.stderr is not None
    for said in ("  | begun\n", f"{STOPPING}\n"):
        assert said in iter(running.stderr.readline, "")
        running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, f"{LEFT}\n")
    for pid in place.sleepers():  # it goes on, and comes to its end
        os.kill(pid, signal.SIGKILL)
    monkeypatch.setenv("XDG_STATE_HOME", place.env["XDG_STATE_HOME"])
    state = StateFolder(state_dir("night", os.environ))
    async with watching(load(place.settings), state=state, hands=hands_of("kai")) as (_, seen):
        await seen.until(lambda update: states_of(update) == {StepState.FAILED})
    assert place.sleepers() == []


def states_of(update: Update) -> set[StepState]:
    """What the steps that were begun have come to, in every run that is open."""
    return {step.state for run in update.runs.open for step in run.steps if step.attempts}


# On the demo.


def test_on_the_demo_from_the_alert_to_a_verified_fix_by_one_command(
    demo: DemoHandle,
) -> None:
    words = ("runbook", "run", "cache-down", "--config", str(demo.settings_dir), "--json")
    about = ("--alert", "ServiceDown", "--service", "redis")
    mended = oncall(*words, *about, "--step", "start-redis", *YES)
    assert mended.exit_code == 0, mended
    run = json.loads(mended.stdout)["run"]
    states = {step["name"]: step["state"] for step in run["steps"]}
    assert (states["start-redis"], states["verify-ping"]) == ("passed", "passed")
    (sent,) = next(step for step in run["steps"] if step["name"] == "start-redis")["attempts"]
    assert sent["host"] == "data-1" and "docker start" in sent["typed"]
    (attempt,) = next(step for step in run["steps"] if step["name"] == "verify-ping")["attempts"]
    assert attempt["checks"][1]["shown"] == "[STDOUT] (PONG) == PONG"
    past = oncall("runbook", "runs", "cache-down", "--config", str(demo.settings_dir))
    assert run["id"] in past.stdout and "ServiceDown redis@data-1" in past.stdout
