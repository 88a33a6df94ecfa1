"""Every operator over everything that can be wrong with what came: nothing of it passes."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest

from console.model.condition import ConditionError, Operator, Placeholder
from console.model.condition_check import Output, Result, evaluate
from console.model.condition_parse import parse
from console.safety.text import Raw
from tests.hostile import hostile_strings

HUGE = "9" * 5_000
HOSTILE = tuple(hostile_strings(40, seed=11))
WRONG: dict[str, tuple[str, ...]] = {
    "missing": ("{}", "[]", '{"b": {"a": 1}}', "1", '"a"', "null"),
    "null": ('{"a": null}',),
    "wrong type": ('{"a": []}', '{"a": {}}', '{"a": [5]}', '{"a": true}', '{"a": "five"}'),
    "no number": ('{"a": ""}', '{"a": "5 "}', '{"a": "0x5"}', '{"a": "5e"}', '{"a": "٥"}'),
    "no JSON": ("", "a: 5", "{", '{"a": 5', '{"a": NaN}', '{"a": 5}{}', "<a>5</a>", "{'a': 5}"),
    "said twice": ('{"a": 5, "a": 5}',),
    "hostile": tuple(json.dumps({"a": text}) for text in HOSTILE) + HOSTILE,
}
ORDERS = tuple(operator for operator in Operator if operator.orders)


def passed(condition: str, result: Result) -> bool:
    checked = evaluate(parse(condition), result)
    assert checked.shown.isprintable() and len(checked.shown) < 400
    return checked.passed


def body(text: str, is_cut: bool = False) -> Result:
    return Result(status=200, body=Output(Raw(text), is_cut))


@pytest.mark.parametrize("kind", WRONG)
def test_no_order_holds_for_what_is_no_number(kind: str) -> None:
    for text, operator, limit in itertools.product(
        WRONG[kind], ORDERS, ("0", "-1e9", "1e9", HUGE[:300])
    ):
        assert not passed(f"[BODY].a {operator} {limit}", body(text)), (text, operator)
        if kind not in ("missing", "null", "wrong type", "no number"):
            continue
        assert not passed(f"len([BODY].a.b) {operator} 0", body(text))


@pytest.mark.parametrize("kind", ("missing", "no JSON", "said twice"))
def test_what_is_not_there_is_neither_equal_nor_unequal(kind: str) -> None:
    for text, operator in itertools.product(WRONG[kind], (Operator.EQUAL, Operator.NOT_EQUAL)):
        for right in ("5", "null", "any(5, 6)", "pat(*)", "x"):
            assert not passed(f"[BODY].a {operator} {right}", body(text)), (text, operator, right)


def test_lists_and_keys_are_compared_with_nothing() -> None:
    for text, operator in itertools.product(('{"a": []}', '{"a": {}}', '{"a": [5]}'), Operator):
        right = "5" if operator.orders else "pat(*)"
        assert not passed(f"[BODY].a {operator} {right}", body(text))


def test_null_is_null_and_nothing_else() -> None:
    assert passed("[BODY].a == null", body('{"a": null}'))
    assert not passed("[BODY].a == 0", body('{"a": null}'))
    assert not passed("[BODY].a != null", body('{"a": null}'))


def test_floats_and_huge_numbers_are_ordered_to_their_last_digit() -> None:
    for left, right in (("0.1", "0.10000000000000000001"), (HUGE[:300], f"1{HUGE[:300]}")):
        result = body(f'{{"a": {left}}}')
        for operator, wanted in (("<", True), ("<=", True), (">", False), (">=", False)):
            assert passed(f"[BODY].a {operator} {right}", result) is wanted
        assert not passed(f"[BODY].a == {right}", result)
    for written in (HUGE, f"1e{HUGE}", f"-{HUGE}", f"0.{HUGE}"):
        for operator in ORDERS:
            passed(f"[BODY].a {operator} 5", body(f'{{"a": {written}}}'))


def test_nothing_holds_of_what_was_cut_whatever_is_asked() -> None:
    texts = ('{"a": 5}', "5", "", HUGE)
    asked = ("[BODY].a", "[BODY]", "len([BODY])", "len([BODY].a)", "[STDOUT]", "[STDERR]")
    for text, left, operator in itertools.product(texts, asked, Operator):
        output = Output(Raw(text), is_cut=True)
        result = Result(body=output, stdout=output, stderr=output, exit=0)
        for right in ("5", "0"):
            assert not passed(f"{left} {operator} {right}", result)
    assert not passed("has([BODY].b) == false", body('{"a": 5}', is_cut=True))


def test_no_header_stream_or_address_is_ordered_unless_it_is_a_number() -> None:
    for text, operator in itertools.product((*HOSTILE, "", "5 s", "NaN", "0x5"), ORDERS):
        result = Result(
            headers=(("x", Raw(text)),), stdout=Output(Raw(text)), stderr=Output(Raw(text))
        )
        for left in ("[HEADER].x", "[STDOUT]", "[STDERR]", "[HEADER].y"):
            assert not passed(f"{left} {operator} 5", result), (text, left)


def test_times_are_compared_exactly_and_an_unknown_one_never() -> None:
    for name in (Placeholder.RESPONSE_TIME, Placeholder.CERTIFICATE_EXPIRATION):
        for operator in Operator:
            assert not passed(f"[{name}] {operator} 1h", Result())
    late = Result(certificate_left=timedelta(hours=-1), response_time=timedelta(0))
    assert not passed("[CERTIFICATE_EXPIRATION] > 0s", late)
    assert not passed("[CERTIFICATE_EXPIRATION] >= 0s", late)


def test_every_form_that_can_be_written_fails_where_nothing_came() -> None:
    tried = 0
    for placeholder, operator, right in itertools.product(
        Placeholder, Operator, ("5", "5ms", "true", "x", "any(5, 6)", "pat(*)", "null")
    ):
        place = f"[{placeholder}]" + (".x" if placeholder is Placeholder.HEADER else "")
        for left in (place, f"{place}.a", f"len({place})", f"has({place}.a)", f"has({place})"):
            try:
                condition = parse(f"{left} {operator} {right}")
            except ConditionError:
                continue
            tried += 1
            assert not evaluate(condition, Result()).passed
    assert tried > 150
