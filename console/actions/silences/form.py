"""What is typed into the form for a silence: read, completed and judged. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

import msgspec

from config.durations import duration_of, duration_text
from config.schema import Acks, Settings, Silences, SilenceTemplate
from console.actions.silences.matchers import (
    MatcherFault,
    matcher_of,
    prefilled,
    set_fault,
    written,
)
from console.model.ack_comment import ack_prefix, without_record
from console.model.alert import Silence, SilenceState
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Snapshot, SourceKind
from console.model.state import Priority
from console.model.wish import SilenceWish
from console.model.words import count_text

MATCHERS: Final = "matchers"
LASTS: Final = "lasts"
CLUSTERS: Final = "clusters"
COMMENT: Final = "comment"
MAX_COMMENT_CHARS: Final = 1000
"""Of a comment; a longer one is a document."""
EXPECTED_LASTS: Final = "expected 90m, 1h30m, until 09:00 or 2026-11-23 09:00"

_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.IGNORECASE
)


class Typed(msgspec.Struct, frozen=True):
    """What stands in the form."""

    matchers: tuple[str, ...] = ()
    """One a line; blank lines count for nothing."""
    lasts: str = ""
    clusters: tuple[str, ...] = ()
    """Those that are chosen."""
    comment: str = ""


class Fault(msgspec.Struct, frozen=True):
    """Why it cannot be sent as it stands."""

    field: str
    text: str
    """Ours, but for names that were typed: shown through `visible()`."""
    line: int = 0
    """Of the matchers: which one."""
    whole: bool = True
    """Nothing that is typed is wrong; something is missing, or it does not go together."""


class Terms(msgspec.Struct, frozen=True):
    """By what it is judged."""

    silences: Silences
    zone: str = "UTC"
    """IANA name: the one in which times of day are meant."""
    ack_prefixes: tuple[str, ...] = ()
    edits: Silence | None = None
    """The silence that is changed."""


class Judged(msgspec.Struct, frozen=True):
    """What was typed, as far as it can be read."""

    matchers: tuple[Matcher, ...] = ()
    """Empty where one of them, or all together, cannot be used."""
    ends_at: datetime | None = None
    """`None` where it cannot be read."""
    faults: tuple[Fault, ...] = ()
    """From the first field to the last."""

    def of(self, field: str, line: int = 0) -> Fault | None:
        """What is wrong with one field."""
        return next((one for one in self.faults if (one.field, one.line) == (field, line)), None)


def terms_of(settings: Settings, policy: Policy, edits: Silence | None = None) -> Terms:
    """By what a silence is judged under these settings."""
    return Terms(settings.silences, settings.rota.zone, policy.ack_prefixes, edits)


# Filling in


def from_alerts(
    alerts: Sequence[KnownAlert], snapshot: Snapshot, acks: Acks, policy: Policy, lasts: timedelta
) -> Typed:
    """The form as it opens on `alerts`: their labels, and the clusters that have them."""
    ignored = frozenset(acks.ignore_labels) | policy.ignore_labels
    matchers = prefilled([known.alert.labels for known in alerts], ignored)
    return Typed(
        tuple(written(one) for one in matchers), duration_text(lasts), homes_of(alerts, snapshot)
    )


def from_template(template: SilenceTemplate, clusters: tuple[str, ...]) -> Typed:
    """The form as a template of the settings fills it in."""
    return Typed(template.matchers, duration_text(template.lasts), clusters, template.comment)


def from_silence(silence: Silence, zone: str) -> Typed:
    """The form as it opens on a silence that is to be changed."""
    local = silence.ends_at.astimezone(zone_called(zone))
    moment = f"{local:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    matchers = tuple(written(one) for one in silence.matchers)
    comment = without_record(silence.comment.exact)
    return Typed(matchers, moment, (silence.cluster,), comment)


def clusters_in(snapshot: Snapshot) -> tuple[str, ...]:
    """Every Alertmanager cluster by name."""
    return tuple(one.name for one in snapshot.whole_sources if one.kind is SourceKind.ALERTMANAGER)


def homes_of(alerts: Sequence[KnownAlert], snapshot: Snapshot) -> tuple[str, ...]:
    """The clusters that have `alerts`, in their order; all where none is known to."""
    every = clusters_in(snapshot)
    keys = {key for known in alerts for key in (known.key, *known.duplicates)}
    homes = {known.alert.cluster for known in alerts}
    homes |= {
        held.cluster
        for held in snapshot.groups
        if any(not keys.isdisjoint(group.fingerprints) for group in held.groups)
    }
    return tuple(name for name in every if name in homes) or every


def presets(terms: Terms) -> tuple[str, ...]:
    """What one key goes through: the durations of the settings, then their time of day."""
    lasts = tuple(duration_text(one) for one in terms.silences.presets)
    return (*lasts, f"until {terms.silences.until}")


# Judging


def judge(typed: Typed, terms: Terms, now: datetime) -> Judged:
    """What `typed` comes to, and everything that is wrong with it."""
    faults: list[Fault] = []
    matchers: list[Matcher] = []
    for line, text in enumerate(typed.matchers):
        if not text.strip():
            continue
        try:
            matchers.append(matcher_of(text))
        except MatcherFault as fault:
            faults.append(Fault(MATCHERS, str(fault), line, whole=False))
    if not faults:
        said = set_fault(matchers)
        if said:
            faults.append(Fault(MATCHERS, said, _last_line(typed.matchers)))
    usable = () if faults else tuple(dict.fromkeys(matchers))
    ends_at = None
    try:
        ends_at = end_of(typed.lasts, terms, now)
    except LastsFault as fault:
        faults.append(Fault(LASTS, str(fault), whole=not typed.lasts.strip()))
    if not typed.clusters:
        faults.append(Fault(CLUSTERS, "expected a cluster: space chooses one"))
    said = _comment_fault(typed.comment, terms)
    if said:
        faults.append(Fault(COMMENT, said, whole=not typed.comment.strip()))
    return Judged(usable, ends_at, tuple(faults))


def _last_line(lines: Sequence[str]) -> int:
    return max((line for line, text in enumerate(lines) if text.strip()), default=0)


def _comment_fault(comment: str, terms: Terms) -> str:
    text = comment.strip()
    if not text:
        return "expected why: whoever finds it at 3 a.m. has to know"
    if len(text) > MAX_COMMENT_CHARS:
        return f"expected {count_text(MAX_COMMENT_CHARS)} characters at most"
    prefix = ack_prefix(text, terms.ack_prefixes)
    before = "" if terms.edits is None else terms.edits.comment.exact
    if prefix is not None and ack_prefix(before, terms.ack_prefixes) is None:
        return f"a comment that begins with {prefix} is an ack; a on the row makes one"
    return ""


class LastsFault(Exception):  # noqa: N818 - a person's typing fault, shown as it is
    """A duration or an end that cannot be used; the text says what was expected."""


def end_of(text: str, terms: Terms, now: datetime) -> datetime:
    """When a silence ends that lasts as `text` says.

    `90m` and the like count from its start: now, or for one that has yet to begin its own.
    `until 09:00` is the next time that it is nine in the zone of the rota.

    Raises:
        LastsFault: it cannot be read, is over already, or is too long.
    """
    start = now
    if terms.edits is not None and terms.edits.state is SilenceState.PENDING:
        start = max(now, terms.edits.starts_at)
    written_end = " ".join(text.split())
    rest = written_end.removeprefix("until").strip() if _says_until(written_end) else written_end
    lasts = duration_of(rest.replace(" ", ""))
    if lasts is not None and not _says_until(written_end):
        end = _plus(start, lasts)
    else:
        end = _moment(rest, written_end, terms, start)
    if end <= start:
        raise LastsFault("expected an end that is still to come")
    if end - start > terms.silences.longest:
        most = duration_text(terms.silences.longest)
        raise LastsFault(f"expected {most} at most: the settings allow no longer one")
    return end


def _says_until(text: str) -> bool:
    return text == "until" or text.startswith("until ")


def _plus(start: datetime, lasts: timedelta) -> datetime:
    try:
        return start + lasts
    except OverflowError:
        raise LastsFault("expected a time that a calendar has") from None


def _moment(rest: str, whole: str, terms: Terms, start: datetime) -> datetime:
    zone = zone_called(terms.zone)
    if _says_until(whole) and not rest:
        rest = terms.silences.until
    of_day = _TIME.fullmatch(rest)
    if of_day is not None and _says_until(whole):
        return next_time(time(int(of_day[1]), int(of_day[2])), zone, start)
    moment = _MOMENT.fullmatch(rest)
    if moment is None:
        raise LastsFault(EXPECTED_LASTS)
    offset = moment[3] or ""
    try:
        at = datetime.fromisoformat(f"{moment[1]}T{moment[2]}")
        if offset.upper() in ("Z", "UTC"):
            return at.replace(tzinfo=UTC)
        if offset:
            return datetime.fromisoformat(f"{moment[1]}T{moment[2]}{offset}").astimezone(UTC)
        return at.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise LastsFault(f"there is no such day or time; {EXPECTED_LASTS}") from None


def next_time(of_day: time, zone: tzinfo, after: datetime) -> datetime:
    """The first moment after `after` at which clocks in `zone` show `of_day`.

    On the day on which they skip it, the moment at which they would have shown it.
    """
    day = after.astimezone(zone).date()
    for days in range(3):
        at = datetime.combine(day + timedelta(days=days), of_day, zone).astimezone(UTC)
        if at > after:
            return at
    raise AssertionError("a day is never longer than two")


def zone_called(name: str) -> tzinfo:
    """The time zone; UTC needs no database of zones."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # late: 3 ms that only a rota needs

    return ZoneInfo(name)


# Sending


def wish_of(typed: Typed, judged: Judged, edits: Silence | None) -> SilenceWish:
    """The wish for what was typed; it has no faults."""
    assert judged.ends_at is not None and judged.matchers and not judged.faults
    return SilenceWish(
        clusters=typed.clusters,
        matchers=judged.matchers,
        # An unchanged start lets Alertmanager change it in place, and keep its id.
        starts_at=None if edits is None else edits.starts_at,
        ends_at=judged.ends_at,
        comment=typed.comment.strip(),
        edits=edits,
    )


def why_confirm(
    count: int | None, by_priority: Mapping[Priority, int], confirm_over: int
) -> tuple[str, ...]:
    """Why a silence has to be confirmed in writing; empty where it has not.

    Args:
        count: how many alerts it matches now; `None` where no server told.
        by_priority: how many of each.
    """
    if count is None:
        return ("what it matches is not known: no server told",)
    reasons = []
    for priority in (Priority.P0, Priority.P1):
        covered = by_priority.get(priority, 0)
        if covered:
            reasons.append(f"it covers {count_text(covered)} of {priority}")
    if count > confirm_over:
        reasons.append(f"it covers {count_text(count)} alerts, more than {confirm_over}")
    return tuple(reasons)


def covering(
    matchers: Collection[Matcher],
    clusters: Collection[str],
    silences: Sequence[Silence],
    held: Mapping[str, int],
    *,
    but: str = "",
) -> tuple[tuple[Silence, str], ...]:
    """The silences that do already what one of `matchers` would, with how, the closest first.

    Args:
        held: how many of the alerts that it would match each silence holds, by its id.
        but: id of the silence that is being changed.
    """
    wanted = frozenset(matchers)
    found: list[tuple[int, Silence, str]] = []
    for silence in silences:
        if silence.cluster not in clusters or silence.id == but or not wanted:
            continue
        its = frozenset(silence.matchers)
        count = held.get(silence.id, 0)
        if its == wanted:
            found.append((0, silence, "the same matchers"))
        elif its < wanted:
            found.append((1, silence, "covers all of it"))
        elif count:
            found.append((2, silence, f"holds {count_text(count)} of them"))

    def rank(one: tuple[int, Silence, str]) -> tuple[int, float]:
        return one[0], -one[1].ends_at.timestamp()

    return tuple((silence, how) for _, silence, how in sorted(found, key=rank))
