"""Acks are looked after: extended, given way, sent late, told of; judged from snapshots alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import msgspec
import pytest

from config.schema import Acks, Silences
from console.actions.acks.earlier import earlier_ack, may_hold
from console.actions.acks.held import doubles, due, held_acks, holding_of
from console.actions.acks.keeper import AckKeeper, Kept
from console.actions.acks.kthxbye import KthxbyeWatch
from console.actions.acks.local_acks import LocalAcks
from console.actions.doing import Doing
from console.model.acting import Extender, HeldAck
from console.model.alert import Ack, Silence, SilenceState
from console.model.event import EventKind
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Snapshot
from console.safety.clock import ManualClock
from console.safety.text import Raw
from tests.build import T0, alert, at, known, snapshot

ACKS = Acks()
PREFIXES = ("ACK!",)
MINUTE = timedelta(minutes=1)
OURS = "ACK! kai: on it [oncall 0a1b2c3d]"
KARMA = "ACK! This alert was acknowledged using karma"


def silence(
    silence_id: str = "s1",
    *,
    by: str = "kai",
    comment: str = OURS,
    began: timedelta = timedelta(0),
    left: timedelta = timedelta(hours=1),
    updated: timedelta | None = None,
    cluster: str = "am",
    state: SilenceState = SilenceState.ACTIVE,
) -> Silence:
    """A silence that began and was changed so long ago, and has so much left, at `T0`."""
    return Silence(
        silence_id,
        cluster,
        state,
        (Matcher("alertname", Raw("ServiceDown")),),
        T0 - began,
        T0 + left,
        Raw(by),
        Raw(comment),
        None if updated is None else T0 - updated,
    )


def held_by(*ids: str, name: str = "ServiceDown", inhibited: bool = False) -> KnownAlert:
    of = msgspec.structs.replace(
        alert(name), silenced_by=ids, inhibited_by=("ff",) if inhibited else ()
    )
    return msgspec.structs.replace(known(of), silences=ids)


def world(silences: Iterable[Silence], *alerts: KnownAlert, local: Iterable[Ack] = ()) -> Snapshot:
    return msgspec.structs.replace(
        snapshot(*alerts), silences=tuple(silences), local_acks=tuple(local)
    )


def held(seen: Snapshot, kthxbye: Iterable[str] = (), acks: Acks = ACKS) -> tuple[HeldAck, ...]:
    holding = holding_of(seen, seen.local_acks, PREFIXES)
    return held_acks(holding, "kai", frozenset(kthxbye), acks, T0)


def due_ids(seen: Snapshot, kthxbye: Iterable[str] = (), acks: Acks = ACKS) -> list[str]:
    holding = holding_of(seen, seen.local_acks, PREFIXES)
    return [one.silence_id for one in due(holding, "kai", frozenset(kthxbye), acks, T0)]


# -- who keeps it up -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "console_made", "kthxbye", "holds", "inhibited"),
    list(product([True, False], repeat=5)),
)
def test_every_ack_says_who_keeps_it_up(
    mine: bool, console_made: bool, kthxbye: bool, holds: bool, inhibited: bool
) -> None:
    by = "kai" if mine else "mei"
    made = silence(by=by, comment=f"ACK! {by}: x [oncall 0a1b2c3d]" if console_made else KARMA)
    alerts = [held_by("s1", inhibited=inhibited)] if holds else []
    (one,) = held(world([made], *alerts), {"am"} if kthxbye else ())
    if not holds:
        expected = Extender.NOBODY
    elif kthxbye and not inhibited:
        expected = Extender.KTHXBYE
    elif not console_made:
        expected = Extender.NOBODY
    else:
        expected = Extender.CONSOLE if mine else Extender.OTHER
    assert one.extended_by is expected
    assert one.mine is mine and one.covers == int(holds)


def test_only_acks_that_hold_now_are_held() -> None:
    seen = world(
        [
            silence("plain", comment="patch night"),
            silence("pending", state=SilenceState.PENDING),
            silence("over", left=-MINUTE),
            silence("ack", began=5 * timedelta(hours=1)),
        ],
        held_by("plain", "ack"),
        held_by("ack", name="Other"),
    )
    (one,) = held(seen)
    assert one.ack.silence_id == "ack" and one.covers == 2 and one.is_old


def test_an_ack_of_the_folder_is_held_by_its_owners_console() -> None:
    local = [
        Ack(Raw(who), T0, T0 + timedelta(hours=24), Raw(""), key, "", "0a1b2c")
        for who, key in (("kai", "source:am"), ("mei", f"alert:{alert().fingerprint}"))
    ]
    mine, hers = held(world([], known(), local=local))
    assert (mine.extended_by, mine.covers) == (Extender.CONSOLE, 1)
    assert (hers.extended_by, hers.covers) == (Extender.OTHER, 1)


# -- extended --------------------------------------------------------------------------------------


def test_an_ack_is_due_five_minutes_before_its_end_and_not_sooner() -> None:
    for left, expected in ((5 * MINUTE, []), (5 * MINUTE - MINUTE / 60, ["s1"]), (MINUTE, ["s1"])):
        assert due_ids(world([silence(left=left)], held_by("s1"))) == expected, left


def test_an_ack_is_due_by_the_clock_that_ends_it() -> None:
    holding = holding_of(world([silence(left=14 * MINUTE)], held_by("s1")), (), PREFIXES)
    for ahead, expected in ((10, 1), (0, 0), (-10, 0)):
        found = due(holding, "kai", (), ACKS, T0, {"am": ahead * MINUTE, "other": 60 * MINUTE})
        assert len(found) == expected, ahead


def test_only_my_own_acks_that_hold_something_are_due() -> None:
    soon = 2 * MINUTE
    assert due_ids(world([silence(left=soon)])) == []
    assert due_ids(world([silence(left=soon, by="mei")], held_by("s1"))) == []
    assert due_ids(world([silence(left=soon, comment=KARMA)], held_by("s1"))) == []
    plain = silence(left=soon, comment="patch night [oncall 0a1b2c3d]")
    assert due_ids(world([plain], held_by("s1"))) == []
    assert due_ids(world([silence(left=soon)], held_by("s1", inhibited=True))) == ["s1"]


def test_an_ack_of_everything_that_was_written_in_my_name_is_not_kept_up() -> None:
    for pattern, expected in ((".+", []), ("a*.+", []), ("(?!x)", []), ("(a|b)", ["s1"])):
        every = Matcher("alertname", Raw(pattern), is_regex=True)
        forged = msgspec.structs.replace(silence(left=2 * MINUTE), matchers=(every,))
        assert due_ids(world([forged], held_by("s1"))) == expected, pattern


def test_where_kthxbye_is_at_work_only_what_it_has_left_past_its_time_is_due() -> None:
    late, early = 2 * MINUTE, 4 * MINUTE
    assert due_ids(world([silence(left=early)], held_by("s1")), {"am"}) == []
    assert due_ids(world([silence(left=early)], held_by("s1")), {"other"}) == ["s1"]
    assert due_ids(world([silence(left=late)], held_by("s1")), {"am"}) == ["s1"]
    inhibited = held_by("s1", inhibited=True)
    assert due_ids(world([silence(left=early)], inhibited), {"am"}) == ["s1"]


def test_a_short_ack_is_not_extended_at_every_look() -> None:
    short = msgspec.structs.replace(ACKS, lasts=4 * MINUTE)
    assert due_ids(world([silence(left=3 * MINUTE)], held_by("s1")), acks=short) == []
    assert due_ids(world([silence(left=MINUTE)], held_by("s1")), acks=short) == ["s1"]


# -- the earlier of two ----------------------------------------------------------------------------


def test_of_two_acks_exactly_one_gives_way_whatever_their_order() -> None:
    seconds = [timedelta(seconds=each) for each in (0, 1)]
    for (one_id, one_s), (two_id, two_s) in product(
        product(("a", "b"), seconds), product(("a", "b"), seconds)
    ):
        if one_id == two_id:
            continue
        one = silence(one_id, by="kai", began=one_s)
        two = silence(two_id, by="mei", began=two_s)
        ids = [(one_id, two_id)]
        assert (earlier_ack(one, [two], ids) is None) is not (earlier_ack(two, [one], ids) is None)


def test_an_earlier_ack_has_to_hold_all_of_it() -> None:
    ours, theirs = silence("b"), silence("a", by="mei", began=MINUTE)
    assert earlier_ack(ours, [theirs], [("a", "b"), ("a", "b")]) is theirs
    assert earlier_ack(ours, [theirs], [("a", "b"), ("b",)]) is None
    assert earlier_ack(ours, [theirs], []) is None
    pending = msgspec.structs.replace(theirs, state=SilenceState.PENDING)
    assert earlier_ack(ours, [pending], [("a", "b")]) is None


def test_what_a_plain_matcher_rules_out_is_not_asked_for() -> None:
    labels = Labels({"alertname": "ServiceDown", "job": "redis"})
    assert may_hold(silence(), labels)
    for name, value, is_equal in (("job", "api", True), ("job", "redis", False), ("x", "y", True)):
        other = Matcher(name, Raw(value), False, is_equal)
        assert not may_hold(msgspec.structs.replace(silence(), matchers=(other,)), labels)
    regex = Matcher("job", Raw("api.*"), True)
    assert may_hold(msgspec.structs.replace(silence(), matchers=(regex,)), labels)


def test_only_a_young_ack_of_mine_gives_way() -> None:
    theirs = silence("a", by="mei", comment=KARMA, began=10 * MINUTE)
    for ours, gives_way in (
        (silence("b", began=MINUTE), True),
        (silence("b", began=4 * MINUTE), False),
        (silence("b", began=MINUTE, comment=KARMA), False),
        (silence("b", began=MINUTE, by="zoe"), False),
    ):
        holding = holding_of(world([ours, theirs], held_by("a", "b")), (), PREFIXES)
        assert bool(doubles(holding, "kai", T0)) is gives_way


# -- kthxbye ---------------------------------------------------------------------------------------


def extended(by: str = "mei", comment: str = KARMA, *, ends_s: float = 900) -> Silence:
    """Extended five minutes ago, to `ends_s` seconds from then."""
    ago = 5 * MINUTE
    return silence(
        by=by, comment=comment, began=40 * MINUTE, left=timedelta(seconds=ends_s) - ago, updated=ago
    )


def seen_in(
    watch: KthxbyeWatch, *silences: Silence, at_s: float = 0, acks: Acks = ACKS
) -> set[str]:
    return set(watch.look(silences, PREFIXES, acks, at(at_s)))


def test_kthxbye_is_told_by_the_quarter_of_an_hour_that_it_gives() -> None:
    for ends_s, is_seen in ((900, True), (898, True), (902, True), (897, False), (3600, False)):
        assert bool(seen_in(KthxbyeWatch(), extended(ends_s=ends_s))) is is_seen, ends_s


def test_an_ack_that_was_only_made_for_a_quarter_of_an_hour_is_no_sign() -> None:
    made = silence(comment=KARMA, began=MINUTE, left=14 * MINUTE, updated=MINUTE)
    assert not seen_in(KthxbyeWatch(), made)


def test_an_ordinary_silence_is_no_sign() -> None:
    assert not seen_in(KthxbyeWatch(), extended(comment="patch night"))


def test_consoles_that_extend_by_as_much_are_no_sign() -> None:
    as_much = msgspec.structs.replace(ACKS, lasts=15 * MINUTE)
    assert seen_in(KthxbyeWatch(), extended(comment=OURS))
    assert not seen_in(KthxbyeWatch(), extended(comment=OURS), acks=as_much)
    assert seen_in(KthxbyeWatch(), extended(), acks=as_much)


def test_an_end_that_moves_between_two_looks_is_a_sign_where_no_console_made_the_ack() -> None:
    for comment, is_seen in ((KARMA, True), (OURS, False)):
        watch = KthxbyeWatch()
        assert not seen_in(watch, silence(comment=comment, left=4 * MINUTE))
        assert bool(seen_in(watch, silence(comment=comment, left=30 * MINUTE))) is is_seen
    watch = KthxbyeWatch()
    assert not seen_in(watch, silence(comment=KARMA, left=30 * MINUTE))
    assert not seen_in(watch, silence(comment=KARMA, left=4 * MINUTE))


def test_a_person_who_gives_an_ack_another_quarter_of_an_hour_is_no_sign() -> None:
    for comment in (OURS, KARMA):
        watch = KthxbyeWatch()
        assert not seen_in(watch, silence(comment=comment, began=20 * MINUTE, left=40 * MINUTE))
        given = silence(comment=comment, began=20 * MINUTE, left=15 * MINUTE, updated=MINUTE / 60)
        assert not seen_in(watch, given)
        assert not seen_in(watch, given), "nor at any later look"


def test_kthxbye_is_forgotten_when_it_is_not_seen_for_twenty_minutes() -> None:
    watch = KthxbyeWatch()
    assert seen_in(watch, extended()) == {"am"}
    assert seen_in(watch, at_s=19 * 60) == {"am"}
    assert seen_in(watch, at_s=20 * 60) == set()


# -- a whole look ----------------------------------------------------------------------------------


class Looking:
    """An `AckKeeper` whose clock is moved by hand; without servers."""

    def __init__(self, folder: Path | None = None) -> None:
        self.clock = ManualClock(T0)
        self.local = None if folder is None else LocalAcks(folder, self.clock)
        self.keeper = AckKeeper()
        self.recorded: list[str] = []

    async def _record(self, action_id: str, what: str) -> str:
        self.recorded.append(what)
        return "0a1b2c"

    def look(
        self, seen: Snapshot, *, acts: bool = True, living: frozenset[str] | None = None
    ) -> Kept:
        doing = Doing(
            clusters={},
            clock=self.clock,
            who="kai",
            acks=ACKS,
            silences=Silences(),
            policy=Policy(),
            local=self.local,
            kthxbye=frozenset(),
            snapshot=msgspec.structs.replace(seen, at=self.clock.now()),
            intent="",
        )
        return asyncio.run(self.keeper.look_after(doing, self._record, acts=acts, living=living))


def local_ack(key: str, *, who: str = "kai", since: datetime = T0, unsent: str = "") -> Ack:
    return Ack(Raw(who), since, since + timedelta(hours=24), Raw(""), key, "", "0a1b2c", unsent)


def test_who_only_looks_changes_nothing_and_records_nothing() -> None:
    looking = Looking()
    kept = looking.look(world([silence(left=MINUTE)], held_by("s1")), acts=False)
    assert not looking.recorded and len(kept.held) == 1


def test_what_would_be_changed_is_recorded_before_and_its_failure_told_once() -> None:
    looking = Looking()
    seen = world([silence(left=4 * MINUTE)], held_by("s1"))
    first = looking.look(seen)
    assert looking.recorded == ["extend 1 ack until 04:16 UTC"]
    (event,) = first.events
    assert event.kind is EventKind.REMINDER and event.subject == "ServiceDown"
    assert "your ack ends at 03:20 UTC" in event.text
    looking.clock.advance(15)
    assert looking.look(seen).events == () and len(looking.recorded) == 1
    looking.clock.advance(61)
    assert looking.look(seen).events == () and len(looking.recorded) == 2


def test_an_old_ack_is_told_of_once() -> None:
    looking = Looking()
    seen = world([silence(began=5 * timedelta(hours=1))], held_by("s1"))
    (event,) = looking.look(seen).events
    assert (event.kind, event.text) == (EventKind.REMINDER, "you took it 5h00m ago")
    assert looking.look(seen).events == ()
    hers = silence("s2", by="mei", began=5 * timedelta(hours=1))
    assert looking.look(world([hers], held_by("s2"))).events == ()


def test_an_ack_in_the_folder_ends_with_the_episode_and_not_before(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    assert looking.local is not None
    key = f"alert:{alert().fingerprint}"
    looking.local.put([local_ack(key), local_ack("source:am"), local_ack("x", who="mei")])
    firing = world([], known())
    living = frozenset(["source:am"])
    for _ in range(3):
        looking.look(firing, living=living)
        looking.clock.advance(200)
    assert len(looking.local.load()) == 3
    looking.look(world([]), living=living)
    looking.clock.advance(299)
    looking.look(world([]), living=living)
    assert len(looking.local.load()) == 3
    looking.clock.advance(2)
    looking.look(world([]), living=living)
    assert [one.silence_id for one in looking.local.load()] == ["source:am", "x"]
    looking.clock.advance(600)
    looking.look(world([]))  # what is on the worklist is not known
    looking.look(world([]), living=frozenset())
    looking.clock.advance(301)
    looking.look(world([]), living=frozenset())
    assert [one.silence_id for one in looking.local.load()] == ["x"]


def test_an_ack_in_the_folder_lasts_for_as_long_as_its_row_and_the_console(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    assert looking.local is not None
    looking.local.put([local_ack("source:am")])
    for _ in range(30):
        looking.clock.advance(3600)
        looking.look(world([]), living=frozenset(["source:am"]))
    (one,) = looking.local.load()
    assert one.since == T0


def test_a_damaged_folder_is_told_of(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    (tmp_path / "acks.json").write_bytes(b"{")
    (event,) = looking.look(world([])).events
    assert event.kind is EventKind.CONSOLE and "kept as acks.json." in event.text


def test_what_somebody_acked_on_the_server_meanwhile_waits_no_longer(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    assert looking.local is not None
    hers = held_by("s9")
    looking.local.put([local_ack(f"alert:{hers.key}", unsent="refused the connection")])
    real = Ack(Raw("mei"), T0, T0 + timedelta(hours=1), Raw(""), "s9", "am")
    waits = looking.look(world([], hers))
    assert waits.waiting == 1 and not looking.recorded  # no such cluster: nothing to try
    kept = looking.look(world([], msgspec.structs.replace(hers, ack=real)))
    assert kept.waiting == 0 and looking.local.load() == () and not looking.recorded


def test_an_incomplete_snapshot_lets_nothing_go(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    assert looking.local is not None
    looking.local.put([local_ack(f"alert:{alert().fingerprint}")])
    for _ in range(3):
        looking.look(msgspec.structs.replace(world([]), complete=False))
        looking.clock.advance(400)
    assert looking.local.load()
