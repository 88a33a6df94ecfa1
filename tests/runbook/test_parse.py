"""Any Markdown page opens; what can be run has said so, and is what it seems."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.action import Effect
from console.model.runbook import Origin, ParamType, Retry, Role, StepKind
from console.runbook.parse import parse
from console.runbook.places import MAX_BYTES, MAX_LINES
from tests.runbook.pages import OPERATOR, OURS, PLAIN, RUNME, read, step
from tests.soak import trials

HOST = "H: {type: host}"
READ = '{"name":"a","oncall.risk":"read"}'


def faults_of(text: str) -> list[str]:
    return [str(fault) for fault in read(text).faults]


def test_a_runbook_of_ours_is_read_whole() -> None:
    found = read(OURS, "shop-errors")
    book = found.runbook
    assert found.faults == ()
    assert (book.name, book.title.exact, book.is_ours) == (
        "shop-errors",
        "Shop answers with errors",
        True,
    )
    assert book.digest == hashlib.sha256(OURS.encode()).hexdigest()
    assert (book.alerts, book.services, book.owner.exact, book.reviewed) == (
        ("ShopErrors",),
        ("shop",),
        "team-shop",
        date(2026, 11, 1),
    )
    assert [one.written.exact for one in book.matchers] == ['env="prod"', 'job=~"shop.*"']
    host, url = book.params
    assert (host.type, host.origin, host.key) == (ParamType.HOST, Origin.LABEL, "instance")
    assert (url.type, url.origin, url.key) == (ParamType.URL, Origin.REGISTRY, "base_url")
    assert [one.name for one in book.steps] == ["step-1", "look", "restart", "answers", "back"]
    assert [one.role for one in book.sections[1:]] == list(Role)[:-1]


def test_a_step_knows_its_command_its_host_and_what_it_has_to_come_to() -> None:
    book = read(OURS).runbook
    restart, answers, back = book.steps[2:]
    assert (restart.kind, restart.effect, restart.op) == (
        StepKind.COMMAND,
        Effect.DISRUPTIVE,
        "service.restart",
    )
    assert restart.command.exact == 'ssh "$TARGET_HOST" -- sudo systemctl restart shop'
    assert (restart.on, restart.script.exact) == ("TARGET_HOST", "sudo systemctl restart shop")
    assert restart.text.exact == "**Carts are lost.** One replica at a time:"
    assert restart.rollback == back.name
    lines = OURS.split("\n")
    assert lines[restart.command_line - 1] == restart.command.exact
    assert lines[restart.line - 1].startswith("```sh") and lines[restart.end_line - 1] == "```"
    assert (answers.kind, answers.effect) == (StepKind.VERIFY, Effect.READ)
    assert answers.retry == Retry(5, timedelta(seconds=3))
    assert [one.text for one in answers.expect] == [
        "[STATUS] == 200",
        "[BODY].status == UP",
        "[RESPONSE_TIME] < 800ms",
    ]
    assert back.script.exact == "sudo ln -sfn old current && sudo systemctl restart shop"
    assert all(one.is_runnable for one in book.steps[1:])


def test_a_page_of_a_public_collection_can_be_ticked_off_and_runs_nothing() -> None:
    found = read(OPERATOR)
    assert found.faults == () and not found.runbook.is_ours
    steps = found.runbook.steps
    assert all(one.kind is StepKind.MANUAL and not one.is_runnable for one in steps)
    assert [(one.text.exact, one.command.exact[:16]) for one in steps] == [
        ("Look at the disk:", ""),
        ("", "kubectl -n etcd "),
        ("Compare the members:", "histogram_quanti"),
        ("Mitigation", ""),
    ]
    assert steps[1].command.exact == "kubectl -n etcd get pods -o wide\niostat -x 1 3"


def test_a_document_of_runme_opens() -> None:
    found = read(RUNME)
    assert found.faults == ()
    setup, check, tell = found.runbook.steps
    assert (setup.name, setup.command.exact) == ("setup", "export REGION=eu\nmake setup")
    assert dict(check.attributes)["background"].exact == "true"
    assert tell.text.exact == "tell the team"


def test_numbered_lists_and_boxes_are_steps_and_notes_are_not() -> None:
    steps = read(PLAIN).runbook.steps
    assert [one.text.exact for one in steps] == ["one", "two\nmore of two", "box"]
    assert [one.line for one in steps] == [3, 4, 8]


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ('{name: "x"}', 'got "name:"; runme would make garbage of it'),
        ('{"name":"a{{b}}"}', "expected nothing behind the first }"),
        ('{"name":{"a":"b"}}', "expected nothing behind the first }"),
        ('{"name":"a"} x', "expected nothing behind the first }"),
        ('{"name":["a"]}', 'expected a text as value of "name"'),
        ('{"name":"a","name":"b"}', '"name" stands here twice'),
        ('{"name":"a"', "expected a } at the end"),
        ('{"name":"a",}', 'expected {"key":"value"}'),
    ],
)
def test_attributes_that_runme_would_mangle_are_faults_with_their_place(
    info: str, said: str
) -> None:
    found = read(step(info, "true"))
    (fault,) = found.faults
    assert said in fault.message and (fault.line, fault.column) == (1, 7)
    assert not any(one.is_runnable for one in found.runbook.steps)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ('echo "$NOT_GIVEN"', '"$NOT_GIVEN" is not declared'),
        ("uptime $H", 'expected "$H" in double quotes'),
        ("$H/bin/x", "begins with $"),
        ("### x", "begins with ###"),
        ("echo {{host}}", "values come as variables, never as text"),
        ("echo \u202egnp", "readable characters only"),
        ("echo \x1b[2J", "readable characters only"),
        ('ssh "$H" uptime', "or one script in single quotes"),
        ("ssh web-1 -- uptime", "or one script in single quotes"),
        ('ssh "$H" -- uptime | tail', "or one script in single quotes"),
        ('ssh "$H" -- "echo $H"', "or one script in single quotes"),
        ('ssh "$H" -- \'echo "$H"\'', "no variable in the quoted script"),
        ('ssh "$H" -- a\nssh "$H" -- b', "or one script in single quotes"),
        ("", "expected a command"),
        ('"$H' * 100_000, "expected a command of at most 20,000 characters"),
    ],
)
def test_a_command_that_is_not_what_it_seems_is_never_run(command: str, said: str) -> None:
    found = read(step(READ, command, params=HOST))
    assert any(said in fault.message for fault in found.faults), found.faults
    assert not found.runbook.steps[0].is_runnable
    assert found.runbook.steps[0].refusal


@pytest.mark.parametrize(
    "command",
    [
        'uptime "$H"',
        'ssh "$H" -- uptime',
        'ssh "$H" -- df -h "$H" \\\n  /var',
        "ssh \"$H\" -- 'df -h | tail -1'",
        'X=$H; echo "$X"',
        "awk '{print $1}' /proc/loadavg",
        'echo "$HOME" $((1 + 2))',
    ],
)
def test_a_plain_command_is_taken(command: str) -> None:
    found = read(step(READ, command, params=HOST))
    runnable = found.runbook.steps[0].is_runnable
    assert runnable is (command != 'X=$H; echo "$X"'), found.faults


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("curl http://a | jq .", 'without "|"'),
        ("curl http://a > f", 'without ">"'),
        ("curl http://a; id", 'without ";"'),
        ('curl "http://a/$(id)"', 'without "$("'),
        ("curl -X POST http://a", "expected GET or HEAD"),
        ("curl -d x http://a", 'expected no "-d"'),
        ("curl -o f http://a", 'expected no "-o"'),
        ("curl http://a http://b", "expected one address, got 2"),
    ],
)
def test_what_verifies_is_one_request_that_reads(command: str, said: str) -> None:
    info = '{"name":"a","oncall.risk":"verify"}'
    more = '\n```yaml {"oncall.expect":"a"}\n- "[STATUS] == 200"\n```\n'
    assert any(said in one for one in faults_of(step(info, command, more=more)))


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ('- "[STATUS] = 200"', "page.md:6:13: expected one of =="),
        ("- '[STATUS] == 200'\n- \"[SIZE] > 3\"", "page.md:7:4: expected one of [STATUS]"),
        ("[]", "page.md:5:1: expected at least one condition"),
        ("- [STATUS] == 200", "conditions stand in quotes"),
        ('- "[RESPONSE_TIME] < 1s"', "expected [STATUS] or [EXIT] beside it"),
        ('- "[STDOUT] == ok"\n- "[STATUS] == 200"', "its command never gives [STDOUT]"),
    ],
)
def test_conditions_with_a_fault_judge_nothing(block: str, said: str) -> None:
    more = f'\n```yaml {{"oncall.expect":"a"}}\n{block}\n```\n'
    found = read(step('{"name":"a","oncall.risk":"verify"}', "curl http://a", more=more))
    assert any(said in str(one) for one in found.faults), found.faults
    assert not found.runbook.steps[0].is_runnable


def test_a_verify_step_without_conditions_is_a_fault() -> None:
    found = read(step('{"name":"a","oncall.risk":"verify"}', "curl http://a"))
    assert "expected conditions for it" in found.runbook.steps[0].refusal


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("H: {type: text, from: label.pod}", "a text is given by a person"),
        ("H: {type: host, from: registry.ip}", "expected label.NAME or one of registry.name"),
        ("h: {type: host}", "expected a name in capitals"),
        ("PATH: {type: name}", "means nothing to the shell"),
        ("LD_PRELOAD: {type: name}", "means nothing to the shell"),
        ("HH: {type: name, default: -rf}", "does not begin with -"),
        ('HH: {type: name, default: "a\\n"}', "one line"),
        ("HH: {type: choice}", "expected choices"),
        ("HH: {type: secret, default: x}", "does not stand in a file"),
        ("HH: {typ: host}", 'unknown key "typ"; did you mean "type"?'),
    ],
)
def test_a_parameter_that_could_do_harm_is_refused_and_nothing_of_the_file_runs(
    params: str, said: str
) -> None:
    found = read(step(READ, "uptime", params=params))
    assert any(said in str(one) for one in found.faults), found.faults
    assert found.faults[0].line == 3
    assert not found.runbook.steps[0].is_runnable


def test_names_are_unique_and_references_lead_somewhere() -> None:
    text = step(READ, "true") + step(READ, "false")
    text += step('{"name":"c","oncall.risk":"read","oncall.rollback":"d"}', "id")
    text += '```yaml {"oncall.expect":"aa"}\n- "[EXIT] == 0"\n```\n'
    assert [one.partition(": ")[2] for one in faults_of(text)] == [
        'expected a name of its own, "a" is taken',
        'oncall.rollback: expected the name of a step, got "d"',
        'expected the name of a step, got "aa"; did you mean "a"?',
    ]
    assert [one.is_runnable for one in read(text).runbook.steps] == [True, False, False]


def test_a_broken_file_still_opens_and_runs_nothing() -> None:
    for text in (
        "---\noncall: [[[\n---\n",
        "---\noncall: [x]\n---\n",
        "---\noncall:\n  x: 1\n---\n",
    ):
        found = read(text + step(READ, "uptime"))
        assert found.faults and not found.runbook.steps[0].is_runnable
    unclosed = read(f"```sh {READ}\nuptime\n")
    assert "closed" in unclosed.runbook.steps[0].refusal
    latin = parse(step(READ, "uptime").encode() + b"\xe9", "latin")
    assert latin.runbook.steps[0].refusal == "expected UTF-8"


def test_a_file_that_is_too_large_is_not_read() -> None:
    for content in (b"x" * (MAX_BYTES + 1), b"- a\n" * (MAX_LINES + 1)):
        found = parse(content, "big")
        assert found.runbook.steps == () and "expected at most" in found.faults[0].message


@pytest.mark.parametrize(
    "content", ["> " * 300_000, "- " * 300_000, "[a" * 300_000, "```\n" * 9_999, "{" * 300_000]
)
def test_a_hostile_page_ends(content: str) -> None:
    parse(content.encode(), "hostile")
    parse(f"```sh {content[:100_000].replace(chr(10), ' ')}\n".encode(), "hostile")


PIECES = st.sampled_from(
    [
        *(
            "```sh ",
            "```",
            "~~~",
            READ,
            '{"name":"',
            '"oncall.risk":"verify"',
            "}",
            "{",
            "\n",
            "\n\n",
        ),
        *("---\n", "oncall:\n", "  params:\n", "    H: {type: host}\n", "# x", "## Verify\n", "- "),
        *(
            "1. ",
            "    ",
            "\t",
            '```yaml {"oncall.expect":"a"}\n',
            '- "[STATUS] == 200"\n',
            "$H",
            '"',
        ),
        *(
            "'",
            "\\",
            "\x00",
            "\x1b",
            "\u202e",
            "\ud7ff",
            "> ",
            "| a |\n|---|\n",
            "<!--",
            "\r",
            "ssh ",
        ),
    ]
)


@settings(max_examples=trials(usual=80, soak=5_000), deadline=None)
@given(
    st.one_of(st.lists(PIECES, max_size=40).map("".join).map(str.encode), st.binary(max_size=300))
)
def test_no_page_whatever_is_in_it_raises(content: bytes) -> None:
    found = parse(content, "any")
    names = [one.name for one in found.runbook.steps]
    assert len(set(names)) == len(names)
    assert [one.number for one in found.runbook.steps] == list(range(1, len(names) + 1))
    for one in found.runbook.steps:
        assert one.is_runnable <= (one.effect is not None and bool(one.script.exact.strip()))
        assert not (one.kind is StepKind.VERIFY and one.is_runnable and not one.expect)
