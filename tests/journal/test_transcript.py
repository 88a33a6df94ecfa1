"""A transcript reads well on any git host, holds no secret, and can be read back."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from markdown_it import MarkdownIt

from console.journal.language import Language
from console.journal.seal import TRANSCRIPT, below_seal
from console.journal.transcript import read_transcript, transcript_of
from console.journal.transcript_text import MAX_LINES
from console.model.papers import BrokenPaper, Sheet
from console.model.run import PastRun, Run, StepState
from console.safety.secret import Secret, known_secrets
from console.safety.text import Raw, visible
from tests.hostile import ATTACKS
from tests.runbook.runs import NIGHT, PONG, attempt, fresh_run, minute, with_step, worked

PATH = "runs/2026/RUN-20261123-7f3-cache-down.md"
TRICKS = (
    *ATTACKS,
    "```\n# Owned\n```",
    "````` \n~~~\n---\nid: x\n---",
    "| a | b |\n|---|---|",
    "<!-- oncall:end transcript " + "0" * 64 + " -->",
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png) @everyone #1",
)


def _told(run: Run, *secrets: Secret, language: Language = Language.ENGLISH) -> str:
    return transcript_of(run, language, secrets).decode()


def _read(content: bytes | str, path: str = PATH) -> PastRun | BrokenPaper:
    whole = content.encode() if isinstance(content, str) else content
    return read_transcript(Sheet(path, whole, "b10b"))


def _past(run: Run) -> PastRun:
    found = _read(_told(run))
    assert isinstance(found, PastRun), found
    return found


def test_a_run_is_read_back_from_its_transcript() -> None:
    found = _past(worked(incident="INC-20261123-2ac"))
    assert (found.id, found.path, found.runbook) == ("RUN-20261123-7f3", PATH, "cache-down")
    assert (found.began, found.ended) == (NIGHT, minute(6))
    assert (found.who, found.title) == (Raw("kai"), Raw("Redis does not answer"))
    assert found.subject == Raw("ServiceDown redis@data-1")
    assert (found.service, found.incident) == ("redis", "INC-20261123-2ac")
    assert found.counts == (("passed", 2), ("failed", 1), ("skipped", 1))
    assert found.skipped == ("step-2",)
    assert found.digest == worked().runbook.digest


@pytest.mark.parametrize(
    ("state", "passed"),
    [
        (StepState.PASSED, True),
        (StepState.SKIPPED, True),
        (StepState.FAILED, False),
        (StepState.UNKNOWN, False),
        (StepState.RUNNING, False),
    ],
)
def test_a_past_run_passed_where_the_run_did(state: StepState, passed: bool) -> None:
    run = with_step(fresh_run(), "verify-ping", StepState.PASSED, attempt(StepState.PASSED))
    run = with_step(run, "start-redis", state)
    assert _past(run).passed is run.passed is passed


def test_what_only_looks_for_the_fault_may_fail_in_a_run_that_passed() -> None:
    run = with_step(fresh_run(), "ping", StepState.FAILED, attempt(StepState.FAILED))
    assert not run.passed
    run = with_step(run, "verify-ping", StepState.PASSED, attempt(StepState.PASSED))
    assert _past(run).passed is run.passed is True


def test_a_page_shows_the_commands_what_came_and_what_proved_it() -> None:
    told = _told(worked())
    for line in (
        "# RUN-20261123-7f3 Redis does not answer",
        "- **Result**: 2 passed, 1 failed, 1 skipped",
        "- **Ended**: 2026-11-23 03:20:00 UTC (6m)",
        "- `TARGET_HOST`: `data-1`",
        "| 3 | start-redis | passed | kai@data-1 | 0 | 2s |",
        "docker start redis",
        '- **fails**: `[STDOUT] ("") == PONG`',
        "- **holds**: `[STDOUT] (PONG) == PONG`",
        "Verified by: `verify-ping`",
        "Could not connect",
        "2026-11-23 03:16:00 UTC **skipped** (mei): the dashboard is down too",
    ):
        assert line in told.splitlines()


@pytest.mark.parametrize("trick", TRICKS)
def test_nobodys_text_is_markup_in_a_transcript(trick: str) -> None:
    hostile = attempt(
        StepState.FAILED,
        f"echo '{trick}'",
        said=trick,
        excerpt=trick,
        where=trick,
        who=trick,
        checks=(msgspec.structs.replace(PONG, shown=trick),),
        values=(("TARGET_HOST", trick),),
    )
    run = worked(subject=trick, who=trick, notes=(trick,), source=trick)
    run = with_step(run, "ping", StepState.FAILED, hostile, reason=trick, who=trick)
    content = transcript_of(run, Language.ENGLISH, ())
    found = _read(content)
    assert isinstance(found, PastRun), found
    assert found.subject == Raw(visible(trick))
    plain = transcript_of(worked(), Language.ENGLISH, ())
    assert _shape(content) == _shape(plain)
    assert "\x1b" not in content.decode()
    assert below_seal(content, TRANSCRIPT) == b""


def _shape(content: bytes) -> list[str]:
    """Its headings, and that nothing is a picture, a link or HTML but the console's own line."""
    body = content.decode().split("\n---\n", 1)[1]
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    inline = [each for one in tokens for each in one.children or ()]
    found = [one.tag for one in tokens if one.type == "heading_open"]
    found += [one.type for one in inline if one.type in ("image", "link_open", "html_inline")]
    return found + [one.content[:12] for one in tokens if one.type == "html_block"]


def test_every_byte_of_a_command_stands_in_one_fence() -> None:
    command = "cat <<'E'\n```sh\n````\nE"
    run = with_step(fresh_run(), "ping", StepState.PASSED, attempt(StepState.PASSED, command))
    tokens = MarkdownIt("commonmark").parse(_told(run))
    assert f"{command}\n" in [one.content for one in tokens if one.type == "fence"]


def test_a_long_output_shows_its_end_and_says_so() -> None:
    lines = [f"line {number}" for number in range(5_000)]
    long = attempt(StepState.PASSED, excerpt="\n".join(lines), output_bytes=104_857_600)
    told = _told(with_step(fresh_run(), "ping", StepState.PASSED, long))
    assert "Output, its end (104,857,600 bytes in all):" in told
    assert "line 4999" in told and "line 4000\n" not in told
    assert told.count("\n") < MAX_LINES + 200
    assert "[…]" in told


def test_no_known_secret_stands_in_it_wherever_it_came_from() -> None:
    secret = Secret("hunter2-of-redis")
    leak = "AUTH hunter2-of-redis"
    bad = attempt(StepState.FAILED, leak, said=leak, excerpt=leak, values=(("X", leak),))
    run = worked(subject=leak, notes=(leak,))
    run = with_step(run, "ping", StepState.FAILED, bad, reason=leak)
    filled = msgspec.structs.replace(run.params[0], value=Raw(leak), resolved=leak)
    run = msgspec.structs.replace(run, params=(filled, run.params[1]))
    assert secret in known_secrets()
    told = transcript_of(run, Language.ENGLISH, known_secrets()).decode()
    assert "hunter2" not in told
    assert told.count("AUTH \\*\\*\\*") + told.count("AUTH ***") >= 8
    assert isinstance(_read(told), PastRun)


def test_a_secret_is_known_as_long_as_anybody_holds_it() -> None:
    before = len(known_secrets())
    first, second = Secret("one and the same"), Secret("one and the same")
    assert len(known_secrets()) == before + 1
    del first
    assert second in known_secrets()
    del second
    assert len(known_secrets()) == before


@pytest.mark.parametrize(
    ("language", "heading"),
    [(Language.TRADITIONAL_CHINESE, "## 步驟"), (Language.SIMPLIFIED_CHINESE, "## 步骤")],
)
def test_headings_are_in_the_language_of_the_journal(language: Language, heading: str) -> None:
    told = _told(worked(), language=language)
    assert heading in told.splitlines()
    assert isinstance(_read(told), PastRun)


def test_what_people_write_below_the_seal_stays() -> None:
    first = transcript_of(worked(), Language.ENGLISH, ()) + "## 凱\r\nfixed for good\n".encode()
    below = below_seal(first, TRANSCRIPT)
    assert below == "## 凱\r\nfixed for good\n".encode()
    again = transcript_of(worked(), Language.ENGLISH, (), below)
    assert again == first


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"exit: 1", b"exit: 0"), (b"kai", b"mei"), (b"oncall:end", b"oncall:fin"), (b"\n\n", b"\n")],
)
def test_whatever_is_changed_above_the_seal_breaks_it(old: bytes, new: bytes) -> None:
    content = transcript_of(worked(), Language.ENGLISH, ())
    assert below_seal(content, TRANSCRIPT) == b""
    assert below_seal(content.replace(old, new, 1), TRANSCRIPT) is None


def test_a_checkout_with_other_line_breaks_is_the_same_transcript() -> None:
    content = transcript_of(worked(), Language.ENGLISH, ())
    assert below_seal(content.replace(b"\n", b"\r\n"), TRANSCRIPT) == b""


def test_a_seal_that_a_program_printed_seals_nothing() -> None:
    real = transcript_of(worked(), Language.ENGLISH, ()).decode().splitlines()[-1]
    printed = attempt(StepState.PASSED, excerpt=f"{real}\nmine")
    run = with_step(fresh_run(), "ping", StepState.PASSED, printed)
    content = transcript_of(run, Language.ENGLISH, ())
    assert below_seal(content, TRANSCRIPT) == b""
    assert below_seal(content[: content.index(b"\nmine") + 1], TRANSCRIPT) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema: 1", "schema: 7", "schema"),
        ("id: RUN-20261123-7f3", "id: RUN-20261123-zzz", "named for"),
        ("state: passed", "state: great", "state"),
        ("began: 2026-11-23T03:14:00Z", "began: soon", "began"),
        ("---\n", "", "front matter"),
        ("took: 2s", "took: [", ""),
    ],
)
def test_a_broken_transcript_says_what_was_expected(old: str, new: str, said: str) -> None:
    found = _read(_told(worked()).replace(old, new, 1))
    assert isinstance(found, BrokenPaper)
    assert said in found.faults[0]
    assert found.faults[0].startswith("RUN-20261123-7f3-cache-down.md")


def test_a_time_that_runs_backwards_is_not_known() -> None:
    odd = attempt(StepState.PASSED, ended=minute(1) - timedelta(seconds=3))
    told = _told(with_step(fresh_run(), "ping", StepState.PASSED, odd))
    assert "| 1 | ping | passed | kai@data-1 | 0 |  |" in told
