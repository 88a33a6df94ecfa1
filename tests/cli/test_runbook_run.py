"""Runbooks run from the command line: what is run, what is refused, what is said and kept."""

from __future__ import annotations

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.cli import run_facts, runbook_list
from console.cli.runbook_list import Opened, put_books
from console.cli.runbook_session import Came
from console.cli.table import Paper
from console.model.run import PastRun, Run, StepRun, StepState
from console.model.runbook import Runbook
from console.runbook.library import open_book, shipped
from console.runbook.lint import lint
from console.safety.text import Raw
from tests.cli.runbook_place import BOOK, Place
from tests.cli.test_alone import loaded_by
from tests.spawn import PROJECT


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def step(printed: Any, name: str) -> Any:
    return next(one for one in printed["run"]["steps"] if one["name"] == name)


# What is run.


def test_only_read_runs_every_step_that_reads_or_verifies_and_changes_nothing(place: Place) -> None:
    (place.flags / "up").touch()
    said = place.run(
        *("run", "shop", "--service", "shop", "--only", "read", "--secret", "TOKEN=env:TOKEN"),
        more={"TOKEN": "hunter2"},
    )
    lines = said.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["PASSED", name, "here"] for name in ("look", "look-there", "tell-secret", "is-up")
    ]
    assert lines[-1].endswith("[EXIT] (0) == 0; [STDOUT] (up) == up")
    assert "  | all is 'well'|up\n" in said.stderr and "  ! seen\n" in said.stderr
    assert "  | it is ***\n" in said.stderr and "hunter2" not in said.stdout + said.stderr
    assert [one.name for one in place.flags.iterdir()] == ["up"]


def test_without_a_word_what_to_run_it_lists_the_steps_and_runs_none(place: Place) -> None:
    said = place.run("run", "shop", exit_code=2)
    assert "--only read" in said.stderr and "break  [disruptive]" in said.stderr
    assert said.stdout == "" and not place.transcripts


def test_a_step_that_acts_is_verified_and_only_then_passed(place: Place) -> None:
    printed = place.json("run", "shop", "--service", "shop", "--step", "raise", "--yes", "yes")
    assert (place.flags / "up").exists()
    raised, verified = (step(printed, name)["attempts"][0] for name in ("raise", "is-up"))
    assert (raised["state"], raised["verified_by"]) == ("passed", ["is-up"])
    assert [check["shown"] for check in verified["checks"]] == [
        "[EXIT] (0) == 0",
        "[STDOUT] (up) == up",
    ]
    assert step(printed, "break")["attempts"] == []
    assert printed["run"]["passed"] and [Path(printed["kept"])] == place.transcripts
    for moment in (printed["run"]["began"], printed["run"]["ended"], raised["ended"]):
        assert moment.endswith("Z")


def test_what_was_done_and_does_not_show_is_failed_and_its_way_back_is_named(place: Place) -> None:
    (place.flags / "up").touch()
    said = place.run(
        *("run", "shop", "--service", "shop", "--step", "break", "--yes", "box"), exit_code=1
    )
    assert not (place.flags / "up").exists()
    states = {
        line.split()[1]: line.split()[0] for line in said.stdout.splitlines()[::1] if line[0] != " "
    }
    assert states == {"break": "FAILED", "is-up": "FAILED"}
    assert '  [STDOUT] ("") == up' in said.stdout
    assert "raise takes break back: --step raise" in said.stderr


def test_after_a_failure_nothing_is_changed_any_more_and_what_reads_goes_on(place: Place) -> None:
    printed = place.json(
        *("run", "shop", "--service", "shop", "--step", "is-up", "--step", "raise"),
        *("--step", "look", "--yes", "yes"),
        exit_code=1,
    )
    assert step(printed, "raise")["not_run"] == ["is-up did not pass"]
    assert step(printed, "look")["state"] == "passed"
    assert list(place.flags.iterdir()) == []


def test_of_an_output_without_end_the_end_is_shown_and_no_escape_reaches_the_terminal(
    place: Place,
) -> None:
    place.write(
        "loud",
        '# Loud\n\n```sh {"name":"many","oncall.risk":"read"}\nseq 1 400000\n```\n\n'
        '```sh {"name":"rude","oncall.risk":"read"}\n'
        "printf 'a\\033]0;x\\007b\\rc\\n no end'; printf 'why\\n' >&2; exit 3\n```\n",
    )
    said = place.run("run", "loud", "--only", "read", exit_code=1)
    lines = said.stderr.splitlines()
    del lines[: lines.index("  | 2,688,895 bytes in all; the last lines:")]
    assert lines[1:21] == [f"  | {number}" for number in range(399_981, 400_001)]
    assert lines[21:24] == ["  | a^[]0;x^Gb^Mc", "  |  no end", "  ! why"]
    assert "FAILED   rude  here" in said.stdout and "exit 3, expected 0: why" in said.stdout


# What is refused.


@pytest.mark.parametrize("words", [(), ("--yes", "yes"), ("--yes", "boxes")])
def test_without_its_word_a_step_that_changes_something_does_not_start(
    place: Place, words: tuple[str, ...]
) -> None:
    (place.flags / "up").touch()
    said = place.run("run", "shop", "--service", "shop", "--step", "break", *words, exit_code=4)
    assert said.stdout.startswith("NOT RUN  break") and "needs --yes box" in said.stdout
    assert "asks for   --yes box" in said.stderr  # what it would have done was shown
    assert (place.flags / "up").exists() and not place.transcripts


def test_read_only_runs_what_reads_refuses_the_rest_and_keeps_nothing(place: Place) -> None:
    said = place.run(
        *("run", "shop", "--service", "shop", "--step", "look", "--step", "raise", "--yes", "yes"),
        exit_code=4,
        before=("--read-only",),
    )
    assert said.stdout.splitlines()[0].startswith("PASSED   look ")
    assert "NOT RUN  raise" in said.stdout and "read-only" in said.stdout
    assert not place.journal.exists() and list(place.flags.iterdir()) == []
    assert "read-only" in said.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shop", "--step", "nope"), "it has no step nope; it has: look, look-there"),
        (("shop", "--step", "step-10"), "a person does it"),
        (("nope", "--only", "read"), "no runbook is called nope"),
        (("shop", "--only", "read", "--step", "look"), "not both"),
        (("shop", "--only", "read", "--param", "FLAGS=up"), "its parameters are: TARGET_HOST, "),
        (("shop", "--only", "read", "--param", "FLAG"), "expected NAME=…, got FLAG"),
        (("shop", "--only", "read", "--param", "TARGET_HOST=data-9"), "--param TARGET_HOST: "),
        (("shop", "--only", "read", "--param", "FLAG=-rf"), "does not begin with -"),
        (("shop", "--only", "read", "--param", "TOKEN=x"), "it is a secret: --secret TOKEN=env:"),
        (("shop", "--only", "read", "--secret", "TOKEN=hunter2"), "expected TOKEN=env:VAR"),
        (("shop", "--only", "read", "--secret", "hunter2"), "--secret: expected NAME="),
        (("shop", "--only", "read", "--secret", "TOKEN=env:NOT_SET_HERE"), "is not set"),
        (("shop", "--only", "read", "--service", "shopp"), "no service is called shopp"),
    ],
)  # fmt: skip
def test_words_that_mean_nothing_end_with_2_before_anything_is_run(
    place: Place, words: tuple[str, ...], said: str
) -> None:
    ended = place.run("run", *words, exit_code=2)
    assert said in ended.stderr and "hunter2" not in ended.stderr
    assert ended.stdout == "" and not place.journal.exists()


def test_a_value_that_is_missing_is_no_pass(place: Place) -> None:
    said = place.run("run", "shop", "--service", "shop", "--step", "tell-secret", exit_code=4)
    assert said.stdout.rstrip() == (
        "NOT RUN  tell-secret  TOKEN has not been given: --secret gives it"
    )


def test_a_step_that_cannot_be_read_as_it_was_meant_is_no_pass(place: Place) -> None:
    place.write("shop", BOOK.replace('-- echo "$FLAG"', "-- 'echo \"$FLAG\"'"))
    said = place.run("run", "shop", "--service", "shop", "--only", "read", exit_code=1)
    assert re.search("NOT RUN  look-there +expected no variable in the quoted script", said.stdout)


def test_an_alert_that_does_not_fire_runs_nothing_and_ends_with_1(place: Place) -> None:
    said = place.run("run", "shop", "--only", "read", "--alert", "Nope", exit_code=1)
    assert "no alert Nope is known, so that nothing was run" in said.stderr
    assert not place.journal.exists()


def test_a_runbook_that_changed_since_it_last_changed_something_is_shown_and_asked_about(
    place: Place,
) -> None:
    acts = ("run", "shop", "--service", "shop", "--step", "raise", "--yes", "yes")
    place.run(*acts)
    place.write("shop", BOOK.replace("Tell the team", "Tell everybody"))
    said = place.run(*acts, exit_code=4)
    assert "-1. Tell the team." in said.stderr and "+1. Tell everybody." in said.stderr
    assert "--yes changed" in said.stdout
    place.run(*acts, "--yes", "changed")


# What would be done.


def test_a_dry_run_prints_exactly_what_each_step_would_do_and_does_nothing(place: Place) -> None:
    said = place.run(
        *("run", "shop", "--service", "shop", "-n", "--step", "raise", "--step", "is-up")
    )
    assert "raise  [reversible]\n" in said.stdout and "is-up  [verify]" not in said.stdout
    assert f"  sent as    touch {place.flags}/up" in said.stdout
    assert "  with       FLAG=up\n" in said.stdout
    assert "  expects    is-up: [STDOUT] == up\n" in said.stdout
    assert "  back by    lower\n" in said.stdout
    assert "  asks for   --yes yes\n" in said.stdout
    assert list(place.flags.iterdir()) == [] and not place.journal.exists()


def test_a_dry_run_of_all_says_what_is_missing_and_ends_with_4(place: Place) -> None:
    printed = place.json("run", "shop", "--service", "shop", "--dry-run", exit_code=4)
    plans = {one["step"]: one for one in printed["plans"]}
    assert list(plans) == [
        *("look", "look-there", "tell-secret", "raise", "break", "sleep-long", "sleep-on"),
        *("is-up", "lower"),
    ]
    assert plans["tell-secret"]["refusals"] and not plans["raise"]["refusals"]
    assert (plans["break"]["word"], plans["raise"]["word"], plans["look"]["word"]) == (
        "box", "yes", "",
    )  # fmt: skip
    assert printed["run"]["ended"] is None and printed["kept"] == ""


# What is kept.


def test_the_transcript_is_kept_and_found_again_and_the_list_knows_it(place: Place) -> None:
    place.run("run", "shop", "--service", "shop", "--step", "raise", "--yes", "yes")
    place.run("run", "shop", "--service", "shop", "--step", "look", "--no-keep")
    (kept,) = place.transcripts
    (one,) = place.json("runs", "shop")["runs"]
    assert one["id"] in kept.name and one["passed"] and one["counts"]["passed"] == 2
    assert place.json("runs", "--search", "is-up")["runs"] == [one]
    shown = place.run("runs", "show", one["id"].rpartition("-")[2]).stdout
    assert shown == kept.read_text() + "\n" and "touch" in shown
    listed = {book["name"]: book["health"] for book in place.json("list")["runbooks"]}
    assert listed["shop"]["runs"] == 1 and listed["shop"]["last_passed"] is not None
    assert listed["cache-down"]["last"] is None
    assert re.search(r"^shop .* <10s +<10s +<10s", place.run("list").stdout, re.MULTILINE)
    assert "no run is written down" in place.run("runs", "nope", exit_code=1).stdout
    assert "there is no run" in place.run("runs", "show", "RUN-1", exit_code=1).stderr


def test_what_was_run_stands_in_the_timeline_of_the_incident_that_was_named(place: Place) -> None:
    opened = place.oncall("incident", "new", "--what", "no flag", "--where", "shop").stdout
    incident = opened.split()[0]
    run = place.json(
        *("run", "shop", "--service", "shop", "--step", "raise", "--yes", "yes"),
        *("--incident", incident.rpartition("-")[2]),
    )["run"]
    assert run["incident"] == incident
    told = place.oncall("incident", "show", incident).stdout
    assert "raise" in told and "passed" in told
    place.run("run", "shop", "--only", "read", "--incident", "INC-20200101-abc", exit_code=1)


def test_at_80_columns_the_list_tells_how_each_has_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    opened = [
        Opened(book, open_book(book), lint(open_book(book), "x", now.date(), timedelta(days=90)))
        for book in shipped()
    ]
    past = (
        PastRun("RUN-1", "x", "certificate-expiring", Raw(""), now - timedelta(days=41), now,
                Raw(""), passed=True),
    )  # fmt: skip
    put_books(opened, (), past, now, timedelta(days=0), Paper(80))
    head, *lines = capsys.readouterr().out.splitlines()
    assert max(map(len, (head, *lines))) <= 80
    assert head.split()[-5:] == ["LAST", "RUN", "LAST", "PASS", "MEDIAN"]
    (told,) = (line for line in lines if line.startswith("certificate-expiring"))
    assert re.search(r"stale .* 41 d +41 d +41 d$", told)


def test_without_a_journal_the_list_is_as_it_was_and_no_run_is_known(place: Place) -> None:
    assert "LAST RUN" not in place.run("list").stdout
    assert {book["health"] for book in place.json("list")["runbooks"]} == {None}
    place.run("runs", exit_code=1)
    assert not place.journal.exists()


# Stopping.


def test_ctrl_c_stops_what_runs_for_real_and_says_what_came(place: Place) -> None:
    running = place.open(
        *("run", "shop", "--service", "shop", "--step", "sleep-long", "--yes", "yes", "--json")
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line == "  | begun\n":
            break
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    attempt = step(json.loads(out), "sleep-long")["attempts"][0]
    assert attempt["state"] == "failed" and "stop" in attempt["said"]
    assert place.sleepers() == [] and list(place.flags.iterdir()) == []
    assert len(place.transcripts) == 1


# How it ends, and what is promised.


@pytest.mark.parametrize(
    ("states", "not_run", "code"),
    [
        ((StepState.PASSED, StepState.PENDING), (), 0),
        ((StepState.PASSED, StepState.UNKNOWN), (("c", ("why",)),), 3),
        ((StepState.PASSED, StepState.RUNNING), (), 3),
        ((StepState.FAILED, StepState.UNKNOWN), (), 1),
        ((StepState.FAILED, StepState.PASSED), (("c", ("why",)),), 1),
        ((StepState.PASSED, StepState.PASSED), (("c", ("why",)),), 4),
    ],
)
def test_the_exit_code_is_that_of_the_worst(
    states: tuple[StepState, ...], not_run: tuple[tuple[str, tuple[str, ...]], ...], code: int
) -> None:
    steps = tuple(StepRun(str(state), state) for state in states)
    run = Run("RUN-1", Runbook("x", Raw("x"), ""), "", datetime.now(UTC), "", "", steps=steps)
    assert Came(run, (), not_run=not_run).code == code
    assert Came(run, (), not_run=not_run, stopped=True).code == 130


def test_a_transcript_that_could_not_be_kept_is_no_success() -> None:
    run = Run("RUN-1", Runbook("x", Raw("x"), ""), "", datetime.now(UTC), "", "")
    assert Came(run, (), keeping_failed=True).code == 3


@pytest.mark.parametrize("module", [run_facts, runbook_list])
def test_every_field_of_the_json_is_documented(module: Any) -> None:
    text = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", text))
    for name, kind in vars(module).items():
        if name.endswith(("Facts", "Document")) and kind.__module__ == module.__name__:
            missing = set(kind.__struct_fields__) - documented
            assert not missing, f"{name}: {missing}"


def test_help_brings_no_client_and_no_ssh() -> None:
    loaded = loaded_by("runbook", "run", "--help")
    assert loaded.isdisjoint({"httpx", "asyncssh", "textual", "rich"})
