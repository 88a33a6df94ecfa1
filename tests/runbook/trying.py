"""Trying steps with the shell and the curl of this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from console.model.runbook import Step
from console.runbook.running.job import HERE, Finished, Job, OnOutput
from console.runbook.running.trial import Trial, tried
from console.safety.clock import Clock, SystemClock
from console.safety.masking import Masker
from console.safety.process import run
from console.safety.secret import Secret
from tests.runbook.pages import read

KEPT = 512 * 1024


class ShellRunner:
    """Runs jobs by the shell of this machine, and remembers what they were."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def run(self, job: Job, on_output: OnOutput) -> Finished:
        self.jobs.append(job)
        prelude = "".join(f"IFS= read -r {name}; " for name, _ in job.secrets)
        sent = "".join(f"{secret.reveal()}\n" for _, secret in job.secrets).encode()
        script = f"{prelude}{job.script}"
        ended = await run(
            [f"/bin/{job.shell}", "-c", script],
            stdin=sent,
            timeout_s=job.timeout_s,
            max_bytes=256 << 20,
            env={**os.environ, **dict(job.values), "LC_ALL": "C"},
        )
        masker = Masker(secret for _, secret in job.secrets)
        stdout, stderr = masker.whole(ended.stdout), masker.whole(ended.stderr)
        for stream, content in ((1, stdout), (2, stderr)):
            for at in range(0, min(len(content), 1 << 20), 1000):
                on_output(stream, content[at : at + 1000])
        kept = stdout if len(stdout) <= 2 * KEPT else stdout[:KEPT] + stdout[-KEPT:]
        status = ended.exit_status
        return Finished(
            status if status is None or status >= 0 else None,
            kept,
            stderr,
            len(stdout),
            len(stderr),
            is_cut=len(kept) < len(stdout),
            timed_out=ended.timed_out,
            took_s=ended.took_s,
        )


class Scripted:
    """Gives what it was told to, one end after the other."""

    def __init__(self, *ends: Finished | Exception) -> None:
        self._ends = list(ends)
        self.ids: list[str] = []

    async def run(self, job: Job, on_output: OnOutput) -> Finished:
        self.ids.append(job.id)
        end = self._ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


class Impatient(SystemClock):
    """The machine's clock, on which waiting takes no time."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)


def step_of(
    command: str, conditions: Sequence[str] = (), risk: str = "verify", more: str = ""
) -> Step:
    """`command` as the step `look` of a runbook, with all its parameters."""
    quoted = "".join(f"- '{one}'\n" for one in conditions)
    block = f'```yaml {{"oncall.expect":"look"}}\n{quoted}```\n' if conditions else ""
    front = (
        "---\noncall:\n  params:\n    URL: {type: url}\n    TOKEN: {type: secret}\n"
        "    WORD: {type: text}\n---\n"
    )
    info = f'{{"name":"look","oncall.risk":"{risk}"{more}}}'
    found = read(f"{front}```sh {info}\n{command}\n```\n\n{block}")
    step = found.runbook.step("look")
    assert step is not None
    assert step.is_runnable, step.refusal
    return step


def job_of(step: Step, values: Mapping[str, str], timeout_s: float = 20.0) -> Job:
    """What is run for it; `TOKEN` is a secret."""
    secrets = tuple((name, Secret(value)) for name, value in values.items() if name == "TOKEN")
    plain = tuple((name, value) for name, value in values.items() if name != "TOKEN")
    return Job("RUN-1.look.1", step.script.exact, "sh", HERE, timeout_s, plain, secrets)


class Shown:
    """What a person sees of a trial while it runs."""

    def __init__(self) -> None:
        self.stdout = b""
        self.stderr = b""

    def take(self, stream: int, content: bytes) -> None:
        if stream == 1:
            self.stdout += content
        else:
            self.stderr += content


async def trial_of(
    command: str,
    *conditions: str,
    url: str = "",
    clock: Clock | None = None,
    timeout_s: float = 20.0,
    **values: str,
) -> tuple[Trial, Shown, Job]:
    """Try `command` as a step that verifies `conditions`."""
    step = step_of(command, conditions)
    runner, shown = ShellRunner(), Shown()
    if url:
        values["URL"] = url
    trial = await tried(
        step, job_of(step, values, timeout_s), runner, clock or Impatient(), shown.take
    )
    return trial, shown, runner.jobs[-1]
