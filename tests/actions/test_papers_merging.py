"""Two edits of one document: nothing of either is lost without being named."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from hypothesis import given, settings

from console.model.incident import Incident
from console.model.merging import differing, merged
from tests.actions.paper_desk import NIGHT
from tests.journal.made import incidents
from tests.soak import trials

BEFORE = Incident("INC-20261122-7f3", "redis down", NIGHT, services=("redis", "api"), lead="kai")


def leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from leaves(getattr(value, field), f"{name}.{field}" if name else field)
    else:
        yield name, value


def words(value: object) -> set[object]:
    assert isinstance(value, tuple)
    return set(value)


def prose(of: Incident, **words: str) -> Incident:
    return msgspec.structs.replace(of, prose=msgspec.structs.replace(of.prose, **words))


def test_fields_that_one_of_both_changed_are_as_they_changed_them() -> None:
    mine = prose(BEFORE, why="maxmemory")
    theirs = msgspec.structs.replace(prose(BEFORE, how="restarted"), lead="mei")
    both = merged(BEFORE, mine, theirs)
    assert both.conflicts == ()
    assert (both.document.prose.why, both.document.prose.how) == ("maxmemory", "restarted")
    assert both.document.lead == "mei"


def test_lists_of_words_have_what_each_added_and_not_what_either_took_out() -> None:
    mine = msgspec.structs.replace(BEFORE, services=("redis", "shop"))
    theirs = msgspec.structs.replace(BEFORE, services=("redis", "api", "pay"))
    assert merged(BEFORE, mine, theirs).document.services == ("redis", "pay", "shop")


def test_what_both_changed_differently_is_theirs_and_named() -> None:
    both = merged(BEFORE, prose(BEFORE, why="a"), prose(BEFORE, why="b"))
    assert both.document.prose.why == "b"
    assert [(one.field, one.mine, one.theirs) for one in both.conflicts] == [
        ("prose.why", "a", "b")
    ]


@settings(max_examples=trials(usual=30, soak=3000), deadline=None)
@given(before=incidents, mine=incidents, theirs=incidents)
def test_no_field_is_anything_but_mine_theirs_or_both(
    before: Incident, mine: Incident, theirs: Incident
) -> None:
    both = merged(before, mine, theirs)
    old, my, their = (dict(leaves(one)) for one in (before, mine, theirs))
    named = {one.field for one in both.conflicts}
    for name, value in leaves(both.document):
        if my[name] == old[name] or my[name] == their[name]:
            assert value == their[name]
        elif their[name] == old[name]:
            assert value == my[name]
        elif name in named:
            assert value == their[name]
        else:
            for edit in (my[name], their[name]):
                assert words(edit) - words(old[name]) <= words(value)
    assert set(differing(before, before)) == set()
    assert merged(before, mine, before).document == mine
    assert merged(before, before, theirs).document == theirs
