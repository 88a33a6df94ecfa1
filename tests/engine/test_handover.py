"""What is handed over: all that the next shift has to know, and what nobody can know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from config.load import Loaded
from config.people import Override, Person, Rota, Rotation
from config.schema import Settings
from console.engine.events import KEPT
from console.engine.handover import Handover, handover_of, owners_text
from console.engine.handover_lines import Section, joined
from console.engine.handover_markdown import markdown_of
from console.engine.handover_words import sections_of
from console.model.acting import Acting, Extender, HeldAck
from console.model.alert import Ack, Silence, SilenceState
from console.model.event import Event, EventKind
from console.model.labels import Matcher
from console.model.markdown import code, escaped
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.snapshot import KnownAlert, Snapshot, SourceHealth
from console.model.state import State
from console.model.update import Update
from console.model.worklist import Step
from console.safety.text import Raw, visible
from console.triage.triage import Triage
from tests.build import T0, ago, alert, at, failure, known, snapshot, source
from tests.hostile import hostile_strings

PEOPLE = {
    "kai": Person(name="Kai 黃凱", phone="+1 202 555 0110"),
    "mei": Person(name="Mei", phone="+1 202 555 0121"),
}
# T0 is a Sunday, 03:16:42 UTC and 11:16:42 in Taipei.
ROTA = Rota(
    "Asia/Taipei",
    (
        Rotation(
            name="weekend",
            days=("sat", "sun"),
            start="09:00",
            end="09:00",
            people=("kai",),
            first=date(2026, 11, 16),
            backup_phone="+1 202 555 0199",
        ),
        Rotation(
            name="weekday",
            days=("mon", "tue", "wed", "thu", "fri"),
            start="09:00",
            end="23:00",
            people=("mei",),
            first=date(2026, 11, 16),
        ),
    ),
)


def ack(owner: str, number: int, *, since: datetime = T0, note: str = "") -> Ack:
    return Ack(Raw(owner), since, since + timedelta(hours=1), Raw(note), f"silence-{number}", "am")


def fired(
    name: str, severity: str, ago_s: float, acked: Ack | None = None, instance: str = ""
) -> KnownAlert:
    labels = {"severity": severity, **({"instance": instance} if instance else {})}
    return known(alert(name, starts_at=ago(ago_s), labels=labels), acked=acked)


def update_of(world: Snapshot, *held: HeldAck, events: tuple[Event, ...] = ()) -> Update:
    return Update(0, world, Triage(Policy()).worklist(world), events, Acting(held=held))


def handover(
    world: Snapshot,
    *held: HeldAck,
    rota: Rota = ROTA,
    me: str = "kai",
    events: tuple[Event, ...] = (),
    now: datetime = T0,
) -> Handover:
    settings = Settings(environment="test", people=PEOPLE, rota=rota)
    loaded = Loaded(settings, Registry(), Policy(), None)
    return handover_of(update_of(world, *held, events=events), loaded, now, me)


def section(of: Handover, begins: str) -> Section:
    return next(one for one in sections_of(of) if one.title.startswith(begins))


def said(of: Handover, begins: str) -> str:
    lines = section(of, begins).lines
    return "\n".join(
        f"{line.head} {joined(words)}" for line in lines for words in (line.words, *line.under)
    )


# Who is on call


def test_who_is_on_call_now_and_next_with_phones_and_both_clocks() -> None:
    assert said(handover(snapshot()), "on call, Sun 22 Nov 11:16 (03:16 UTC)").splitlines() == [
        "now Kai 黃凱 (weekend) until Mon 09:00 (01:00 UTC), in 21h43m",
        "now phone +1 202 555 0110, backup +1 202 555 0199",
        "next Mei (weekday) from Mon 09:00 (01:00 UTC) to Mon 23:00 (15:00 UTC)",
        "next phone +1 202 555 0121",
    ]


def test_a_day_that_differs_between_the_clocks_is_named_on_both() -> None:
    monday_early = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert section(handover(snapshot(), now=monday_early), "on call, Mon 23 Nov 04:00 (Sun 20:00 U")


def test_an_override_says_whose_shift_it_is_and_why() -> None:
    stand_in = Override(person="mei", start=ago(3600), end=T0 + timedelta(hours=1), why="dentist")
    found = handover(snapshot(), rota=msgspec.structs.replace(ROTA, overrides=(stand_in,)))
    assert (
        "now Mei (weekend) in place of Kai 黃凱 by an override, dentist, until Sun 12:16"
        in said(found, "on call")
    )


def test_when_nobody_is_on_call_that_is_said_with_its_end() -> None:
    nights_free = msgspec.structs.replace(ROTA, rotations=ROTA.rotations[1:])
    now = said(handover(snapshot(), rota=nights_free), "on call")
    assert "now nobody is on call until Mon 09:00 (01:00 UTC), in 21h43m" in now
    monday = datetime(2026, 11, 23, 2, tzinfo=UTC)
    then = said(handover(snapshot(), rota=nights_free, now=monday), "on call")
    assert "nobody is on call from Mon 23:00 (15:00 UTC) until Tue 09:00 (01:00 UTC)" in then
    assert "next nobody else is on call in the next ten weeks" in then


def test_without_a_rota_it_is_not_known_who_is_on_call() -> None:
    assert said(handover(snapshot(), rota=Rota()), "on call") == (
        "now not known: the settings have no rota"
    )


def test_a_person_without_a_phone_is_told_of_as_such() -> None:
    alone = Rota("UTC", (msgspec.structs.replace(ROTA.rotations[0], people=("ghost",)),))
    assert "ghost (weekend)" in said(handover(snapshot(), rota=alone), "on call")
    assert "no phone in the settings, backup +1 202" in said(
        handover(snapshot(), rota=alone), "on call"
    )


# What fires


def test_an_acked_row_tells_owner_age_end_note_and_who_extends_it() -> None:
    of = ack("mei", 1, since=ago(1800), note="restarting the pool")
    world = snapshot(fired("SlowResponse", "error", 2880, of, instance="api:80"))
    found = handover(world, HeldAck(of, Extender.KTHXBYE, mine=False, covers=1, is_old=True))
    lines = said(found, "acked and still firing: 1").splitlines()
    assert lines[0] == "P1 SlowResponse on api:80, for 48m"
    assert lines[1] == (
        "P1 mei took it 30m ago, which is long ago; until Sun 11:46 (03:46 UTC),"
        " extended by kthxbye"
    )
    assert lines[2] == "P1 note: restarting the pool"


@pytest.mark.parametrize(
    ("extender", "told"),
    [
        (Extender.CONSOLE, "extended by this console"),
        (Extender.OTHER, "extended by the owner's console"),
        (Extender.NOBODY, "nobody extends it"),
    ],
)
def test_who_keeps_an_ack_from_lapsing_is_told(extender: Extender, told: str) -> None:
    of = ack("mei", 1)
    held = HeldAck(of, extender, mine=False, covers=1)
    assert told in said(handover(snapshot(fired("A", "error", 60, of)), held), "acked")


def test_an_ack_of_which_nobody_has_said_who_extends_it_is_not_known() -> None:
    found = said(handover(snapshot(fired("A", "error", 60, ack("mei", 1)))), "acked")
    assert "who extends it is not known" in found


def test_p0_and_p1_that_nobody_has_taken_come_before_everything_else_that_fires() -> None:
    world = snapshot(
        fired("Down", "critical", 600),
        fired("Slow", "error", 60, instance="a"),
        fired("Mine", "critical", 60, ack("kai", 1)),
        fired("Odd", "warning", 60),
    )
    found = handover(world)
    assert [row.title.exact for row in found.untaken] == ["Down", "Slow"]
    assert said(found, "P0 and P1 that are not taken: 2").splitlines() == [
        "P0 Down on unassigned, for 10m, ack late by 5m00s",
        "P1 Slow on a, for 1m00s, ack due in 14m",
    ]


def test_a_breached_clock_says_which_one_and_by_how_much() -> None:
    world = snapshot(
        fired("Down", "critical", 2400),
        fired("Slow", "error", 9000, ack("mei", 1, since=ago(8900)), instance="a"),
        fired("Fresh", "critical", 10, instance="b"),
    )
    found = handover(world)
    late = {one.row.title.exact: one.late for one in found.breached}
    assert late == {
        "Down": (
            (Step.ACK, timedelta(minutes=35)),
            (Step.FIX, timedelta(minutes=10)),
        ),
        "Slow": ((Step.FIX, timedelta(minutes=30)),),
    }
    text = said(found, "clocks breached: 2")
    assert "P0 Down on unassigned, ack late by 35m and fix late by 10m, nobody has it" in text
    assert "P1 Slow on a, fix late by 30m, mei" in text


def test_what_is_folded_for_its_age_is_counted_and_not_spelled_out() -> None:
    days = 86400
    old = [fired(f"Old{n}", "info", (8 + n) * days, instance=f"i{n}") for n in range(3)]
    found = handover(snapshot(*old, fired("Down", "critical", 600)))
    assert said(found, "clocks breached: 1").splitlines() == [
        "P0 Down on unassigned, ack late by 5m00s, nobody has it",
        "old 3 folded rows are late too; `:old` lists them",
    ]


def test_an_ack_on_nothing_that_fires_is_listed_and_handed_over_too() -> None:
    of = ack("mei", 7)
    found = handover(snapshot(), HeldAck(of, Extender.OTHER, mine=False, covers=0))
    assert found.acceptable == (of,)
    assert "ack mei took it" in said(found, "acks on nothing that fires now: 1")


def test_who_accepts_takes_every_ack_once_and_none_of_their_own() -> None:
    shared, mine = ack("mei", 1), ack("kai", 2)
    world = snapshot(
        fired("A", "error", 60, shared, instance="1"),
        fired("B", "error", 60, shared, instance="2"),
        fired("C", "error", 60, mine, instance="3"),
    )
    assert handover(world, me="kai").acceptable == (shared,)
    # Whose it is, the engine knows better than a name does.
    held = HeldAck(shared, Extender.CONSOLE, mine=True, covers=2)
    assert handover(world, held, me="kai").acceptable == ()


def test_owners_are_named_with_how_many_the_most_first() -> None:
    assert owners_text((ack("mei", 1),)) == "mei"
    acks = (ack("kai", 1), *(ack("mei", n) for n in range(2, 6)))
    assert owners_text(acks) == "mei (4) and kai (1)"
    many = tuple(ack(f"p{n}", n) for n in range(7))
    assert owners_text(many) == "p0 (1), p1 (1), p2 (1), p3 (1) and 3 others (3)"


# Silences, sources, the shift


def silence(number: int, ends_s: float, comment: str = "deploy") -> Silence:
    return Silence(
        f"s{number}",
        "am",
        SilenceState.ACTIVE,
        (Matcher("job", Raw("backup")),),
        ago(60),
        T0 + timedelta(seconds=ends_s),
        Raw("mei"),
        Raw(comment),
    )


def test_silences_that_end_by_the_end_of_the_next_shift_are_listed_the_soonest_first() -> None:
    held = msgspec.structs.replace(fired("Quiet", "error", 60), silences=("s2",))
    ends = (2 * 3600, 3600, 3 * 86400)
    world = msgspec.structs.replace(
        snapshot(held),
        silences=(*(silence(n, end) for n, end in enumerate(ends, 1)), silence(9, 60, "ACK! kai")),
    )
    found = handover(msgspec.structs.replace(world, sources=(source(),)))
    assert [(one.silence.id, one.holds) for one in found.ending] == [("s2", 1), ("s1", 0)]
    text = said(found, "silences that end by Mon 23:00 (15:00 UTC): 2")
    assert text.splitlines()[:2] == [
        '12:16 job="backup", holds 1 alert now, ends Sun 12:16 (04:16 UTC), in 1h00m',
        "12:16 by mei: deploy",
    ]


def test_what_a_silence_of_a_sick_cluster_holds_is_not_known() -> None:
    world = snapshot(sources=(source("am", state=State.UNKNOWN),))
    found = handover(msgspec.structs.replace(world, silences=(silence(1, 3600),)))
    assert "what it holds is not known, ends Sun 12:16" in said(found, "silences that end")


def test_a_sick_source_says_what_can_be_known_of_it() -> None:
    sick: tuple[SourceHealth, ...] = (
        source("am", state=State.UNKNOWN, failing_since=ago(130), failures=(failure("am"),),
               last_ok=at(-140)),
        source("never", state=State.UNKNOWN),
    )  # fmt: skip
    text = said(handover(snapshot(sources=sick)), "not known").splitlines()
    assert text[0].startswith("! am is UNKNOWN since Sun 11:14 (03:14 UTC): refused the connection")
    assert text[0].endswith("what it says here was true at Sun 11:14 (03:14 UTC)")
    assert text[1] == "! never is UNKNOWN; nothing was ever learned from it"


def test_a_state_that_was_saved_is_not_told_as_the_present_one() -> None:
    restored = said(handover(snapshot(restored=True, complete=False)), "not known")
    assert "this is what a console saved at 03:16 UTC" in restored
    asking = said(handover(snapshot(complete=False)), "not known")
    assert "not every source has answered yet" in asking
    stale = known(alert("A"), state=State.STALE)
    assert "1 alert is STALE or LOST" in said(handover(snapshot(stale)), "not known")


def test_where_everything_is_known_no_doubt_is_listed() -> None:
    titles = [one.title for one in sections_of(handover(snapshot(sources=(source(),))))]
    assert "not known" not in titles


def event(kind: EventKind, ago_s: float, who: str = "", key: str = "k") -> Event:
    return Event(ago(ago_s), kind, "A", "…", who, key)


def test_what_happened_is_counted_since_the_shift_began() -> None:
    events = (
        event(EventKind.RESOLVED, 60),
        event(EventKind.ACKED, 90, "mei"),
        event(EventKind.ACKED, 100),
        event(EventKind.FIRED, 120),
        event(EventKind.FIRED, 150),
        event(EventKind.FIRED, 10 * 3600),
    )
    # The shift began on Sunday 09:00 in Taipei, 2 h 16 min ago.
    assert said(handover(snapshot(), events=events), "this shift") == (
        "log 2 began to fire, 1 resolved, 1 acked since Sun 09:00 (01:00 UTC)"
    )


def test_a_log_that_begins_within_the_shift_or_is_full_says_so() -> None:
    short = said(handover(snapshot(), events=(event(EventKind.FIRED, 60),)), "this shift")
    assert short.endswith("since Sun 11:15 (03:15 UTC); nothing is known of what was before")
    many = tuple(event(EventKind.FIRED, 60) for _ in range(KEPT))
    assert said(handover(snapshot(), events=many), "this shift").startswith("log at least 500 beg")
    summed = (event(EventKind.FIRED, 60, key=""),)
    assert said(handover(snapshot(), events=summed), "this shift").startswith("log at least 1 ")
    assert "not known" in said(handover(snapshot()), "this shift")


# Markdown


def shape(text: str) -> list[tuple[str, str]]:
    """Tags and structure of a document as a reader of CommonMark with tables sees it."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [(token.type, token.tag) for token in flat(parsed) if token.type != "text"]


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *flat(token.children or []))]


def codes(text: str) -> list[str]:
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [token.content for token in flat(parsed) if token.type == "code_inline"]


def written(outside: str) -> str:
    """A handover in which everything that somebody else wrote is `outside`."""
    of = Ack(Raw(outside), T0, T0 + timedelta(hours=1), Raw(outside), "s1", "am")
    down = known(alert("A", severity="critical", instance="i", summary="x"), acked=of)
    named = msgspec.structs.replace(silence(2, 60), created_by=Raw(outside), comment=Raw(outside))
    world = msgspec.structs.replace(snapshot(down), silences=(named,))
    found = handover(world)
    rows = [
        msgspec.structs.replace(
            one.row, title=Raw(outside), where=Raw(outside), summary=Raw(outside)
        )
        for one in found.taken
    ]
    taken = tuple(
        msgspec.structs.replace(one, row=row) for one, row in zip(found.taken, rows, strict=True)
    )
    return markdown_of(msgspec.structs.replace(found, taken=taken, untaken=tuple(rows)))


HOSTILE = tuple(hostile_strings(300))
NASTY = (
    "a|b",
    "`code`",
    "``",
    "` ",
    "[x](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "https://evil.test/ @channel",
    "line\n# heading\n- item",
    "**bold** _it_ ~~no~~ \\",
    " 支付网关 ",
    "&lt;b&gt; $x$",
)


@pytest.mark.parametrize("outside", NASTY)
def test_no_text_from_outside_changes_the_shape_of_the_markdown(outside: str) -> None:
    assert shape(written(outside)) == shape(written("plain"))
    assert visible(outside) in codes(written(outside))


@given(st.one_of(st.sampled_from(HOSTILE), st.text("`|[]()<>#*_~\\&!- \n\ta漢", min_size=1)))
def test_whatever_comes_stands_in_the_markdown_as_it_was_shown(outside: str) -> None:
    shown = visible(outside)
    if shown:
        assert codes(f"- **P0** {code(Raw(outside))} on") == [shown]
        assert shape(f"- **P0** {code(Raw(outside))} on") == shape("- **P0** `x` on")


@given(st.text("`|[]()<>#*_~\\&!- \n\ta漢www.https://x", min_size=1))
def test_what_the_team_wrote_reads_as_they_wrote_it(text: str) -> None:
    parsed = flat(MarkdownIt("commonmark").parse(f"- **now** {escaped(text)}."))
    read = "".join(token.content for token in parsed if token.type in ("text", "text_special"))
    assert read == f"now {visible(text)}."


def test_the_markdown_begins_with_what_it_is_and_when() -> None:
    text = markdown_of(handover(snapshot(fired("Down", "critical", 600, instance="web-1"))))
    assert text.startswith("# Handover of test, 2026-11-22 03:16 UTC\n\n## on call")
    assert "- **P0** `Down` on `web-1`, for 10m, ack late by 5m00s" in text
    assert "## clocks breached: 1" in text
