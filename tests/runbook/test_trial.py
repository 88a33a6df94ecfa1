"""A step passes where it was shown to be well, and in no other case."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import msgspec
import pytest

from console.model.run import StepState
from console.runbook.running.job import Finished, Job
from console.runbook.running.trial import concluded, tried
from console.safety.secret import Secret
from tests.runbook.trying import Impatient, Scripted, ShellRunner, Shown, job_of, step_of
from tests.runbook.trying import trial_of as verified

UP = ("[EXIT] == 0", "[STDOUT] == PONG")
READ = "redis-cli ping"
ACT = "docker start redis"


def came(status: int | None, stdout: str = "", stderr: str = "") -> Finished:
    out, err = stdout.encode(), stderr.encode()
    return Finished(status, out, err, len(out), len(err), took_s=0.1)


@dataclass
class Kind:
    """A kind of step."""

    command: str
    risk: str
    conditions: tuple[str, ...] = ()


VERIFY = Kind(READ, "verify", UP)
LOOK = Kind(READ, "read")
ACTS = Kind(ACT, "reversible")
ACTS_SHOWN = Kind(ACT, "disruptive", ("[EXIT] == 0", "[STDOUT] == redis"))


async def outcome(kind: Kind, end: Finished | Exception) -> tuple[StepState, str]:
    step = step_of(kind.command, kind.conditions, kind.risk)
    trial = await tried(step, job_of(step, {}), Scripted(end), Impatient(), Shown().take)
    assert trial.said.isprintable() and trial.said
    if not isinstance(end, Exception):
        again = concluded(step, end)
        assert (again.state, again.said.split(" within")[0]) == (
            trial.state,
            trial.said.split(" within")[0],
        )
    return trial.state, trial.said


@pytest.mark.parametrize(
    ("kind", "end", "state", "said"),
    [
        (VERIFY, came(0, "PONG\n"), "passed", "all 2 conditions hold: [EXIT] (0) == 0"),
        (VERIFY, came(0, "LOADING\n"), "failed", "[STDOUT] (LOADING) == PONG"),
        (VERIFY, came(1, "", "a\nno route\n"), "failed", "exit 1, expected 0: no route"),
        (LOOK, came(0), "passed", "exit 0"),
        (LOOK, came(3, "out\n"), "failed", "exit 3, expected 0: out"),
        (ACTS, came(0, "redis\n"), "passed", "exit 0"),
        (ACTS, came(1, "", "\x1b[2Jno such\n"), "failed", "exit 1, expected 0: ^[[2Jno such"),
        (ACTS_SHOWN, came(0, "nginx"), "failed", "[STDOUT] (nginx) == redis"),
        (VERIFY, Finished(None, timed_out=True), "failed", "no answer within 20 s"),
        (ACTS, Finished(None, stopped=True), "failed", "stopped"),
        (ACTS, Finished(None, busy="mei"), "failed", "it was not started: mei"),
        (LOOK, Finished(None, fault="refused"), "failed", "refused"),
        (ACTS, Finished(None, fault="no such host"), "failed", "no such host"),
        (
            ACTS,
            Finished(None, is_unknown=True, fault="the connection broke"),
            "unknown",
            "it was sent, and its outcome is not known: the connection broke",
        ),
        (
            ACTS,
            Finished(None),
            "unknown",
            "it ended without a status: nobody knows what it came to",
        ),
        (
            LOOK,
            Finished(None),
            "failed",
            "it ended without a status: nobody knows what it came to",
        ),
    ],
)
async def test_every_end_is_a_state_and_one_sentence(
    kind: Kind, end: Finished, state: str, said: str
) -> None:
    assert await outcome(kind, end) == (StepState(state), said)


async def test_no_end_that_is_not_whole_passes_anything() -> None:
    flags = ("timed_out", "stopped", "is_unknown")
    tried_ends = 0
    for kind, status, stdout in itertools.product(
        (VERIFY, LOOK, ACTS, ACTS_SHOWN), (0, 1, None), ("PONG", "redis", "")
    ):
        good = kind.conditions[-1].endswith(stdout or "-") if kind.conditions else True
        for flag in (*flags, "busy", ""):
            value: object = "mei" if flag == "busy" else True
            more = {flag: value} if flag else {}
            end = Finished(status, stdout.encode(), b"", len(stdout), 0, **more)  # type: ignore[arg-type]
            passes = status == 0 and not flag and good
            state, _ = await outcome(kind, end)
            assert (state is StepState.PASSED) is passes, (kind, end)
            tried_ends += 1
    assert tried_ends == 180


async def test_nothing_is_judged_of_output_that_is_not_whole() -> None:
    for end in (
        Finished(0, b"PONG", b"", 4, 0, is_cut=True),
        Finished(0, b"PONG", b"", 5, 0),
    ):
        state, said = await outcome(VERIFY, end)
        assert (state, "characters were read" in said) == (StepState.FAILED, True)
    # Of what nothing is asked, it does not matter.
    state, _ = await outcome(LOOK, Finished(0, b"PONG", b"", 4_000_000, 0, is_cut=True))
    assert state is StepState.PASSED


async def test_a_command_that_fails_passes_only_where_its_end_is_asked_for() -> None:
    quiet = Kind("grep -c x /var/log/app", "verify", ("[STDOUT] == 0",))
    asked = Kind("grep -c x /var/log/app", "verify", ("[STDOUT] == 0", "[EXIT] == any(0, 1)"))
    assert await outcome(quiet, came(1, "0\n")) == (
        StepState.FAILED,
        "exit 1, expected 0: 0",
    )
    assert (await outcome(asked, came(1, "0\n")))[0] is StepState.PASSED


async def test_a_bug_of_ours_passes_nothing_and_what_acted_is_not_known() -> None:
    said = "the console failed over it: ValueError"
    for kind, state in ((VERIFY, "failed"), (LOOK, "failed"), (ACTS, "unknown")):
        found = await outcome(kind, ValueError("\x1b[2J secret"))
        assert (found[0], found[1].split(" at ")[0]) == (StepState(state), said)


async def test_what_reads_is_tried_again_as_written_and_each_time_as_a_job_of_its_own() -> None:
    step = step_of(READ, UP, more=',"oncall.retry":"5x3s"')
    runner, clock = Scripted(came(1), Finished(None, fault="x"), came(0, "PONG")), Impatient()
    seen: list[tuple[int, str]] = []

    def on_try(number: int, job: Job) -> None:
        seen.append((number, job.id))

    trial = await tried(step, job_of(step, {}), runner, clock, Shown().take, on_try)
    assert (trial.state, trial.tries) == (StepState.PASSED, 3)
    assert trial.said == "all 2 conditions hold: [EXIT] (0) == 0; at try 3 of 5"
    assert runner.ids == ["RUN-1.look.1", "RUN-1.look.1.t2", "RUN-1.look.1.t3"]
    assert seen == list(enumerate(runner.ids, 1))
    assert clock.waited == [3.0, 3.0]


async def test_the_last_try_is_what_is_told_and_a_stopped_one_is_the_last() -> None:
    step = step_of(READ, UP, more=',"oncall.retry":"2x3s"')
    job, shown = job_of(step, {}), Shown()
    trial = await tried(step, job, Scripted(came(1), came(2)), Impatient(), shown.take)
    assert trial.said == "exit 2, expected 0; at try 2 of 2"
    runner = Scripted(Finished(None, stopped=True))
    trial = await tried(step, job, runner, Impatient(), shown.take)
    assert (trial.state, trial.said, len(runner.ids)) == (StepState.FAILED, "stopped", 1)


async def test_what_acts_is_carried_out_once_whatever_came() -> None:
    read = step_of(READ, UP, more=',"oncall.retry":"5x3s"')
    step = msgspec.structs.replace(step_of(ACT, risk="reversible"), retry=read.retry)
    runner = Scripted(came(1), came(0))
    trial = await tried(step, job_of(step, {}), runner, Impatient(), Shown().take)
    assert (trial.state, len(runner.ids)) == (StepState.FAILED, 1)


async def test_a_command_is_run_as_it_is_and_its_output_is_shown_as_it_comes() -> None:
    word = "$(id); `id` 'x\" \n*"
    trial, shown, job = await verified(
        'printf "%s" "$WORD"', "[EXIT] == 0", "[RESPONSE_TIME] < 15s", WORD=word
    )
    assert trial.state is StepState.PASSED
    assert shown.stdout == word.encode()
    assert job.script == 'printf "%s" "$WORD"'


async def test_a_program_that_is_not_there_is_a_sentence() -> None:
    step = step_of("no-such-program-here --x", risk="read")
    trial = await tried(step, job_of(step, {}), ShellRunner(), Impatient(), Shown().take)
    assert trial.state is StepState.FAILED
    assert trial.said.startswith("exit 127, expected 0: ") and "not found" in trial.said


async def test_a_secret_of_what_acts_goes_in_by_stdin_as_well() -> None:
    step = step_of(
        'curl -X POST -o /dev/null -H "Authorization: Bearer $TOKEN" "$URL"', risk="reversible"
    )
    runner = Scripted(came(0))
    scripts: list[str] = []
    job = job_of(step, {"TOKEN": "hunter22", "URL": "http://127.0.0.1:1/"})

    class Kept:
        async def run(self, job: Job, on_output: object) -> Finished:
            scripts.append(job.script)
            return await runner.run(job, Shown().take)

    assert (await tried(step, job, Kept(), Impatient(), Shown().take)).state is StepState.PASSED
    curl = scripts[0].partition(" | curl ")[2]
    assert curl == '-X POST -o /dev/null "$URL" -K -'


async def test_no_part_of_a_secret_is_left_where_a_line_is_cut_or_spelt_out() -> None:
    secret = "hunter22-and-a-long\x1btail"
    step = step_of(READ, ("[STDOUT] == PONG",), more="")
    job = job_of(step, {"TOKEN": secret})
    for lead in (0, 60, 70, 78, 150, 158):
        end = came(0, f"{'x' * lead}{secret}\n", f"{'x' * lead}{secret}\n")
        trial = await tried(step, job, Scripted(end), Impatient(), Shown().take)
        bad = await tried(
            step,
            job,
            Scripted(msgspec.structs.replace(end, exit_status=1)),
            Impatient(),
            Shown().take,
        )
        again = concluded(step, end, None, (Secret(secret),))
        told = (trial.said, bad.said, again.said, trial.checks[0].actual, bad.checks[0].actual)
        assert not any("hunt" in one or "tail" in one for one in told), told
        assert b"hunt" not in trial.finished.stdout + trial.finished.stderr
        assert trial.finished.stdout_bytes == len(trial.finished.stdout)
