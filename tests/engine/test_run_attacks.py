"""Runs against a program, a page or a label that lies: nothing of it is believed or let through."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec
import pytest
from markdown_it import MarkdownIt

from console.cli.papers import Stop
from console.cli.runbook_asked import Asked, wanted_of
from console.cli.runbook_session import Session
from console.cli.table import Paper
from console.engine.runs.left import work_of
from console.journal.seal import TRANSCRIPT, below_seal
from console.journal.transcript import read_transcript
from console.model.papers import BrokenPaper, Sheet
from console.model.registry import Host, Registry
from console.model.run import Filled, Run, StepPlan, StepState
from console.model.runbook import ParamType
from console.runbook.kept import KeptRun
from console.runbook.running.job import Finished, Job
from console.safety.clock import SystemClock
from console.safety.secret import Secret
from console.safety.text import Raw
from tests.build import T0
from tests.engine.stepping import Hasty, Stage, carried, learnt, state_of, step_of
from tests.runbook.pages import OURS, read

pytestmark = pytest.mark.real("git")

CANARY: Final = "hunter2-canary-of-the-shop"
NOISE: Final = r"""
printf '\033]52;c;cHduZWQ=\007\033]0;OWNED\007\033[2J\033P0;1|x\033\\\n\302\233\200\377\000\n'
printf '\342\200\256rm -rf\342\201\251\342\200\213\n'
printf '```\n# Steps\n~~~~\n---\nid: RUN-20261123-zzz\npassed: true\n---\n</details><script>x\n'
printf '[click](javascript:alert(1)) ![x](http://169.254.169.254/)\n'
printf '<!-- oncall:end transcript %064d -->\n<!-- oncall:end -->\n' 0
printf '\noncall-0123456789abcdef0123456789abcdef 200 0.1 0.1 0 0 [1.2.3.4]\n'
printf '\noncall-0123456789abcdef ended 0 0 0 0 0 0 0 0 0 0 0 0\n' >&2
printf 'left 1 init\nnolock\n[EXIT] (0) == 0\npassed\n' >&2
exit 7
"""
BOOK: Final = f"""---
oncall:
  params:
    TOKEN: {{type: secret}}
---
# Lies

## Diagnosis

```sh {{"name":"own-tool","oncall.risk":"read"}}
sh "HERE/own-tool"
```

```sh {{"name":"look","oncall.risk":"read"}}
cat "HERE/well"
```

## Mitigation

```sh {{"name":"act","oncall.risk":"reversible"}}
{NOISE.strip()}
```

```sh {{"name":"tell","oncall.risk":"reversible"}}
printf '%s\\n' "$TOKEN"
```
"""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "/")
    monkeypatch.setenv("ONCALL_LOCKS", str(tmp_path))
    stage = Stage(tmp_path / "stage")
    (stage.root / "own-tool").write_text(f"echo ran >'{stage.root}/ran'\n")
    (stage.root / "books" / "acting.md").write_text(BOOK.replace("HERE", str(stage.root)))
    return stage


async def test_whatever_a_program_prints_is_text_in_the_transcript_and_passes_nothing(
    stage: Stage,
) -> None:
    async with stage.console() as engine:
        run = await engine.runs.begin("acting")
        assert isinstance(run, Run)
        await carried(engine, run)
        ended = step_of(engine, run)
        assert (ended.state, ended.last.exit_status if ended.last else 0) == (StepState.FAILED, 7)
        printed = await engine.runs.output(run.id, "act")
        assert printed.stdout.exact.startswith("\x1b]52;")
        await engine.runs.finish(run.id)
        past = (await engine.runs.past())[0]
    content = (stage.journal / past.path).read_bytes()
    assert not re.search(
        rb"[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80[\x8b-\x8f\xae]|\xc2[\x80-\x9f]", content
    )
    told = read_transcript(Sheet(past.path, content, ""))
    assert not isinstance(told, BrokenPaper)
    assert (told.id, told.passed) == (run.id, False)
    assert below_seal(content + b"mine\n", TRANSCRIPT) == b"mine\n"
    page = content.partition(b"\n---\n")[2].partition(b"<!-- oncall:end transcript")[0]
    tokens = MarkdownIt("commonmark").parse(page.decode())
    kinds = {each.type for one in tokens for each in (one, *(one.children or ()))}
    assert "fence" in kinds
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}


async def test_a_secret_is_masked_before_what_is_said_is_cut(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Finished(None, is_unknown=True, fault="the line was cut")
    said = b"x" * 140 + CANARY.encode()
    ends = {"run": lost, "rejoin": Finished(3, stderr=said, stderr_bytes=len(said))}

    async def run_of(job: Job, on_output: object) -> Finished:
        return ends["run"]

    async def rejoin(job: str, host: str, on_output: object) -> Finished:
        return ends["rejoin"]

    async with stage.console(clock=Hasty()) as engine:
        desk = engine.runs
        monkeypatch.setattr(desk._underway._runner, "run", run_of)
        monkeypatch.setattr(desk._underway._runner, "rejoin", rejoin)
        run = await desk.begin("acting")
        assert isinstance(run, Run)
        assert await desk.set_value(run.id, "TOKEN", Secret(CANARY)) == ""
        # Learnt later, from the host.
        await carried(engine, run, "tell")
        while state_of(engine, run, "tell") is StepState.UNKNOWN:
            await learnt(engine, run)
        # Printed by a step that was never given it.
        ends["run"] = ends["rejoin"]
        await carried(engine, run, "look")
        for step in ("tell", "look"):
            last = step_of(engine, run, step).last
            assert last is not None
            assert "xxx" in last.said
            assert CANARY[:4] not in last.said + last.excerpt


async def test_of_a_changed_runbook_only_what_is_known_to_read_runs_before_somebody_agreed(
    stage: Stage,
) -> None:
    path = stage.root / "books" / "acting.md"
    async with stage.console() as engine:
        run = await engine.runs.begin("acting")
        assert isinstance(run, Run)
        await carried(engine, run)
        await engine.runs.finish(run.id)
        path.write_text(path.read_text().replace("# Lies", "# Other lies"))
        other = await engine.runs.begin("acting")
        assert isinstance(other, Run)
        plan = await engine.runs.prepare(other.id, "own-tool")
        assert isinstance(plan, StepPlan)
        assert "changed" in plan.refusals[0]
        assert "changed" in (await engine.runs.start(other.id, "own-tool")).why_not
        assert await engine.runs.start_reads(other.id) == ""
        await engine.runs.ended(other.id)
        assert state_of(engine, other, "look") is StepState.PASSED
        assert not (stage.root / "ran").exists()
        assert await engine.runs.accept(other.id) == ""
        await carried(engine, other, "own-tool")
        assert (stage.root / "ran").exists()


def test_what_was_refused_of_a_label_is_not_typed_by_the_next_console() -> None:
    book = read(OURS).runbook
    params = (
        Filled("TARGET_HOST", ParamType.HOST, Raw("evil"), source="label instance", fault="no"),
        Filled("BASE_URL", ParamType.URL, Raw("http://a/"), source="label url"),
    )
    run = Run("RUN-20261123-7f3", book, "", T0, "kai", "c", params=params)
    work = work_of(KeptRun(run, b""), Registry((Host("data-1", "10.0.0.5"),)), None, T0)
    assert work.given == {"BASE_URL": "http://a/"}
    typed = msgspec.structs.replace(params[0], is_given=True)
    run = msgspec.structs.replace(run, params=(typed,))
    work = work_of(KeptRun(run, b""), Registry(()), None, T0)
    assert work.given == {"TARGET_HOST": "evil"}


async def test_a_runbook_that_becomes_another_one_while_a_command_looks_is_not_run(
    stage: Stage,
) -> None:
    path = stage.root / "books" / "acting.md"
    asked = Asked("acting", steps=("look",))
    wanted = await wanted_of(asked, stage.loaded)
    path.write_text(path.read_text().replace('"oncall.risk":"read"', '"oncall.risk":"disruptive"'))
    async with stage.console() as engine:
        session = Session(engine.runs, asked, SystemClock(), Paper(80), lambda line: None)
        with pytest.raises(Stop, match="another one meanwhile"):
            await session.begin(wanted, None, "", "")
        assert engine.runs.runs.open == ()
