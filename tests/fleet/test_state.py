from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import msgspec
import pytest

from console.fleet.state import AlertWord, CellFacts, Deciding, Evidence, Feed, state_of
from console.model.state import State


def all_facts() -> Iterator[CellFacts]:
    flags = (False, True)
    for values in product(Evidence, Evidence, Evidence, AlertWord, Feed, flags, flags):
        yield CellFacts(*values)


def test_every_combination_of_facts_has_a_state_and_a_reason() -> None:
    judged = [state_of(facts) for facts in all_facts()]
    assert len(judged) == 5 * 5 * 5 * 4 * 4 * 2 * 2
    assert {one.state for one in judged} == set(State)
    assert {one.because for one in judged} == set(Deciding)


def test_ok_stands_only_where_every_needed_proof_is_there() -> None:
    for facts in all_facts():
        proven = (
            facts.probes in (Evidence.GOOD, Evidence.NOT_FED)
            and facts.targets in (Evidence.GOOD, Evidence.NOT_FED)
            and facts.reports in (Evidence.GOOD, Evidence.NOT_FED)
            and facts.feed in (Feed.GOOD, Feed.NOT_FED)
            and facts.alerts is AlertWord.NONE
            and not facts.partial
            and not (
                facts.unasked
                and (facts.targets, facts.reports) == (Evidence.NOT_FED, Evidence.NOT_FED)
            )
            and (facts.probes, facts.targets, facts.reports, facts.feed)
            != (Evidence.NOT_FED, Evidence.NOT_FED, Evidence.NOT_FED, Feed.NOT_FED)
        )
        assert (state_of(facts).state is State.OK) == proven, facts


def weaker(facts: CellFacts) -> Iterator[CellFacts]:
    """The same facts with one proof taken away."""
    for name in ("probes", "targets", "reports"):
        if getattr(facts, name) is Evidence.GOOD:
            for instead in (Evidence.UNKNOWN, Evidence.STALE, Evidence.NOT_FED):
                yield msgspec.structs.replace(facts, **{name: instead})
    if facts.feed is Feed.GOOD:
        for feed in (Feed.UNKNOWN, Feed.STALE, Feed.NOT_FED):
            yield msgspec.structs.replace(facts, feed=feed)
    if not facts.partial:
        yield msgspec.structs.replace(facts, partial=True)
    if not facts.unasked:
        yield msgspec.structs.replace(facts, unasked=True)


def test_taking_a_proof_away_never_makes_it_greener() -> None:
    for facts in all_facts():
        for less in weaker(facts):
            assert state_of(less).state.badness >= state_of(facts).state.badness, (facts, less)


def test_losing_sight_of_harm_never_makes_it_ok() -> None:
    for facts in all_facts():
        if state_of(facts).state is State.OK:
            continue
        for name in ("probes", "targets", "reports"):
            for instead in (Evidence.UNKNOWN, Evidence.STALE):
                blind = msgspec.structs.replace(facts, **{name: instead})
                assert state_of(blind).state is not State.OK
        for word in (AlertWord.LOST, AlertWord.STALE):
            blind = msgspec.structs.replace(facts, alerts=word)
            assert state_of(blind).state is not State.OK


@pytest.mark.parametrize(
    ("facts", "state", "because"),
    [
        (CellFacts(), State.UNKNOWN, Deciding.NOTHING_ASKED),
        (CellFacts(probes=Evidence.GOOD), State.OK, Deciding.ALL_GOOD),
        (CellFacts(feed=Feed.GOOD), State.OK, Deciding.ALL_GOOD),
        (
            CellFacts(probes=Evidence.GOOD, feed=Feed.UNKNOWN),
            State.UNKNOWN,
            Deciding.FEED_UNKNOWN,
        ),
        (
            CellFacts(probes=Evidence.BAD, alerts=AlertWord.LOST),
            State.FIRING,
            Deciding.PROBE_BAD,
        ),
        (
            CellFacts(probes=Evidence.GOOD, alerts=AlertWord.FIRING),
            State.FIRING,
            Deciding.ALERT_FIRING,
        ),
        (
            CellFacts(probes=Evidence.BAD, reports=Evidence.BAD),
            State.FIRING,
            Deciding.REPORT_BAD,
        ),
        (
            CellFacts(probes=Evidence.GOOD, reports=Evidence.UNKNOWN),
            State.UNKNOWN,
            Deciding.REPORT_UNKNOWN,
        ),
        (CellFacts(unasked=True, reports=Evidence.GOOD), State.OK, Deciding.ALL_GOOD),
        (CellFacts(unasked=True), State.UNKNOWN, Deciding.UNASKED),
        (CellFacts(unasked=True, targets=Evidence.GOOD), State.OK, Deciding.ALL_GOOD),
        (
            CellFacts(targets=Evidence.GOOD, partial=True),
            State.UNKNOWN,
            Deciding.PARTIAL,
        ),
    ],
)
def test_the_deciding_fact_is_named(facts: CellFacts, state: State, because: Deciding) -> None:
    judgement = state_of(facts)
    assert (judgement.state, judgement.because) == (state, because)
