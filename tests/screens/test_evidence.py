"""The lines below the worklist: what a tired person reads of the row under the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest
from textual.pilot import Pilot

from console.engine.evidence_known import known_lines
from console.engine.evidence_words import EvidenceLine, Learned, Piece, Tone, Topic, plain
from console.engine.questions import PastFirings, Releases, RuleOf, RuleValue
from console.model.failure import Failure
from console.model.host import HostFacts, Means, Mount
from console.model.labels import Labels
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.policy import Policy
from console.model.probe import Verdict
from console.model.registry import Host
from console.model.report import Report, Runner
from console.model.snapshot import HostState, Snapshot
from console.model.state import State
from console.model.worklist import Row, Worklist
from console.safety.text import Raw, cell_width, visible
from console.triage.triage import Triage
from screens import evidence_asking
from screens.evidence import cut, pane
from screens.evidence_asking import EvidenceCame
from screens.triage import TriageScreen
from tests.build import ack, ago, alert, at, cell, failure, known, probed, service, snapshot
from tests.hostile import hostile_strings
from tests.screens.console import Console, ScriptedInquiry, console_on, until
from tests.screens.worlds import storm, usual
from tests.soak import trials
from widgets.live_list import LiveList
from widgets.paint import GLYPHS, width_of
from widgets.theme import Ink

DEAD = "redis:7.2.5 Exited(137) OOMKilled 03:12:51, restart policy: no"
FACTS = HostFacts(
    Means.SSH, uptime=timedelta(days=41), load=(3.1, 2.0, 1.0), memory_total_bytes=100,
    memory_available_bytes=59, mounts=(Mount(Raw("/"), 100, 55, 45.0),),
)  # fmt: skip


def world() -> Snapshot:
    """`usual()` with the container of redis dead, on a host that answers."""
    shown = usual()
    dead = Report(Runner.CONTAINER, Verdict.UNHEALTHY, DEAD, at(-5), timedelta(seconds=60))
    cells = tuple(
        msgspec.structs.replace(one, reports=(dead,)) if one.service.name == "redis" else one
        for one in shown.cells
    )
    host = HostState(Host("data-1", "10.0.0.1"), FACTS, at(-5))
    return msgspec.structs.replace(shown, cells=cells, host_states=(host,))


class Written:
    """A log that says what a test gave it."""

    def __init__(self, told: LogAnswer | Failure) -> None:
        self.told = told

    def why_not(self, service: str) -> str:
        return "" if service == "redis" else "no such service"

    async def read(self, request: LogRequest) -> LogAnswer | Failure:
        return self.told


class Never(ScriptedInquiry):
    """Asks, and is never answered."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def rule_value(self, rule: RuleOf, labels: Labels) -> RuleValue:
        self.asked.append("now")
        await asyncio.Event().wait()
        raise AssertionError

    async def past_firings(self, source: str, labels: Labels, before: datetime) -> PastFirings:
        self.asked.append("before")
        await asyncio.Event().wait()
        raise AssertionError

    async def releases(self, label: str, services: Sequence[str]) -> Releases:
        self.asked.append("change")
        await asyncio.Event().wait()
        raise AssertionError


def below(console: Console) -> list[str]:
    """The lines of the pane, its heading first."""
    lines = console.lines
    start = max(n for n, line in enumerate(lines) if line.startswith(("── ", "-- ")))
    return lines[start:-1]


def told(console: Console, label: str) -> str:
    """The line of that label, without it."""
    return next(line[8:] for line in below(console) if line.startswith(f"{label:<8}"))


async def answered(console: Console, pilot: Pilot[int]) -> None:
    """Wait until nothing is awaited any more."""
    await until(pilot, lambda: "before" in "".join(below(console)))
    await until(pilot, lambda: "asking" not in "\n".join(below(console)))


# What is there


async def test_an_alert_its_failed_probe_and_its_dead_container_are_one_row_with_three_proofs() -> (
    None
):
    async with console_on(world()) as (console, pilot):
        await answered(console, pilot)
        assert [line for line in console.lines if "ServiceDown" in line and "ack" in line]
        heading = below(console)[0]
        assert heading.startswith("── P0 ServiceDown redis@data-1 ── 1 alert, probe, container")
        assert "since 03:14:00" in heading
        assert told(console, "docker").startswith(DEAD)
        assert told(console, "probe").startswith("http tcp refused")
        assert told(console, "now").startswith("redis_up 0 (rule: == 0 for 1m)")
        assert told(console, "host").startswith("up 41 d  load 3.1  mem 41%  disk / 45%")
        assert told(console, "host").endswith("SSH <10s ago")
        assert told(console, "hits").startswith("1 of 1: api FIRING")


async def test_at_80x24_every_line_keeps_to_its_place() -> None:
    async with console_on(world()) as (console, pilot):
        await answered(console, pilot)
        lines = below(console)
        assert len(lines) == 10
        assert [line[:8].strip() for line in lines[1:]] == [
            "says", "now", "probe", "docker", "host", "log", "hits", "before", "book",
        ]  # fmt: skip
        assert lines[-1].endswith("  1 more: d")
        assert all(cell_width(line) <= 80 for line in lines)


async def test_where_there_is_more_room_there_are_more_lines() -> None:
    async with console_on(world(), size=(120, 36)) as (console, pilot):
        await answered(console, pilot)
        assert told(console, "change").startswith("redis: not known: no source tells of releases")
        assert not any(line.endswith(" d") for line in below(console))


async def test_the_last_log_lines_stand_with_their_times() -> None:
    lines = tuple(
        LogLine(ago(230 - n), Raw(f"line {n}" if n else "FATAL out of memory")) for n in range(3)
    )
    answer = LogAnswer(lines, False, "docker logs redis", "docker redis on data-1")
    async with console_on(world(), size=(120, 36)) as (console, pilot):
        assert console.engine is not None
        console.engine.logs = Written(answer)
        await answered(console, pilot)
        assert told(console, "log") == "03:12:52 FATAL out of memory"
        assert any(line == "        03:12:53 line 1" for line in below(console))


async def test_who_took_it_stands_with_the_note_and_how_long_ago() -> None:
    taken = known(
        alert(severity="critical", starts_at=ago(600)),
        acked=ack("mei", since=ago(300), note="restarting it"),
    )
    async with console_on(snapshot(taken)) as (console, _):
        line = told(console, "acked")
        assert line.startswith("mei until 03:26:42, restarting it")
        assert line.endswith(" 5m ago")


async def test_the_detail_has_all_of_it_uncut() -> None:
    async with console_on(world(), size=(80, 50)) as (console, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "── evidence" in console.text)
        await until(pilot, lambda: "redis_up 0 (rule: == 0 for 1m)" in console.text)
        start = next(n for n, line in enumerate(console.lines) if "── evidence" in line)
        assert start == 2
        assert "change" in console.text
        assert DEAD in " ".join(" ".join(console.lines).split())


# It never waits, and never lies


async def test_a_key_does_not_wait_for_answers_that_never_come() -> None:
    async with console_on(world()) as (console, pilot):
        assert console.engine is not None
        console.engine.inquirer = never = Never()
        await until(pilot, lambda: "now" in never.asked)
        assert told(console, "now") == "asking"
        rows = console.app.screen.query_one("#rows", LiveList)
        first = rows.cursor_key
        await pilot.press("j", "j")
        assert rows.cursor_key != first
        assert "SlowResponse" in below(console)[0]
        await pilot.press("k", "k")
        assert "ServiceDown" in below(console)[0]
        await pilot.press("d")
        await until(pilot, lambda: "── evidence" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "NEXT STEP" in console.text)


async def test_a_cursor_that_runs_over_rows_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_asking, "REST_S", 3600.0)
    async with console_on(world()) as (console, pilot):
        assert console.engine is not None
        console.engine.inquirer = never = Never()
        await pilot.press("j", "j", "j", "k", "G", "g", "g")
        assert never.asked == []
        assert told(console, "now") == "asking"


async def test_where_the_rules_come_after_the_alerts_the_value_now_is_asked_for_at_once() -> None:
    shown = usual()
    async with console_on(msgspec.structs.replace(shown, rules=())) as (console, pilot):
        await until(pilot, lambda: any(line.startswith("before  not") for line in below(console)))
        assert not any(line.startswith("now") for line in below(console))
        console.publish(shown)
        await until(pilot, lambda: "now     redis_up 0" in console.text)


async def test_an_answer_about_another_row_is_not_shown_on_this_one() -> None:
    async with console_on(world()) as (console, pilot):
        await answered(console, pilot)
        screen = console.app.screen
        assert isinstance(screen, TriageScreen)
        wrong = Learned(Topic.NOW, (plain(Topic.NOW, "of another row"),), at())
        screen.post_message(EvidenceCame(("other", "other"), wrong))
        await pilot.pause()
        assert "of another row" not in console.text


async def test_a_part_that_fails_says_so_and_hides_no_other() -> None:
    class Refused(ScriptedInquiry):
        async def past_firings(self, source: str, labels: Labels, before: datetime) -> PastFirings:
            why = failure(source, "refused the connection at 10.0.0.7:9090")
            return PastFirings(source, timedelta(days=30), failure=why)

    async with console_on(world()) as (console, pilot):
        assert console.engine is not None
        console.engine.inquirer = Refused()
        await answered(console, pilot)
        assert told(console, "before").startswith(
            "not known: refused the connection at 10.0.0.7:9090"
        )
        assert told(console, "now").startswith("redis_up 0")


async def test_ages_go_on_without_any_news() -> None:
    async with console_on(world()) as (console, pilot):
        await answered(console, pilot)
        assert told(console, "docker").endswith("<10s ago")
        console.clock.advance(30)
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await pilot.pause()
        assert told(console, "docker").endswith(" 30s ago")


async def test_what_nobody_has_told_again_for_long_is_called_stale() -> None:
    async with console_on(world()) as (console, pilot):
        await answered(console, pilot)
        console.clock.advance(240)
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await pilot.pause()
        assert told(console, "docker").endswith(" STALE 4m ago")
        assert told(console, "probe").endswith(" STALE 4m ago")


async def test_a_row_that_is_gone_takes_its_evidence_with_it() -> None:
    async with console_on(world()) as (console, pilot):
        await answered(console, pilot)
        gone = msgspec.structs.replace(world(), alerts=(), cells=())
        console.clock.advance(5)
        console.publish(gone)
        await until(pilot, lambda: "ServiceDown" not in console.text)
        assert DEAD not in console.text


# Every kind of row


def drawn(row: Row, worklist: Worklist, shown: Snapshot, height: int = 12) -> list[str]:
    lines = known_lines(row, worklist, shown)
    spans = pane(row, lines, at(), (80, height), GLYPHS, "d")
    return ["".join(visible(text) for text, _ in line) for line in spans]


def test_a_storm_row_tells_first_shared_and_suspects() -> None:
    shown = storm()
    worklist = Triage(Policy()).worklist(shown)
    row = max(worklist.rows, key=lambda one: one.count)
    text = "\n".join(drawn(row, worklist, shown))
    assert text.startswith('── P0 rack="r12" 300 hosts ── 300 alerts')
    for part in ("first   03:15:52", "shared  rack=r12 on 300 of 300", "suspect rack=r12"):
        assert part in text


def test_a_group_tells_how_many_it_is_and_what_they_share() -> None:
    shown = usual()
    worklist = Triage(Policy()).worklist(shown)
    row = next(one for one in worklist.rows if one.title == Raw("QueueBacklog"))
    text = "\n".join(drawn(row, worklist, shown))
    assert "5 alerts" in text
    assert "shared  severity=warning on 5 of 5" in text
    assert "state   STALE the last answer is 4m old" in text


def test_what_is_folded_as_old_tells_its_oldest() -> None:
    shown = usual()
    worklist = Triage(Policy()).worklist(shown)
    text = "\n".join(drawn(worklist.rows[-1], worklist, shown))
    assert "first   10 d ago ImageTooOld2 old-2" in text


def test_a_sick_source_tells_what_came_and_what_to_do() -> None:
    shown = usual(sick=True)
    worklist = Triage(Policy()).worklist(shown)
    row = next(one for one in worklist.rows if one.failure is not None)
    text = "\n".join(drawn(row, worklist, shown))
    for part in ("came    refused", "to do   see whether", "repeat  curl -q"):
        assert part in text


def test_a_service_whose_check_alone_fails_has_its_proof() -> None:
    sick = cell(service(), State.FIRING, "http 503", since=ago(60), probes=[probed(said="503")])
    sick = msgspec.structs.replace(sick, probe_ages=(at(-5),))
    shown = snapshot(cells=(sick,))
    worklist = Triage(Policy()).worklist(shown)
    lines = drawn(worklist.rows[0], worklist, shown)
    assert " ── probe ── " in lines[0]
    assert any(line.startswith("probe   http 503") for line in lines)


# The room


def lines_of_every_topic(text: str) -> list[EvidenceLine]:
    return [
        EvidenceLine(topic, (Piece(Raw(text)), Piece(Raw(text), Tone.BAD)), at=at(-5), rank=rank,
                     by="SSH", proof="probe")
        for topic in Topic
        for rank in (0, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(80, 10), (60, 5), (200, 30), (20, 3), (80, 1), (3, 2)])
def test_hostile_text_in_every_field_keeps_to_its_lines(size: tuple[int, int]) -> None:
    worklist = Triage(Policy()).worklist(usual())
    for text in hostile_strings(trials(usual=100, soak=300), seed=11):
        row = msgspec.structs.replace(
            worklist.rows[0], title=Raw(text[:300]), where=Raw(text[:300])
        )
        lines = pane(row, lines_of_every_topic(text), at(), size, GLYPHS, "d")
        assert len(lines) <= size[1]
        for line in lines:
            shown = [visible(part) for part, _ in line]
            if size[0] >= 20:
                assert sum(map(cell_width, shown)) <= size[0]
            for part in shown:
                assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in part)


async def test_hostile_text_from_every_side_is_only_ever_drawn_visibly() -> None:
    text = "\x1b[2J\u202e[/]\x9b2J\n中文\t" * 9
    for size in ((80, 24), (120, 36)):
        down = alert(
            text, summary=text, severity="critical", instance=text, starts_at=ago(162),
            annotations={"runbook": text},
        )  # fmt: skip
        dead = Report(
            Runner.CONTAINER, Verdict.HEALTHY, text, at(-5), timedelta(seconds=60),
            version=Raw(text), since=ago(300),
        )  # fmt: skip
        of = msgspec.structs.replace(service(), depends_on=(text,), owner=text)
        sick = cell(of, State.UNKNOWN, text, probes=[probed(said=text)])
        sick = msgspec.structs.replace(sick, reports=(dead,), probe_ages=(at(-5),))
        dark = HostState(Host("data-1", "10.0.0.1"), FACTS, at(-5), failure("hosts", text), ago(9))
        shown = snapshot(known(down, cell="redis", acked=ack(text, note=text)), cells=(sick,))
        shown = msgspec.structs.replace(shown, host_states=(dark,))
        async with console_on(shown, size=size) as (console, pilot):
            assert console.engine is not None
            line = LogLine(ago(160), Raw(text))
            console.engine.logs = Written(LogAnswer((line,), False, "docker", "docker", text))
            await until(pilot, lambda: "asking" not in console.text)
            for key in ("d", "escape"):
                for shown_line in console.lines:
                    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown_line)
                    assert "\u202e" not in shown_line
                    assert cell_width(shown_line) <= size[0]
                await pilot.press(key)
                await pilot.pause()
            assert console.app.is_running


def test_what_tells_most_stays_when_there_is_little_room() -> None:
    shown = world()
    worklist = Triage(Policy()).worklist(shown)
    row = worklist.rows[0]
    lines = [*known_lines(row, worklist, shown), plain(Topic.NOW, "asking")]
    spans = pane(row, lines, at(), (80, 4), GLYPHS, "d")
    labels = [visible(line[0][0]).strip() for line in spans[1:]]
    assert labels == ["now", "probe", "docker"]
    last = "".join(visible(text) for text, _ in spans[-1])
    assert last.endswith("<10s ago  4 more: d")


def test_two_short_proofs_share_a_line_before_anything_is_left_out() -> None:
    row = Triage(Policy()).worklist(usual()).rows[0]
    lines = [
        msgspec.structs.replace(plain(Topic.NOW, "redis_up 0"), at=at(-5)),
        plain(Topic.PROBE, "tcp refused"),
        plain(Topic.HOST, "up 41 d"),
    ]
    spans = pane(row, lines, at(), (80, 3), GLYPHS, "d")
    text = ["".join(visible(part) for part, _ in line) for line in spans]
    assert text[1] == "now     redis_up 0 <10s ago   tcp refused"
    assert text[2] == "host    up 41 d"


def test_a_cut_line_ends_in_the_mark() -> None:
    spans = cut([("redis ", Ink.PLAIN), ("is down", Ink.FIRING)], 9, GLYPHS.marks)
    assert "".join(visible(text) for text, _ in spans) == "redis is…"
    whole = cut([("redis", Ink.PLAIN), ("x", Ink.PLAIN)], 5, GLYPHS.marks)
    assert "".join(visible(text) for text, _ in whole) == "redi…"
    assert width_of(whole, GLYPHS.marks) == 5


async def test_ascii_draws_no_other_character_in_the_pane() -> None:
    async with console_on(world(), ascii=True, size=(120, 36)) as (console, pilot):
        await until(pilot, lambda: "not known" in console.text)
        assert "\n".join(below(console)).isascii()


async def test_wide_characters_keep_the_pane_straight() -> None:
    late = known(
        alert(
            "延迟告警",
            starts_at=ago(60),
            summary="支付回调延迟 超过一分钟 " * 8,
            severity="critical",
        )
    )
    async with console_on(snapshot(late)) as (console, _):
        assert "延迟告警" in below(console)[0]
        assert told(console, "says").endswith("…")
        assert all(cell_width(line) <= 80 for line in console.lines)
