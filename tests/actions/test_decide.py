"""Whether a wish may be carried out: every promise, over everything that it can depend on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

import console.actions.declared
from console.actions.decide import READ_ONLY, Decision, Facts, decide
from console.actions.registry import ACTIONS, action_by_id
from console.model.action import Action, Effect
from console.model.wish import SendReport, Wish

FAULT = "No space left on device"
WHY_DISABLED = "there is no host here"
UNKNOWN = "whether db-3 is a primary"
GUARDED = (Effect.DISRUPTIVE, Effect.DESTRUCTIVE)


def action(effect: Effect) -> Action:
    return Action("row.thing", "thing", "Do it.", effect=effect)


def every_facts() -> Iterator[Facts]:
    texts = product((False, True), ("", WHY_DISABLED), ("", FAULT), (False, True), ((), (UNKNOWN,)))
    for read_only, disabled, fault, broke_glass, missing in texts:
        yield Facts(read_only, disabled, fault, broke_glass, missing)


def decisions(*effects: Effect) -> Iterator[tuple[Facts, Decision]]:
    """Every case there is, for these effects."""
    for effect, facts in product(effects, every_facts()):
        yield facts, decide(action(effect), facts)


def test_the_domain_is_all_there_is() -> None:
    assert len(list(every_facts())) == 32
    assert len(list(decisions(*Effect))) == 128


def test_read_only_allows_what_only_reads_and_nothing_else() -> None:
    for effect in Effect:
        for facts, decision in decisions(effect):
            if facts.read_only and effect is not Effect.READ:
                assert not decision.allowed
                assert decision.reasons[0] == READ_ONLY
            else:
                assert READ_ONLY not in decision.reasons


def test_what_only_reads_is_stopped_by_nothing_but_having_nothing_to_do() -> None:
    for facts, decision in decisions(Effect.READ):
        assert decision == Decision((WHY_DISABLED,) if facts.disabled else ())


def test_what_has_nothing_to_do_here_is_denied_whatever_it_is() -> None:
    for facts, decision in decisions(*Effect):
        assert (WHY_DISABLED in decision.reasons) == bool(facts.disabled)


def test_an_ack_is_never_denied_by_a_missing_fact_or_a_full_disk() -> None:
    for facts, decision in decisions(Effect.REVERSIBLE):
        assert decision.allowed == (not facts.read_only and not facts.disabled)


def test_what_an_ack_goes_on_without_is_said() -> None:
    for facts, decision in decisions(Effect.REVERSIBLE):
        said = " ".join(decision.warnings)
        assert (FAULT in said) == bool(facts.audit_fault)
        assert (UNKNOWN in said) == bool(facts.missing)


def test_a_missing_fact_denies_what_disrupts_and_names_the_fact() -> None:
    for facts, decision in decisions(*GUARDED):
        assert any(UNKNOWN in reason for reason in decision.reasons) == bool(facts.missing)


def test_what_disrupts_is_not_done_without_a_record_unless_somebody_broke_the_glass() -> None:
    for facts, decision in decisions(*GUARDED):
        if facts.audit_fault and not facts.broke_glass:
            assert not decision.allowed
            assert any(FAULT in reason for reason in decision.reasons)
        else:
            assert not any(FAULT in reason for reason in decision.reasons)


def test_what_goes_on_through_broken_glass_says_so() -> None:
    for facts, decision in decisions(*GUARDED):
        if facts.audit_fault and facts.broke_glass:
            assert any(FAULT in warning for warning in decision.warnings)


def test_breaking_the_glass_is_offered_exactly_where_it_would_allow_it() -> None:
    for effect, facts in product(Effect, every_facts()):
        broken = Facts(facts.read_only, facts.disabled, facts.audit_fault, True, facts.missing)
        before, after = decide(action(effect), facts), decide(action(effect), broken)
        assert before.break_glass == (not before.allowed and after.allowed)


def test_breaking_the_glass_opens_nothing_but_what_the_record_closed() -> None:
    for effect, facts in product(Effect, every_facts()):
        if facts.broke_glass:
            with_record = Facts(facts.read_only, facts.disabled, "", False, facts.missing)
            reasons = decide(action(effect), with_record).reasons
            assert decide(action(effect), facts).reasons == reasons


def test_with_everything_well_everything_is_allowed() -> None:
    for effect in Effect:
        assert decide(action(effect), Facts()) == Decision()


def test_a_denial_always_has_a_reason_and_a_permission_none() -> None:
    for _, decision in decisions(*Effect):
        assert decision.allowed == (decision.reasons == ())
        assert all(text.strip() for text in (*decision.reasons, *decision.warnings))


@pytest.mark.parametrize("known", ACTIONS, ids=lambda known: known.id)
def test_an_action_of_the_registry_is_allowed_read_only_exactly_if_it_only_reads(
    known: Action,
) -> None:
    assert decide(known, Facts(read_only=True)).allowed == (known.effect is Effect.READ)


@pytest.mark.parametrize("kind", get_args(Wish), ids=lambda kind: kind.__name__)
def test_every_wish_but_what_is_sent_to_a_chat_can_be_taken_back(kind: type[Wish]) -> None:
    wanted = Effect.DISRUPTIVE if kind is SendReport else Effect.REVERSIBLE
    assert action_by_id(kind.action).effect is wanted


def test_a_shell_counts_as_disruptive() -> None:
    assert action_by_id("row.shell").effect is Effect.DISRUPTIVE


# Undeclared danger is the greatest


def test_an_action_that_declares_no_effect_is_taken_for_destructive() -> None:
    undeclared = Action("row.thing", "thing", "Do it.")
    assert undeclared.effect is Effect.DESTRUCTIVE
    assert not decide(undeclared, Facts(read_only=True)).allowed
    assert not decide(undeclared, Facts(audit_fault=FAULT)).allowed


EFFECT_AT = list(Action.__struct_fields__).index("effect")


def undeclared_in(source: str) -> list[int]:
    """Lines on which an `Action` is made without an effect class."""
    return [
        call.lineno
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Action"
        and len(call.args) <= EFFECT_AT
        and all(keyword.arg != "effect" for keyword in call.keywords)
    ]


def test_every_action_of_the_registry_says_its_effect_itself() -> None:
    (folder,) = console.actions.declared.__path__
    found = {
        path.name: undeclared_in(path.read_text(encoding="utf-8"))
        for path in sorted(Path(folder).glob("*.py"))
    }
    assert len(found) > 4
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('Action("a", "b", "c")', [1]),
        ('Action("a", "b", "c", ("x",), "row", ())', [1]),
        ('Action("a", "b", "c", ("x",), "row", (), Effect.READ)', []),
        ('Action("a", "b", "c", effect=Effect.READ)', []),
    ],
)
def test_that_check_can_fail(source: str, lines: list[int]) -> None:
    assert undeclared_in(source) == lines
