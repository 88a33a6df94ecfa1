"""What is drawn of a run: every state, every fault and every condition as it is, nothing obeyed."""

from __future__ import annotations

from datetime import timedelta
from unicodedata import category

import msgspec
import pytest

from console.engine.evidence_runs import progress_words
from console.engine.runs.left import LEARN_S
from console.model.action import Effect
from console.model.run import Filled, Run, StepOutput, StepRun, StepState
from console.model.runbook import ParamType
from console.model.state import State
from console.runbook.printed import MAX_CHARS, MAX_LINES
from console.safety.text import Raw, cell_width, visible
from screens.run_hand import open_steps
from screens.run_output import output_lines, output_title
from screens.run_parts import alert_span, brief_parts, head_parts, row_parts
from screens.run_plan import differs, plan_parts
from screens.run_rows import RunRow, rows_of, run_columns
from screens.run_text import first_words, plain_parts
from screens.run_words import (
    ASKED_EVERY_S,
    effect_mark,
    ended_texts,
    first_wanted,
    has_mended,
    not_given,
    only_reads,
    reads_text,
    shape_of,
    time_of,
)
from screens.step import lines_of
from tests.build import T0, alert, known, resolved, snapshot
from tests.build import at as instant
from tests.hostile import ATTACKS
from tests.screens.run_world import SECOND, at, attempt, checked, plan_of, run_of
from widgets.detail import Part
from widgets.paint import Span
from widgets.theme import Ink

S = StepState


def text_of(parts: list[Part] | tuple[Part, ...]) -> str:
    """What a person reads of a document."""
    return "\n".join(visible(one.text) for one in lines_of(parts, 80))


def row_of(run: Run, name: str) -> RunRow:
    return next(row for row in rows_of(run)[0] if row.step is not None and row.step.name == name)


def about(run: Run, name: str) -> str:
    return text_of(row_parts(run, row_of(run, name), T0))


# States and marks


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_state_has_a_shape_of_one_cell_beside_its_word(ascii_only: bool) -> None:
    shapes = [shape_of(state, ascii_only=ascii_only) for state in S]
    assert {cell_width(shape) for shape in shapes} == {1}
    assert all(shape.isascii() for shape in shapes) or not ascii_only
    by_hand = {S.PASSED, S.MANUAL}  # both are done; their words tell who says so
    rest = [shape_of(state, ascii_only=ascii_only) for state in S if state not in by_hand]
    assert len(set(rest)) == len(rest)


def test_what_a_step_would_touch_stands_beside_it() -> None:
    run = run_of()
    marks = {one.name: effect_mark(one)[0] for one in run.runbook.steps}
    assert marks == {
        "ping": "read",
        "start-redis": "changes",
        "restart-redis": "DISRUPTS",
        "verify-ping": "verify",
    }
    page = (
        "# P\n\n1. Call them.\n\n```sh\nrm -rf /\n```\n\n"
        '```sh {"name":"bad","oncall.risk":"disruptive"}\nssh $(x) -- y\n```\n'
    )
    foreign = run_of(page)
    assert {effect_mark(one)[0] for one in foreign.runbook.steps} <= {
        "by hand", "copy only", "DISRUPTS",
    }  # fmt: skip
    assert not any(only_reads(one) for one in foreign.runbook.steps)


def test_only_what_declares_that_it_reads_is_run_without_a_question() -> None:
    assert [one.name for one in run_of().runbook.steps if only_reads(one)] == [
        "ping",
        "verify-ping",
    ]


@pytest.mark.parametrize(
    ("state", "ended", "said"),
    [
        (S.RUNNING, None, "12s"),
        (S.UNKNOWN, None, "12s"),
        (S.PASSED, T0 - 9 * SECOND, "3s"),
        (S.PASSED, T0 - 12 * SECOND, "<1s"),
        (S.FAILED, None, ""),
    ],
)
def test_a_running_step_counts_and_an_ended_one_says_how_long_it_took(
    state: StepState, ended: object, said: str
) -> None:
    done = StepRun("a", state, (msgspec.structs.replace(attempt(state), ended=ended),))
    assert time_of(done, T0) == said


# Rows


def test_steps_stand_in_order_under_their_headings_and_prose_can_be_opened() -> None:
    rows, headings = rows_of(run_of())
    shown = [row.step.name if row.step else row.section.title.exact for row in rows]
    assert shown == [
        "Meaning", "ping", "start-redis", "restart-redis", "verify-ping", "Escalation",
    ]  # fmt: skip
    assert [(one.before, visible(one.spans[0][0])) for one in headings] == [
        (1, "Diagnosis"),
        (2, "Mitigation"),
        (4, "Verify"),
    ]


@pytest.mark.parametrize("page", ["", "---\ntitle: x\n---\n", "# Only a title\n"])
def test_a_runbook_that_says_nothing_has_no_rows(page: str) -> None:
    rows, headings = rows_of(run_of(page))
    assert rows == () and headings == []


def test_500_steps_are_500_rows() -> None:
    page = "# Many\n\n" + "".join(f"{n}. do {n}\n" for n in range(1, 501))
    rows, _ = rows_of(run_of(page))
    assert len(rows) == 500 and len({row.key for row in rows}) == 500


@pytest.mark.parametrize("attack", [*ATTACKS, "[bold red]x[/]", "支付网关" * 60])
def test_hostile_names_and_texts_are_shown_and_never_obeyed(attack: str) -> None:
    clean = attack.encode("utf-8", "replace").decode()
    page = f"# {clean}\n\n## {clean}\n\n{clean}\n\n1. {clean}\n"
    run = run_of(page)
    for row in rows_of(run)[0]:
        for column in run_columns():
            spans = column.spans(row, instant())
            assert all(text.isprintable() for text, _ in spans if isinstance(text, str))
        shown = text_of(row_parts(run, row, T0))
        assert not any(category(one).startswith("C") for one in shown.replace("\n", ""))


# Texts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("one\ntwo", "one two"),
        ("one  \ntwo", "one\ntwo"),
        ("a **bold** word", "a bold word"),
        ("**a** and **b**", "a and b"),
        ("see [the wiki](https://w/x)", "see the wiki (https://w/x)"),
        ("![a graph](g.png)", "a graph (g.png)"),
        ("- one\n  goes on\n- two", "- one goes on\n- two"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("> **Warning:** it hurts\n> a lot", "  Warning: it hurts a lot"),
        ("> [!CAUTION]\n> it hurts", "  Caution: it hurts"),
        ("```\na  b\n\nc\n```", "    a  b\n    \n    c"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("| a | b |\n| - | - |", "| a | b |\n| - | - |"),
        ("### Deeper", "Deeper"),
        ("2 * 3 * 4 ** 2", "2 * 3 * 4 ** 2"),
        ("[half](", "[half]("),
        ("**" * 5_000, "**" * 5_000),
        ("[" * 5_000, "[" * 5_000),
    ],
)
def test_markdown_is_read_as_words(written: str, read: str) -> None:
    assert text_of(plain_parts(Raw(written))) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("\n\n", ""),
        ("```sh\nx\n```", "x"),
        ("> **Warning:** it hurts", "Warning: it hurts"),
        ("- an item", "an item"),
        ("## A title", "A title"),
        ("two\nlines", "two"),
    ],
)
def test_the_first_words_are_those_of_a_person(written: str, read: str) -> None:
    assert first_words(Raw(written)).exact == read


# Above the steps


def head(run: Run, width: int = 80, *, alert: Span | None = None) -> list[str]:
    found: list[str] = []
    for part in head_parts(run, alert=alert):
        draw = getattr(part, "draw", None)
        lines = draw(width) if draw is not None else [getattr(part, "spans")]  # noqa: B009
        found += ["".join(visible(text) for text, _ in line) for line in lines]
    return found


def test_parameters_say_where_they_are_from_and_those_without_a_value_stand_first() -> None:
    assert head(run_of())[1] == (
        "CONTAINER ?  TARGET_HOST data-1 (label instance)  TOKEN *** (typed)"
    )


def test_a_fault_of_a_parameter_stands_beside_its_value() -> None:
    bad = Filled("H", ParamType.HOST, Raw("evil;x"), fault="expected a host of the registry")
    assert head(run_of(params=(bad,)))[1] == "H evil;x: expected a host of the registry"


def test_a_resolved_value_tells_what_it_was_made_of() -> None:
    one = Filled("H", ParamType.HOST, Raw("10.0.0.3:6379"), source="label", resolved="data-1")
    assert head(run_of(params=(one,)))[1] == "H data-1 for 10.0.0.3:6379 (label)"


def test_parameters_that_find_no_room_are_counted() -> None:
    many = tuple(Filled(f"PARAM_{n}", ParamType.NAME, Raw("x" * 20)) for n in range(20))
    lines = head(run_of(params=many))
    assert len(lines) == 3 and lines[2].endswith(", p")
    assert all(cell_width(line) <= 80 for line in lines)
    shown = sum(line.count("PARAM_") for line in lines)
    assert lines[2].endswith(f"+{20 - shown}, p")


def test_what_a_reader_has_to_know_stands_below_them() -> None:
    run = run_of(notes=("it changed since its last run here", "b", "c"))
    assert head(run)[2:] == ["it changed since its last run here", "b", "and 1 note more"]


# The step


def test_every_condition_stands_with_what_came() -> None:
    checks = (
        checked("[STATUS]", "503", "200", passed=False),
        checked("[CONNECTED]", "true", "true", passed=True),
    )
    last = attempt(S.FAILED, said="it answers 503", checks=checks, exit_status=0)
    said = about(at(run_of(), "verify-ping", S.FAILED, last), "verify-ping")
    assert "✖ [STATUS] (503) == 200" in said and "✓ [CONNECTED] (true) == true" in said
    assert "it answers 503" in said and "exit 0" in said


def test_before_an_answer_the_conditions_stand_as_they_are_written() -> None:
    said = about(run_of(), "verify-ping")
    assert "- [EXIT] == 0" in said and "- [STDOUT] == PONG" in said
    assert "up to 10 times, 3s apart" in said


def test_the_text_around_a_step_is_read_with_it() -> None:
    said = about(run_of(), "ping")
    assert said.index("Does it answer at all?") < said.index("redis-cli ping")
    assert said.index("redis-cli ping") < said.index("Ask the data team (https://wiki/data)")
    assert "harms nobody" not in said


def test_a_step_says_what_its_command_is_given_and_what_is_missing() -> None:
    said = about(run_of(), "ping")
    assert "TARGET_HOST data-1  label instance" in said
    assert "CONTAINER  ?" in said
    assert "TOKEN" not in said
    assert "on data-1" in said


def test_a_step_that_failed_says_what_takes_it_back() -> None:
    last = attempt(S.FAILED, said="exit 1")
    said = about(at(run_of(), "restart-redis", S.FAILED, last), "restart-redis")
    assert "b goes to what takes it back, start-redis" in said


def test_an_unknown_step_explains_itself() -> None:
    last = attempt(S.UNKNOWN, ended=None)
    run = at(run_of(), "start-redis", S.UNKNOWN, last)
    said = about(run, "start-redis")
    assert "sent to data-1, no answer: it is asked again every 15 s" in said
    assert "may be running still" in said
    unmarked = at(run_of(), "start-redis", S.UNKNOWN, attempt(S.UNKNOWN, ended=None, job=""))
    assert "it left no marker there: look yourself" in about(unmarked, "start-redis")


def test_it_is_asked_as_often_as_is_said() -> None:
    assert ASKED_EVERY_S == LEARN_S


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (S.SKIPPED, "left out by mei at 03:16:42\nbecause: it is up"),
        (S.MANUAL, "done by hand, by the word of mei at 03:16:42\nit is up"),
    ],
)
def test_who_left_it_out_or_did_it_by_hand_is_told(state: StepState, said: str) -> None:
    run = at(run_of(), "ping", state, reason="it is up", at=T0, who="mei")
    assert said in about(run, "ping")


def test_a_running_step_tells_how_often_it_was_tried() -> None:
    run = at(run_of(), "verify-ping", S.RUNNING, attempt(S.RUNNING, tries=3))
    assert "runs on data-1 for 12s, try 3 of 10" in about(run, "verify-ping")


def test_two_lines_are_enough_to_see_what_came_of_it() -> None:
    last = attempt(S.FAILED, checks=(checked("[EXIT]", "1", "0", passed=False),))
    run = at(run_of(), "verify-ping", S.FAILED, last)
    lines = output_lines(StepOutput(Raw("a\nb\n"), stdout_bytes=4, number=1))
    brief = text_of(brief_parts(row_of(run, "verify-ping"), lines, T0))
    assert brief == "[EXIT] (1) == 0\nb"
    before = text_of(brief_parts(row_of(run_of(), "ping"), (), T0))
    assert before.startswith("Does it answer at all?\n$ ssh ")


@pytest.mark.parametrize(
    ("state", "said", "well"),
    [
        (S.PASSED, "restart-redis passed: exit 0", True),
        (S.FAILED, "restart-redis failed: b shows what takes it back, start-redis; exit 0", False),
        (S.UNKNOWN, "restart-redis unknown: sent to data-1, no answer: "
         "it is asked again every 15 s", False),
    ],
)  # fmt: skip
def test_what_a_step_came_to_is_said_once(state: StepState, said: str, well: bool) -> None:
    was = at(run_of(), "restart-redis", S.RUNNING, attempt(S.RUNNING))
    now = at(run_of(), "restart-redis", state, attempt(state, said="exit 0"))
    assert list(ended_texts(was, now)) == [(said, well)]
    assert list(ended_texts(now, now)) == []
    assert list(ended_texts(now, was)) == []


# The plan


def test_a_plan_shows_everything_that_is_said_yes_to() -> None:
    plan = plan_of(
        "restart-redis", Effect.DISRUPTIVE, rollback="start-redis", missing=("replicas of redis",),
        warnings=("no flock on data-1",), refusals=("CONTAINER has no value",), timeout_s=180,
    )  # fmt: skip
    said = text_of(plan_parts(plan))
    for wanted in (
        "cannot start: CONTAINER has no value", "not known: replicas of redis",
        "no flock on data-1", "dependants api, worker", "ssh data-1 -- docker restart redis",
        "kai@data-1", "CONTAINER  redis", 'docker restart "$CONTAINER"', "3m00s",
        "verify-ping: [STDOUT] == PONG", "start-redis",
    ):  # fmt: skip
        assert wanted in said, wanted


def test_what_cannot_be_verified_or_taken_back_says_so() -> None:
    said = text_of(plan_parts(plan_of(expects=(), rollback="")))
    assert "no step shows whether it worked" in said and "no step takes it back" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"typed": "rm"}, "command: was ssh data-1 -- docker start redis, is rm"),
        ({"where": "kai@data-2"}, "where: was kai@data-1, is kai@data-2"),
        ({"values": (("CONTAINER", "x"),)}, "CONTAINER: was redis, is x"),
        ({"values": ()}, "values, gone: CONTAINER"),
        ({"rollback": "undo"}, "rollback: was none, is undo"),
        ({"warnings": ("w",)}, "warning, new: w"),
        ({"missing": ("m",)}, "not known, new: m"),
        ({"refusals": ("r",)}, "refused, new: r"),
        ({"expects": ()}, "verified by, gone: verify-ping: [STDOUT] == PONG"),
        ({"timeout_s": 5.0}, "ended after: was 60 s, is 5 s"),
        ({"script": "other"}, 'what runs there: was docker start "$CONTAINER", is other'),
        ({}, "only its age: it was shown too long ago to be answered"),
    ],
)
def test_a_plan_that_changed_says_how(changes: dict[str, object], said: str) -> None:
    shown = plan_of()
    now = msgspec.structs.replace(shown, **changes)
    assert differs(shown, now) == (said,)
    assert said in text_of(plan_parts(now, differs(shown, now)))


# The output


def test_both_streams_are_shown_and_stderr_is_marked() -> None:
    output = StepOutput(Raw("a\nb\n"), Raw("bad\n"), 4, 4, number=1)
    assert [(one.mark, one.text.exact) for one in output_lines(output)] == [
        ("", "a"),
        ("", "b"),
        ("err", "bad"),
    ]


def test_a_line_of_a_megabyte_is_cut_and_says_so() -> None:
    (line,) = output_lines(StepOutput(Raw("x" * 1_000_000), stdout_bytes=1_000_000, number=1))
    assert line.text.exact.endswith("... 995,904 characters more")
    assert len(line.text) < MAX_CHARS + 40


def test_too_many_lines_are_counted_and_both_ends_stay() -> None:
    text = "".join(f"{n}\n" for n in range(MAX_LINES + 5))
    lines = output_lines(StepOutput(Raw(text), stdout_bytes=len(text), number=1))
    assert len(lines) == MAX_LINES + 1
    assert (lines[0].text.exact, lines[-1].text.exact) == ("0", str(MAX_LINES + 4))
    assert lines[MAX_LINES // 2].text.exact == "... 5 lines are not shown here"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_output_of_escape_sequences_is_spelled_out(attack: str) -> None:
    lines = output_lines(StepOutput(Raw(attack), stdout_bytes=9, number=1))
    assert bool(lines) == bool(attack)
    shown = "".join(visible(one.text) for one in lines)
    assert not any(category(character).startswith("C") for character in shown)


def test_a_cut_output_says_what_is_there() -> None:
    output = StepOutput(Raw("a"), stdout_bytes=100_000_000, is_cut=True, number=1)
    said = "".join(visible(text) for text, _ in output_title(output, 1, runs=True))
    assert said == "output  1 line, 100.0 MB  its beginning and its end  goes on"


def test_a_secret_is_nowhere() -> None:
    run = run_of()
    shown = [*head(run), *(about(run, one.name) for one in run.runbook.steps)]
    assert "TOKEN ***" in "\n".join(shown)
    later = msgspec.structs.replace(run, began=T0 - timedelta(days=1))
    assert head(later)[1] == head(run)[1]


def test_of_a_change_that_was_verified_the_change_is_said_last() -> None:
    going = at(run_of(), "start-redis", S.RUNNING, attempt(S.RUNNING))
    was = at(going, "verify-ping", S.RUNNING, attempt(S.RUNNING))
    now = at(was, "start-redis", S.PASSED, attempt(said="exit 0"))
    now = at(now, "verify-ping", S.PASSED, attempt(said="PONG"))
    said = [one for one, _ in ended_texts(was, now)]
    assert said == ["verify-ping passed: PONG", "start-redis passed: exit 0"]
    assert [one for one, _ in ended_texts(was, now, {"verify-ping"})] == said[1:]


# Where it begins, and what is left


def test_the_cursor_begins_where_somebody_has_to_look_and_never_on_a_second_mitigation() -> None:
    run = run_of()
    assert first_wanted(run) == "ping"
    looked = at(run, "ping", S.FAILED, attempt(S.FAILED))
    assert first_wanted(looked) == "start-redis"
    mended = at(looked, "start-redis", S.PASSED, attempt(by=("verify-ping",)))
    mended = at(mended, "verify-ping", S.PASSED, attempt())
    assert first_wanted(mended) == "start-redis"
    assert first_wanted(at(looked, "start-redis", S.FAILED, attempt(S.FAILED))) == "start-redis"
    assert first_wanted(at(mended, "verify-ping", S.UNKNOWN, attempt(S.UNKNOWN))) == "verify-ping"


def test_closing_asks_about_no_look_at_a_fault_that_was_mended() -> None:
    looked = at(run_of(), "ping", S.FAILED, attempt(S.FAILED))
    assert [one.name for one in open_steps(looked)] == ["ping"]
    mended = at(looked, "start-redis", S.PASSED, attempt())
    assert open_steps(mended) == [] and has_mended(mended) and not has_mended(looked)
    failed = at(mended, "restart-redis", S.FAILED, attempt(S.FAILED))
    assert "restart-redis" in [one.name for one in open_steps(failed)]


def test_what_reads_and_lacks_a_value_is_named_with_it() -> None:
    assert not_given(run_of()) == {"ping": "CONTAINER"}
    ready = [Filled("TARGET_HOST", ParamType.HOST), Filled("CONTAINER", ParamType.NAME, Raw("a"))]
    assert not_given(run_of(params=tuple(ready))) == {"ping": "TARGET_HOST"}
    assert not_given(run_of(params=())) == {}


def test_steps_that_were_read_in_turn_are_told_in_one_line() -> None:
    run = at(run_of(), "ping", S.FAILED, attempt(S.FAILED))
    assert reads_text(run, {"ping"}) == "0 of 1 reading step passed, ping failed"
    assert reads_text(at(run, "ping", S.PASSED, attempt()), {"ping"}) == (
        "1 of 1 reading step passed"
    )


def test_the_title_says_how_its_alert_stands_and_cuts_no_id_in_two() -> None:
    firing = known(alert("ServiceDown"))
    run = run_of(alert=firing.key, incident="INC-20261122-abc", subject="DiskWillFill host:db@db")
    assert alert_span(run, snapshot(firing)) == ("firing", Ink.FIRING)
    stale = msgspec.structs.replace(firing, state=State.STALE)
    assert alert_span(run, snapshot(stale)) == ("stale", Ink.UNKNOWN)
    assert alert_span(run, snapshot()) is None
    assert alert_span(run_of(), snapshot(firing)) is None
    gone = msgspec.structs.replace(snapshot(), resolved=(resolved(firing.alert, T0),))
    span = alert_span(run, gone)
    assert span is not None and span[1] is Ink.OK
    title = head(run, alert=span)[0]
    assert "INC-20261122-abc" in title and str(span[0]) in title
    assert cell_width(title) <= 80 and "RUN-" not in title


def test_behind_a_change_that_worked_no_other_change_is_named_as_the_next_thing() -> None:
    begun = at(run_of(), "start-redis", S.PASSED, attempt(by=("verify-ping",)))
    assert progress_words(begun) == "start-redis passed, verify-ping next"
    verified = at(begun, "verify-ping", S.PASSED, attempt())
    assert progress_words(verified) == "start-redis passed"
    failed = at(run_of(), "start-redis", S.FAILED, attempt(S.FAILED))
    assert progress_words(failed) == "start-redis failed, restart-redis next"


def test_why_it_failed_takes_both_lines_where_the_output_only_says_it_again() -> None:
    why = "Error response from daemon: container 465a8e846141da76d6193eed is not running"
    run = at(run_of(), "ping", S.FAILED, attempt(S.FAILED, said=f"exit 1, expected 0: {why}"))
    lines = output_lines(StepOutput(Raw(""), Raw(f"{why}\n"), 0, 80, number=1))
    assert text_of(brief_parts(row_of(run, "ping"), lines, T0)) == f"exit 1, expected 0: {why}"
