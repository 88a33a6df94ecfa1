"""Conditions: what is taken, what is refused and where, and that what is not known fails."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.condition import (
    ConditionError,
    Operator,
    Pattern,
    Placeholder,
)
from console.model.condition_check import Output, Result, evaluate, evaluate_all
from console.model.condition_parse import parse, parse_block
from console.safety.text import Raw, visible
from tests.hostile import hostile_strings


def body(text: str) -> Result:
    return Result(status=200, body=Output(Raw(text)))


def passes(condition: str, result: Result) -> bool:
    return evaluate(parse(condition), result).passed


ALL = Result(
    status=200,
    body=Output(Raw('{"status":"UP","queue":7,"ratio":0.95,"list":[1,2,{"id":"x"}],"none":null}')),
    headers=(("Content-Type", Raw("application/json")), ("X-Hits", Raw("12"))),
    response_time=timedelta(milliseconds=350),
    certificate_left=timedelta(days=30),
    connected=True,
    ip=Raw("192.168.1.7"),
    redirects=0,
    exit=0,
    stdout=Output(Raw("PONG\n")),
    stderr=Output(Raw("")),
)


@pytest.mark.parametrize(
    "condition",
    [
        "[STATUS] == 200",
        "[STATUS] != 500",
        "[STATUS] < 300",
        "[STATUS] == any(200, 302)",
        "[STATUS] != any(500, pat(4*))",
        "[STATUS] == pat(2*)",
        "[BODY].status == UP",
        "[BODY].status == any(UP, pat(OK*))",
        "[BODY].queue < 10",
        "[BODY].queue == 7.0",
        "[BODY].ratio > 0.9",
        "[BODY].ratio < 0.951",
        "[BODY].list[2].id == x",
        "[BODY].none == null",
        '[BODY] == pat(*"UP"*)',
        "len([BODY].list) == 3",
        "len([BODY].status) >= 2",
        "len([BODY]) == 5",
        "len([STDOUT]) == 4",
        "has([BODY].queue) == true",
        "has([BODY].none) == true",
        "has([BODY].errors) == false",
        "has([HEADER].x-hits) == true",
        "has([HEADER].x-cache) != true",
        "[HEADER].content-type == pat(application/*)",
        "[HEADER].X-HITS >= 12",
        "[RESPONSE_TIME] < 800ms",
        "[RESPONSE_TIME] < 0.4s",
        "[RESPONSE_TIME] < 400",
        "[RESPONSE_TIME] == 350ms",
        "[RESPONSE_TIME] <= 0.35s",
        "[CERTIFICATE_EXPIRATION] > 48h",
        "[CERTIFICATE_EXPIRATION] == 30d",
        "[CONNECTED] == true",
        "[IP] == pat(192.168.*)",
        "[REDIRECTS] == 0",
        "[EXIT] == 0",
        "[STDOUT] == PONG",
        "len([STDERR]) == 0",
        "  [STATUS]   ==   200  ",
    ],
)
def test_it_holds_for_a_good_result_and_fails_where_nothing_came(condition: str) -> None:
    checked = evaluate(parse(condition), ALL)

    assert checked.passed, checked.shown
    assert not passes(condition, Result())
    assert not passes(condition, body("<html>")) or condition.strip().startswith("[STATUS]")


@pytest.mark.parametrize(
    ("condition", "column", "expected"),
    [
        ("", 1, "expected a condition"),
        ("   ", 4, "expected a condition"),
        ("STATUS == 200", 1, "expected one of [STATUS]"),
        ("[STATU] == 200", 1, "got [STATU]"),
        ("[status] == 200", 1, "got [status]"),
        ("[STATUS == 200", 1, "got [STATUS"),
        ("[DNS_RCODE] == NOERROR", 1, "got [DNS_RCODE]"),
        ("  [STATU] == 200", 3, "got [STATU]"),
        ("[STATUS] = 200", 10, "got ="),
        ("[STATUS] === 200", 10, "got ==="),
        ("[STATUS] =~ 2.*", 10, "got =~"),
        ("[STATUS] is 200", 10, "got is"),
        ("[STATUS]==200", 9, "between spaces"),
        ("[STATUS] ==200", 10, "between spaces"),
        ("[STATUS]", 9, "got nothing"),
        ("[STATUS] ==", 12, "expected a value"),
        ("[STATUS] == OK", 13, "expected a whole number, got OK"),
        ("[STATUS] < any(300)", 12, "expected a plain value"),
        ("[STATUS] == any(200, OK)", 22, "expected a whole number"),
        ("[STATUS] == any(200,)", 21, "expected a value"),
        ("[STATUS] == any()", 17, "expected a value"),
        ("[STATUS] == any(200", 13, "expected a ) at the end"),
        ("[STATUS] == all(200)", 13, "got all("),
        ("[STATUS].code == 200", 9, "between spaces"),
        ("[STDOUT].a == 1", 9, "between spaces"),
        ("[BODY].queue < many", 16, "expected a number, got many"),
        ("[BODY].queue < NaN", 16, "expected a number"),
        ("[BODY].queue < 10ms", 16, "expected a number"),
        ("[BODY].queue < 010", 16, "expected a number"),
        ("[BODY].queue < ١٠", 16, "expected a number"),
        ("[BODY].a..b == 1", 9, "expected a key"),
        ("[BODY].a[x] == 1", 9, "expected a key"),
        ("[BODY].a[-1] == 1", 9, "expected a key"),
        ("[BODY]. == 1", 7, "expected a key"),
        ('[BODY].status == "UP"', 18, "without quotes"),
        ("[BODY].status == 'UP'", 18, "without quotes"),
        ("[BODY].status == [STATUS]", 18, "expected a value"),
        ("[BODY].status == UP && [STATUS] == 200", 21, "expected one comparison a line"),
        ("[BODY].status == UP == UP", 21, "expected one comparison a line"),
        ("[BODY].status == pat(v[0-9])", 23, "expected no [ in a pattern"),
        ("[BODY].status == pat(v?)", 23, "expected no ? in a pattern"),
        ("[BODY].status == pat()", 22, "expected a pattern"),
        ("[BODY].status > pat(1*)", 17, "expected a plain value"),
        ("[HEADER] == x", 9, "expected the header's name"),
        ("[HEADER].a b == x", 12, "got b"),
        ("len([STATUS]) == 3", 5, "expected [BODY]"),
        ("len([BODY].a == 3", 13, "expected a )"),
        ("len([BODY].a) == -1", 18, "expected a whole number"),
        ("len([BODY].a) == 1.5", 18, "expected a whole number"),
        ("has([BODY]) == true", 5, "expected [BODY].path"),
        ("has([BODY].a) == yes", 18, "expected true or false"),
        ("has([BODY].a) > true", 15, "expected == or !="),
        ("has([BODY].a)", 14, "got nothing"),
        ("age([BODY].a) == 1", 1, "expected len( or has("),
        ("len(has([BODY].a)) == 1", 5, "expected one of"),
        ("[CONNECTED] == yes", 16, "expected true or false"),
        ("[CONNECTED] > 1", 13, "expected == or !="),
        ("[RESPONSE_TIME] < fast", 19, "expected a duration"),
        ("[RESPONSE_TIME] < 1w", 19, "expected a duration"),
        ("[RESPONSE_TIME] < -1s", 19, "expected a duration"),
        ("[RESPONSE_TIME] == pat(1*)", 24, "expected a plain value"),
        ("[CERTIFICATE_EXPIRATION] > 48", 28, "expected a duration such as 48h"),
        ("[BODY].a == x\x1b[2J", 14, "readable characters"),
        ("[BODY].a == x\n[STATUS] == 200", 14, "readable characters"),
        ("x" * 1001, 1001, "1,000 characters"),
        ("[BODY]" + ".a" * 65 + " == 1", 137, "64 steps"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_column(
    condition: str, column: int, expected: str
) -> None:
    with pytest.raises(ConditionError) as raised:
        parse(condition)

    assert expected in raised.value.expected
    assert raised.value.column == column


@pytest.mark.parametrize(
    ("condition", "text", "actual"),
    [
        ("[BODY].queue < 10", "{}", "missing"),
        ("[BODY].queue != 10", "{}", "missing"),
        ("[BODY].queue < 10", '{"queue": null}', "not a number: null"),
        ("[BODY].queue < 10", '{"queue": true}', "not a number: true"),
        ("[BODY].queue < 10", '{"queue": "low"}', "not a number: low"),
        ("[BODY].queue < 10", '{"queue": ""}', 'not a number: ""'),
        ("[BODY].queue < 10", '{"queue": [1]}', "a list; ask len() or has()"),
        ("[BODY].queue != x", '{"queue": {}}', "keys with values; ask len() or has()"),
        ("[BODY].queue < 10", '{"queue": NaN}', "the body is not JSON: it has NaN"),
        ("[BODY].queue > 10", '{"queue": Infinity}', "the body is not JSON: it has Infinity"),
        ("[BODY].queue < 10", '{"queue": "NaN"}', "not a number: NaN"),
        ("[BODY].queue < 10", '{"queue": 1e9999999999999999999999}', None),
        ("[BODY].queue < 10", '{"queue": 1, "queue": 99}', "the body has the key queue twice"),
        ("has([BODY].x) == false", '{"a": {"b": 1, "b": 1}}', "the body has the key b twice"),
        ("has([BODY].errors) == false", "<html>log in</html>", "the body is not JSON"),
        ("has([BODY].errors) == false", '{"errors": [', "the body is not JSON"),
        ("has([BODY].errors) == false", "", "the body is not JSON"),
        ("len([BODY]) > 5", '[1, 2, 3, 4, 5, "cut off', "the body is not JSON"),
        ("len([BODY].a) != 3", '{"a": 1000}', "no length: 1000"),
        ("len([BODY].a) != 3", '{"a": null}', "no length: null"),
        ("[BODY].a.b != 1", '{"a": "b"}', "missing"),
        ("[BODY].a[0] != 1", '{"a": "b"}', "missing"),
        ("[BODY][3] != 1", "[1, 2]", "missing"),
        ("[HEADER].x != 1", "{}", "not known"),
        ("[EXIT] != 1", "{}", "not known"),
        ("[CERTIFICATE_EXPIRATION] != 1h", "{}", "not known"),
    ],
)
def test_what_is_missing_or_no_number_fails_and_says_why(
    condition: str, text: str, actual: str | None
) -> None:
    checked = evaluate(parse(condition), body(text))

    assert not checked.passed
    if actual is not None:
        assert checked.actual == actual
        assert f"({actual})" in checked.shown


def test_what_was_not_read_to_its_end_fails_whatever_is_asked() -> None:
    result = Result(body=Output(Raw('{"a": 1}'), is_cut=True), stdout=Output(Raw("ok"), True))

    for condition in ("[BODY].a == 1", "[BODY] != pat(*error*)", "[STDOUT] == ok"):
        checked = evaluate(parse(condition), result)
        assert not checked.passed
        assert "characters were read" in checked.actual


def test_decimals_and_long_numbers_are_compared_to_their_last_digit() -> None:
    digits = "9" * 100_000
    assert passes("[BODY].a > 0.9", body('{"a": 0.90000000000000000001}'))
    assert not passes("[BODY].a > 0.9", body('{"a": 0.9}'))
    assert passes("[BODY].a == 9007199254740993", body('{"a": 9007199254740993}'))
    assert not passes("[BODY].a == 9007199254740992", body('{"a": 9007199254740993}'))
    assert passes("[BODY].a > 5", body(f'{{"a": {digits}}}'))
    assert passes("[BODY].a > 5", body('{"a": 1e999999999}'))
    assert passes("[BODY].a < 5", body('{"a": -1e999999999}'))
    # Prometheus writes its numbers as texts.
    assert passes("[BODY].v[1] < 0.95", body('{"v": [1, "0.949"]}'))


def test_a_text_is_equal_only_to_itself() -> None:
    assert passes("[BODY].v == 1.0", body('{"v": "1.0"}'))
    assert not passes("[BODY].v == 1.0", body('{"v": "1.00"}'))
    assert passes("[BODY].v == 1.0", body('{"v": 1.00}'))
    assert not passes("[BODY].v == UP", body('{"v": "up"}'))
    assert not passes("[BODY].v == UP", body('{"v": "UP "}'))


def test_a_failure_shows_what_came_beside_what_was_expected() -> None:
    checked = evaluate(parse("[STATUS] == any(200, 302)"), Result(status=503))
    hostile = evaluate(parse("[STDOUT] == PONG"), Result(stdout=Output(Raw("\x1b[2Jx" * 100))))

    assert checked.shown == "[STATUS] (503) == any(200, 302)"
    assert "\x1b" not in hostile.shown
    assert len(hostile.shown) < 120


def test_a_block_needs_a_condition_and_a_proof_beside_a_response_time() -> None:
    assert parse_block([]).faults[0].expected == "expected at least one condition"
    alone = parse_block(["[RESPONSE_TIME] < 800ms", "[CONNECTED] == true"])
    assert not alone.conditions
    assert "[STATUS] or [EXIT]" in alone.faults[0].expected
    for proof in ("[STATUS] == 200", "[EXIT] == 0"):
        block = parse_block(["[RESPONSE_TIME] < 800ms", proof])
        assert not block.faults
        assert len(block.conditions) == 2


def test_every_fault_of_a_block_is_told_at_once_and_nothing_can_be_judged_by_it() -> None:
    block = parse_block(["[STATUS] == 200", "[STATU] == 1", "[EXIT] ~ 0"])

    assert [(fault.line, fault.column) for fault in block.faults] == [(1, 1), (2, 8)]
    assert block.conditions == ()
    assert parse_block(["[STATUS] == 200"] * 101).faults


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000 + "]" * 1_000,
        '{"a":' * 1_000 + "1" + "}" * 1_000,
        "[" * 1_000_000,
        '{"a":' * 200_000,
        '"' + "a" * 1_000_000 + '"',
        "9" * 1_000_000,
        "{" + ",".join(f'"k{n}":{n}' for n in range(80_000)) + "}",
        '{"a": "\\ud800", "b": "\\u0000"}',
        "\ufeff{}",
        "\x00",
    ],
)
def test_a_body_at_its_worst_is_judged_without_an_error(text: str) -> None:
    conditions = [
        "[BODY].a == 1",
        "[BODY].a < 1",
        "has([BODY].zz) == false",
        "len([BODY]) == 1",
        "[BODY] == pat(*aaa*aab*aaa)",
        "[BODY] < 1",
    ]
    for checked in evaluate_all(map(parse, conditions), body(text)):
        assert len(checked.shown) < 200
        assert checked.shown.isprintable()


def test_a_pattern_with_many_stars_is_matched_in_time_that_grows_as_the_text() -> None:
    # Backtracking would take this text's length to the power of the stars.
    pattern = parse("[BODY] == pat(" + "*a" * 200 + "*b)")

    assert not evaluate(pattern, body("a" * 1_000_000)).passed
    assert evaluate(pattern, body("a" * 1_000_000 + "b")).passed


@given(
    parts=st.lists(st.text("ab", max_size=3), min_size=1, max_size=4),
    text=st.text("ab", max_size=9),
)
def test_a_star_stands_for_any_characters_and_the_rest_for_itself(
    parts: list[str], text: str
) -> None:
    reference = re.fullmatch(".*".join(map(re.escape, parts)), text)

    assert Pattern(tuple(parts)).matches(text) is (reference is not None)


_ORDERS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def test_each_operator_orders_numbers_wherever_they_stand() -> None:
    numbers = ("-1", "0", "0.5", "1", "1.0", "10", "1e1")
    for left, operator, right in itertools.product(numbers, Operator, numbers):
        wanted = _ORDERS[operator](Decimal(left), Decimal(right))
        assert passes(f"[BODY].a {operator} {right}", body(f'{{"a": {left}}}')) is wanted
        if operator.orders:
            result = Result(stdout=Output(Raw(f"{left}\n")), headers=(("n", Raw(left)),))
            assert passes(f"[STDOUT] {operator} {right}", result) is wanted
            assert passes(f"[HEADER].n {operator} {right}", result) is wanted


def test_no_placeholder_passes_anything_where_it_is_not_known() -> None:
    values = {
        Placeholder.CONNECTED: "true",
        Placeholder.RESPONSE_TIME: "1s",
        Placeholder.CERTIFICATE_EXPIRATION: "1h",
    }
    tried = 0
    for placeholder, operator in itertools.product(Placeholder, Operator):
        place = f"[{placeholder}]" + (".x" if placeholder is Placeholder.HEADER else "")
        for left, right in (
            (place, values.get(placeholder, "1")),
            (f"len({place})", "0"),
            (f"has({place}.a)", "false"),
            (f"has({place})", "false"),
        ):
            try:
                condition = parse(f"{left} {operator} {right}")
            except ConditionError:
                continue
            tried += 1
            assert not evaluate(condition, Result()).passed
    assert tried > 80


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_a_thing_that_is_there_and_one_that_is_not_are_told_apart(value: object) -> None:
    result = body(json.dumps({"there": value}))

    assert passes("has([BODY].there) == true", result)
    assert passes("has([BODY].elsewhere) == false", result)
    assert not passes("has([BODY].there) == false", result)
    equal, unequal = (evaluate(parse(f"[BODY].there {op} x"), result) for op in ("==", "!="))
    assert not (equal.passed and unequal.passed)


def test_hostile_texts_are_conditions_or_refused_in_words_that_are_safe_to_show() -> None:
    for text in hostile_strings(2_000, seed=5):
        for written in (text, f"[BODY].a == {text}", f"[BODY].{text} == 1", f"[STATUS] {text} 1"):
            try:
                shown = evaluate(parse(written), body(text)).shown
            except ConditionError as error:
                shown = str(error)
            assert visible(shown) == shown, repr(shown)
