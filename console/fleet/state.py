"""From the facts about a cell to one of the five states.

The domain is small and finite, so that the tests go through all of it.
"""

from __future__ import annotations

import enum

import msgspec

from console.model.state import State


class Evidence(enum.Enum):
    """What one kind of source (probes, scrape targets) says about the cell, the worst first."""

    BAD = "bad"
    """A usable, recent answer says no."""
    UNKNOWN = "unknown"
    """Asked or due to be asked, and no usable answer is there."""
    STALE = "stale"
    """The last usable answer is too old."""
    GOOD = "good"
    """A usable, recent, complete answer says yes."""
    NOT_FED = "not fed"
    """No source of this kind feeds the cell."""


class Feed(enum.Enum):
    """How the sources are that would tell of the cell's alerts."""

    UNKNOWN = "unknown"
    STALE = "stale"
    GOOD = "good"
    NOT_FED = "not fed"


class AlertWord(enum.Enum):
    """The worst of the alerts about the cell. Silenced ones count: silence is not health."""

    FIRING = "firing"
    LOST = "lost"
    STALE = "stale"
    NONE = "none"


class CellFacts(msgspec.Struct, frozen=True):
    """All that the state of a cell depends on."""

    probes: Evidence = Evidence.NOT_FED
    targets: Evidence = Evidence.NOT_FED
    reports: Evidence = Evidence.NOT_FED
    """What runs it says: its container, unit or workload; a host of itself."""
    alerts: AlertWord = AlertWord.NONE
    feed: Feed = Feed.NOT_FED
    partial: bool = False
    """A source that feeds the cell warned that its answer may lack data."""
    unasked: bool = False
    """The cell has a probe that cannot be asked."""


class Deciding(enum.StrEnum):
    """The fact that decides, in words; the cell replaces them with the particulars."""

    ALERT_FIRING = "an alert fires"
    PROBE_BAD = "a probe says no"
    TARGET_DOWN = "a scrape target is down"
    REPORT_BAD = "what runs it says no"
    ALERT_LOST = "a firing alert vanished without proof that it is over"
    UNASKED = "its probe cannot be asked"
    PROBE_UNKNOWN = "a probe has no usable answer"
    TARGET_UNKNOWN = "its scrape targets are not known"
    REPORT_UNKNOWN = "what runs it has no usable answer"
    FEED_UNKNOWN = "a source of its alerts does not answer"
    PARTIAL = "a source gave a partial result"
    ALERT_STALE = "an alert was firing when its source last answered"
    PROBE_STALE = "a probe's last answer is too old"
    TARGET_STALE = "the last word on its scrape targets is too old"
    REPORT_STALE = "the last word of what runs it is too old"
    FEED_STALE = "the last word on its alerts is too old"
    NOTHING_ASKED = "nothing is asked about it"
    ALL_GOOD = "every source that feeds it says so"


class Judgement(msgspec.Struct, frozen=True):
    """A state, and the fact that decided it."""

    state: State
    because: Deciding


def state_of(facts: CellFacts) -> Judgement:
    """The state of a cell. OK only where every needed proof is there.

    Known harm comes first, then lost sight, then what is not known, then what is too old.
    Taking a proof away never makes the result greener.
    """
    for applies, state, because in (
        (facts.alerts is AlertWord.FIRING, State.FIRING, Deciding.ALERT_FIRING),
        (facts.reports is Evidence.BAD, State.FIRING, Deciding.REPORT_BAD),
        (facts.probes is Evidence.BAD, State.FIRING, Deciding.PROBE_BAD),
        (facts.targets is Evidence.BAD, State.FIRING, Deciding.TARGET_DOWN),
        (facts.alerts is AlertWord.LOST, State.LOST, Deciding.ALERT_LOST),
        (facts.reports is Evidence.UNKNOWN, State.UNKNOWN, Deciding.REPORT_UNKNOWN),
        (facts.probes is Evidence.UNKNOWN, State.UNKNOWN, Deciding.PROBE_UNKNOWN),
        (facts.targets is Evidence.UNKNOWN, State.UNKNOWN, Deciding.TARGET_UNKNOWN),
        (facts.feed is Feed.UNKNOWN, State.UNKNOWN, Deciding.FEED_UNKNOWN),
        (facts.partial, State.UNKNOWN, Deciding.PARTIAL),
        (
            facts.unasked
            and facts.targets is Evidence.NOT_FED
            and facts.reports is Evidence.NOT_FED,
            State.UNKNOWN,
            Deciding.UNASKED,
        ),
        (facts.alerts is AlertWord.STALE, State.STALE, Deciding.ALERT_STALE),
        (facts.reports is Evidence.STALE, State.STALE, Deciding.REPORT_STALE),
        (facts.probes is Evidence.STALE, State.STALE, Deciding.PROBE_STALE),
        (facts.targets is Evidence.STALE, State.STALE, Deciding.TARGET_STALE),
        (facts.feed is Feed.STALE, State.STALE, Deciding.FEED_STALE),
        (_nothing_is_asked(facts), State.UNKNOWN, Deciding.NOTHING_ASKED),
    ):
        if applies:
            return Judgement(state, because)
    return Judgement(State.OK, Deciding.ALL_GOOD)


def _nothing_is_asked(facts: CellFacts) -> bool:
    return (
        facts.probes is Evidence.NOT_FED
        and facts.targets is Evidence.NOT_FED
        and facts.reports is Evidence.NOT_FED
        and facts.feed is Feed.NOT_FED
    )
