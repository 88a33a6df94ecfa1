"""What is typed into the form for a silence is read exactly, or refused in words."""

from __future__ import annotations

import re
import urllib.error
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import Acks, Silences, SilenceTemplate
from console.actions.silences.form import (
    CLUSTERS,
    COMMENT,
    LASTS,
    MATCHERS,
    LastsFault,
    Terms,
    Typed,
    covering,
    end_of,
    from_alerts,
    from_silence,
    from_template,
    homes_of,
    judge,
    next_time,
    presets,
    why_confirm,
    wish_of,
    zone_called,
)
from console.actions.silences.matchers import (
    MatcherFault,
    holds_for_empty,
    matcher_of,
    matches_anything,
    matches_empty,
    prefilled,
    set_fault,
    written,
)
from console.model.alert import AlertGroup, Silence, SilenceState
from console.model.alternatives import one_of
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.snapshot import ClusterGroups
from console.model.state import Priority
from console.safety.text import MAX_VALUE_CHARS, Raw
from tests.build import T0, ago, alert, at, known, snapshot, source
from tests.hostile import ATTACKS
from tests.servers import ended, post_json, start_alertmanager
from tests.soak import trials

TERMS = Terms(Silences(), "UTC", ("ACK!",))
GOOD = Typed(('job="api"',), "1h", ("am",), "patching")


def silence(
    *matchers: Matcher, cluster: str = "am", minutes: float = 60, silence_id: str = "one"
) -> Silence:
    """One in force, by mei."""
    wanted = matchers or (Matcher("job", Raw("api")),)
    ends_at = T0 + timedelta(minutes=minutes)
    who, why = Raw("mei"), Raw("patching [oncall 0a1b2c]")
    return Silence(silence_id, cluster, SilenceState.ACTIVE, wanted, ago(60), ends_at, who, why)


# Matchers


@pytest.mark.parametrize(
    ("text", "name", "value", "is_regex", "is_equal"),
    [
        ('job="api"', "job", "api", False, True),
        ("  job = api ", "job", "api", False, True),
        ('job!="api"', "job", "api", False, False),
        ('job=~"a.*|b"', "job", "a.*|b", True, True),
        ("job!~db-[0-9]+", "job", "db-[0-9]+", True, False),
        ('job="a \\"b\\" \\\\ c\\n"', "job", 'a "b" \\ c\n', False, True),
        ('path=~"\\d+"', "path", "\\d+", True, True),
        ('job="\\u202e"', "job", "\u202e", False, True),
        ('job="\\U0001f600"', "job", "\U0001f600", False, True),
        ('"na me"="x"', "na me", "x", False, True),
        ('job=""', "job", "", False, True),
        ('job=~"(?i)API"', "job", "(?i)API", True, True),
        ('job=~"[[:alpha:]]+\\pL\\x{41}"', "job", "[[:alpha:]]+\\pL\\x{41}", True, True),
    ],
)
def test_a_matcher_is_read_as_alertmanager_writes_it(
    text: str, name: str, value: str, is_regex: bool, is_equal: bool
) -> None:
    assert matcher_of(text) == Matcher(name, Raw(value), is_regex, is_equal)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("job", 4, "expected = != =~ or !~ after job"),
        ('="api"', 1, "expected a label name"),
        ('9job="api"', 1, "expected a label name"),
        ('job-x="api"', 4, "letters, digits and _"),
        ('job="api', 9, 'expected a " at the end'),
        ('job="api" x', 10, "expected the end"),
        ("job=", 5, "expected a value"),
        ('""="x"', 1, "between the quotes"),
        ('job=~"a("', 8, "expected a ) for this ("),
        ('job=~"a)"', 8, "expected a ( before"),
        ('job=~"[a"', 7, "expected a ] for this ["),
        ('job=~"*a"', 7, "expected something to repeat"),
        ('job=~"a|+"', 9, "expected something to repeat"),
        ('job=~"a**"', 9, "one repetition only"),
        ('job=~"(?=a)"', 7, "no look-around"),
        ('job=~"(?!a)"', 7, "no look-around"),
        ('job=~"(a)\\1"', 10, "no back-reference"),
        ('job=~"a{1001}"', 8, "counts up to 1000"),
        ('job=~"a{3,2}"', 8, "the lower first"),
        ('job=~"a\\y"', 8, "expected no \\y"),
        ('job=~"\\p{Greek"', 9, "expected a } for this {"),
        ('job="\\u12"', 6, "4 hexadecimal digits"),
    ],
)
def test_a_matcher_that_cannot_be_read_is_refused_with_its_column(
    text: str, column: int, said: str
) -> None:
    with pytest.raises(MatcherFault, match=re.escape(said)) as raised:
        matcher_of(text)
    assert raised.value.position + 1 == column


@given(
    name=st.one_of(
        st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True), st.text("é -=", min_size=1)
    ),
    value=st.one_of(st.text(max_size=40), st.sampled_from(ATTACKS)),
    is_equal=st.booleans(),
)
def test_what_is_filled_in_is_read_back_exactly(name: str, value: str, is_equal: bool) -> None:
    matcher = Matcher(name, Raw(value), is_equal=is_equal)
    text = written(matcher)
    assert text.isprintable()
    assert matcher_of(text) == matcher


@pytest.mark.filterwarnings("ignore:Possible")
@given(pattern=st.text("ab|()*+?.[]^${}2,\\dB", max_size=12))
def test_whether_a_pattern_matches_nothing_is_what_a_regular_expression_says(
    pattern: str,
) -> None:
    try:
        empty = matches_empty(pattern)
    except MatcherFault:
        return
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return  # `[b-a]` and the like are the server's to refuse
    if re.search(r"[*+?}]\+|\\B", pattern):
        return  # possessive in Python, and `\B` does not hold for its empty text
    assert empty is (compiled.fullmatch("") is not None)


def test_values_in_an_alternative_are_taken_literally() -> None:
    values = ["db1:9100", "a.b|c", "x(y)[z]{2}$^*+?/-\\"]
    pattern = re.compile(one_of(values))
    assert all(pattern.fullmatch(value) for value in values)
    assert pattern.fullmatch("aXb|c") is None
    assert one_of(["db1:9100", "db-2"]) == "(db1:9100|db\\-2)"


@pytest.mark.parametrize(
    ("matchers", "said"),
    [
        ([], "at least one"),
        (['job=""'], "match everything"),
        (['job!="api"'], "match everything"),
        (['job=~".*"'], "match everything"),
        (['job=~"(a|)"', 'team!~"a.+"'], "match everything"),
        (['alertname=~".+"'], "everything that has the label"),
        (['alertname!=""'], "everything that has the label"),
        (['alertname=~"^(?:.+)$"', 'team!="a"'], "everything that has the label"),
        (['job="a"', 'job="b"'], "can match nothing: job"),
        (['job="api"', 'team!="a"'], ""),
        (['job=~"a.*"'], ""),
        (['job=~"(api|web)"'], ""),
        (['job="a"', 'job="a"'], ""),
    ],
)
def test_matchers_that_match_everything_or_nothing_are_refused(
    matchers: list[str], said: str
) -> None:
    told = set_fault([matcher_of(text) for text in matchers])
    assert said in told and bool(said) is bool(told)


def test_a_missing_label_reads_as_empty() -> None:
    assert holds_for_empty(matcher_of('job!="a"')) and holds_for_empty(matcher_of('job=""'))
    assert not holds_for_empty(matcher_of('job="a"'))
    assert not holds_for_empty(matcher_of('job!~"a*"'))


# Filling in


def test_the_shared_labels_are_filled_in_and_the_passing_ones_left_out() -> None:
    rows = [
        Labels({"alertname": "Slow", "job": "api", "pod": f"api-{n}", "n": str(n)}) for n in (1, 2)
    ]
    assert [written(one) for one in prefilled(rows, frozenset({"pod"}))] == [
        'alertname="Slow"',
        'job="api"',
        'n=~"(1|2)"',
    ]


def test_a_label_that_some_lack_or_that_has_many_values_is_left_out() -> None:
    rows = [
        Labels({"alertname": "Slow", "i": str(n)} | ({"x": "1"} if n else {})) for n in range(9)
    ]
    assert [one.name for one in prefilled(rows, frozenset())] == ["alertname"]


def test_a_value_that_was_cut_makes_no_matcher() -> None:
    labels = Labels({"alertname": "Slow", "big": "x" * MAX_VALUE_CHARS}, over_cap=True)
    assert [one.name for one in prefilled([labels], frozenset())] == ["alertname"]


def test_every_hostile_label_is_filled_in_as_it_is() -> None:
    for value in filter(None, ATTACKS):
        of = known(alert("Slow", labels={"evil": value}))
        world = snapshot(of, sources=[source("am")])
        typed = from_alerts([of], world, Acks(), Policy(), timedelta(hours=1))
        judged = judge(msgspec.structs.replace(typed, comment="why"), TERMS, T0)
        assert not judged.faults
        assert Matcher("evil", Raw(value)) in judged.matchers


def test_the_clusters_that_have_the_alerts_are_chosen() -> None:
    one, other = known(alert("Slow", cluster="am-eu")), known(alert("Full", cluster="am-eu"))
    groups = AlertGroup(Labels({}), Raw("r"), (other.key,))
    world = snapshot(one, other, sources=[source("am-us"), source("am-eu"), source("am-ap")])
    world = msgspec.structs.replace(world, groups=(ClusterGroups("am-us", (groups,), at()),))
    assert homes_of([one], world) == ("am-eu",)
    assert homes_of([one, other], world) == ("am-us", "am-eu")
    assert homes_of([], world) == ("am-us", "am-eu", "am-ap")


def test_a_template_and_a_silence_fill_the_form() -> None:
    template = SilenceTemplate(
        name="night", matchers=('job="backup"',), lasts=timedelta(hours=2), comment="backup"
    )
    assert from_template(template, ("am",)) == Typed(('job="backup"',), "2h", ("am",), "backup")
    # T0 is 03:16:42 UTC; in Taipei it is eight hours later.
    assert from_silence(silence(), "Asia/Taipei") == Typed(
        ('job="api"',), "2026-11-22 12:16:42", ("am",), "patching"
    )


# How long


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone_called(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("90m", T0 + timedelta(minutes=90)),
        ("1h30m", T0 + timedelta(minutes=90)),
        (" 1h 30m ", T0 + timedelta(minutes=90)),
        ("until 09:00", local("2026-11-23 09:00", "Asia/Taipei")),
        ("until 12:00", local("2026-11-22 12:00", "Asia/Taipei")),
        ("until 9:00", local("2026-11-23 09:00", "Asia/Taipei")),
        ("until", local("2026-11-23 09:00", "Asia/Taipei")),
        ("2026-11-23 09:00", local("2026-11-23 09:00", "Asia/Taipei")),
        ("until 2026-11-23T09:00", local("2026-11-23 09:00", "Asia/Taipei")),
        ("2026-11-23 09:00 UTC", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23 09:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23 09:00+02:00", datetime(2026, 11, 23, 7, tzinfo=UTC)),
    ],
)
def test_an_end_is_read_in_the_zone_of_the_rota(text: str, end: datetime) -> None:
    # 11:16 in Taipei.
    assert end_of(text, Terms(Silences(), "Asia/Taipei"), T0) == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected 90m"),
        ("soon", "expected 90m"),
        ("90", "expected 90m"),
        ("09:00", "expected 90m"),
        ("until 25:00", "expected 90m"),
        ("until 90m", "expected 90m"),
        ("0m", "still to come"),
        ("2026-11-21 09:00", "still to come"),
        ("2026-02-30 09:00", "no such day"),
        ("8d", "7d at most"),
        ("2027-11-23 09:00", "7d at most"),
        ("9999999d", "calendar"),
    ],
)
def test_an_end_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(LastsFault, match=said):
        end_of(text, TERMS, T0)


def test_until_is_right_on_the_days_on_which_clocks_change() -> None:
    berlin = zone_called("Europe/Berlin")
    # 29 March 2026: 02:30 does not exist. 25 October 2026: 02:30 comes twice.
    before = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    spring = next_time(datetime(2026, 3, 29, 2, 30).time(), berlin, before)
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    autumn = next_time(
        datetime(2026, 10, 25, 2, 30).time(), berlin, datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    )
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    nine = next_time(
        datetime(2026, 10, 25, 9).time(), berlin, datetime(2026, 10, 24, 20, tzinfo=UTC)
    )
    assert nine == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_a_silence_that_has_yet_to_begin_lasts_from_its_start() -> None:
    later = msgspec.structs.replace(
        silence(), state=SilenceState.PENDING, starts_at=T0 + timedelta(hours=3)
    )
    terms = msgspec.structs.replace(TERMS, edits=later)
    assert end_of("1h", terms, T0) == T0 + timedelta(hours=4)


def test_one_key_goes_through_the_durations_and_the_time_of_day() -> None:
    assert presets(TERMS) == ("30m", "1h", "4h", "8h", "1d", "until 09:00")


# Judging


def test_what_is_right_has_no_fault_and_becomes_a_wish() -> None:
    judged = judge(GOOD, TERMS, T0)
    assert judged.faults == ()
    wish = wish_of(GOOD, judged, None)
    assert (wish.clusters, wish.comment, wish.starts_at) == (("am",), "patching", None)
    assert wish.matchers == (Matcher("job", Raw("api")),)
    assert wish.ends_at == T0 + timedelta(hours=1)


def test_a_changed_silence_keeps_its_start() -> None:
    edits = silence()
    assert wish_of(GOOD, judge(GOOD, TERMS, T0), edits).starts_at == edits.starts_at


def test_every_fault_is_named_at_its_field() -> None:
    judged = judge(Typed(('job="api"', "", "x", "y("), "soon", (), " "), TERMS, T0)
    assert [(one.field, one.line) for one in judged.faults] == [
        (MATCHERS, 2),
        (MATCHERS, 3),
        (LASTS, 0),
        (CLUSTERS, 0),
        (COMMENT, 0),
    ]
    assert judged.matchers == () and judged.ends_at is None


def test_what_is_missing_is_told_from_what_is_wrong() -> None:
    judged = judge(Typed(("", ""), "", ("am",), ""), TERMS, T0)
    assert [one.whole for one in judged.faults] == [True, True, True]


def test_a_comment_that_would_make_an_ack_of_it_is_refused() -> None:
    typed = msgspec.structs.replace(GOOD, comment="ACK! mine")
    judged = judge(typed, TERMS, T0)
    assert "is an ack" in judged.faults[0].text
    was = msgspec.structs.replace(silence(), comment=Raw("ACK! mei: looking"))
    assert not judge(typed, msgspec.structs.replace(TERMS, edits=was), T0).faults


@given(
    lines=st.lists(st.text(max_size=30), max_size=4),
    lasts=st.text(max_size=30),
    comment=st.text(max_size=20),
)
def test_nothing_that_can_be_typed_breaks_the_form(
    lines: list[str], lasts: str, comment: str
) -> None:
    judged = judge(Typed(tuple(lines), lasts, ("am",), comment), TERMS, T0)
    assert judged.faults or (judged.matchers and judged.ends_at)


# What is asked before it is sent


@pytest.mark.parametrize(
    ("count", "by_priority", "said"),
    [
        (3, {Priority.P2: 3}, []),
        (10, {Priority.P2: 10}, []),
        (11, {Priority.P3: 11}, ["it covers 11 alerts, more than 10"]),
        (1, {Priority.P0: 1}, ["it covers 1 of P0"]),
        (2, {Priority.P1: 2}, ["it covers 2 of P1"]),
        (None, {}, ["what it matches is not known: no server told"]),
    ],
)
def test_what_is_large_urgent_or_unknown_is_confirmed(
    count: int | None, by_priority: dict[Priority, int], said: list[str]
) -> None:
    assert list(why_confirm(count, by_priority, 10)) == said


def test_silences_that_do_it_already_are_named_the_closest_first() -> None:
    job, team, env = matcher_of("job=api"), matcher_of("team=a"), matcher_of("env=x")
    equal = silence(job, team, silence_id="equal")
    wider = silence(job, silence_id="wider")
    part = silence(env, silence_id="part")
    elsewhere = silence(job, team, cluster="am-us", silence_id="elsewhere")
    other = silence(env, silence_id="other")
    found = covering((team, job), ("am",), (part, other, wider, elsewhere, equal), {"part": 2})
    assert [(one.id, how) for one, how in found] == [
        ("equal", "the same matchers"),
        ("wider", "covers all of it"),
        ("part", "holds 2 of them"),
    ]
    assert covering((team, job), ("am",), (equal,), {}, but="equal") == ()


def test_a_thousand_label_sets_are_filled_in_and_read_back() -> None:
    for number in range(trials(1_000, 50_000)):
        value = ATTACKS[number % len(ATTACKS)] + chr(0xA0 + number)
        matcher = Matcher("evil", Raw(value))
        assert matcher_of(written(matcher)) == matcher


PATTERNS = r"""
a a| (a|) a* a+ a? a{0,2} a{2} a{2,} a{,2} a{1001} a{3,2} (a a) [a []a] [^]] [[:alpha:]] [a-
*a a|* (+a) a** a*? a+? a++ a*?* a{2}{3} (?:a) (?:a)? (?P<n>a) (?i)A (?i:a)* (?=a) (?!a)
(?<=a) (?<!a) (?>a) (a)\1 \d \bA \B \A\z \Z \y \Qa*\E \Q\E \pL \p{Greek} \p{Greek \x41
\x{41} \C \h \. \- ^ $ ^$ ^a$ . .* a.*b () (|a) (?s).* (?s) [^a] [a]* x{1000} {2} {a} a|{2}
"""


@pytest.mark.real("prometheus-alertmanager")
def test_alertmanager_refuses_every_pattern_that_is_refused_here(tmp_path: Path) -> None:
    with ended(start_alertmanager(tmp_path)) as (program,):
        for pattern in ("", "a\\", *PATTERNS.split()):
            try:
                here = not matches_empty(pattern)
            except MatcherFault:
                here = False
            assert here is taken(program.url, pattern), pattern


def taken(url: str, pattern: str) -> bool:
    """Whether an Alertmanager makes a silence of this one pattern."""
    ends_at = datetime.now(UTC) + timedelta(hours=1)  # the server's own clock is real
    body = {
        "matchers": [{"name": "job", "value": pattern, "isRegex": True, "isEqual": True}],
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": ends_at.isoformat(),
        "createdBy": "test",
        "comment": "test",
    }
    try:
        post_json(f"{url}/api/v2/silences", body)
    except urllib.error.HTTPError as error:
        assert error.code == 400
        return False
    return True


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        *((one, True) for one in (r".+", r"a*.+", r".+|x", r"[^x]+|x.*", r"(.|\n)+", r"(?P<x>.+)")),
        *((one, True) for one in (r"[\s\S]+", r"\S+", r".{1,}", r"((.+)+)+")),
        *((one, False) for one in (r"db-.*", r".*[0-9].*", r"\w+", r"[^:]+:.*", r"10\..*", r"x|.")),
        *((one, False) for one in (r"[[:alpha:]]+", r"\pL+", r"(a|b)", r"((((((.+)+)+)+)+)+)z")),
    ],
)
def test_what_matches_everything_is_known_in_its_disguises(pattern: str, matches: bool) -> None:
    assert matches_anything(pattern) is matches
    refused = set_fault([Matcher("alertname", Raw(pattern), is_regex=True)])
    assert ("everything" in refused) is matches
