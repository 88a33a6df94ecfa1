"""What is never sent: silences of everything, of nothing, or of what was cut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from config.durations import duration_text
from console.actions.saying import until_text
from console.actions.silences.matchers import MatcherFault, matches_empty
from console.model.alternatives import values_of
from console.model.labels import Matcher
from console.safety.text import MAX_LABELS, MAX_VALUE_CHARS, visible


def rejects_empty(matcher: Matcher) -> bool:
    """Whether `matcher` surely does not match a label that is missing or empty.

    A silence in which no matcher does so holds everything. Of a pattern that no server reads
    the answer is no.
    """
    if not matcher.is_regex:
        return bool(matcher.value) is matcher.is_equal
    empty_matches = _matches_empty(matcher.value.exact)
    return empty_matches is (not matcher.is_equal)


def _matches_empty(pattern: str) -> bool | None:
    """Whether a pattern matches the empty string; `None` where that is not sure."""
    listed = values_of(pattern)
    if listed is not None:
        return "" in listed
    try:
        return matches_empty(pattern)
    except MatcherFault:
        return None


def refused_matchers(matchers: Sequence[Matcher]) -> list[str]:
    """Why a silence with these is not made; empty where it may be."""
    if not matchers:
        return ["no matchers: that would silence everything"]
    reasons = []
    if len(matchers) > MAX_LABELS:
        reasons.append(f"{len(matchers)} matchers: {MAX_LABELS} are the most that is sent")
    for one in matchers:
        name = visible(one.name, cells=30)
        if not one.name:
            reasons.append("a matcher without a label name")
        if len(one.value) >= MAX_VALUE_CHARS and not one.is_regex:
            reasons.append(
                f"the value of {name} was cut at {MAX_VALUE_CHARS:,} characters: "
                "no matcher can be made of it"
            )
    if not any(map(rejects_empty, matchers)):
        doubt = any(one.is_regex and _matches_empty(one.value.exact) is None for one in matchers)
        tail = (
            "its patterns cannot be judged here; add a matcher with a plain value"
            if doubt
            else "add a matcher with a value"
        )
        reasons.append(f"these matchers match everything, also what has none of the labels: {tail}")
    return reasons


def refused_times(
    starts_at: datetime | None, ends_at: datetime, now: datetime, longest: timedelta
) -> list[str]:
    """Why a silence at these times is not made; empty where it may be."""
    start = max(now, starts_at or now)
    if ends_at <= now:
        return [f"it would end at {until_text(ends_at, now)}, which is over"]
    if ends_at <= start:
        return [
            f"it would end at {until_text(ends_at, now)}, before it begins "
            f"at {until_text(start, now)}"
        ]
    if ends_at - start > longest:
        return [
            f"longer than {duration_text(longest)}, which is the longest that the settings allow "
            "(`silences: longest:`)"
        ]
    return []
