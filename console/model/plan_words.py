"""The plan of an ack in words, for a question and for `--dry-run`."""

from __future__ import annotations

from typing import Final

from console.model.acting import Plan
from console.model.labels import Matcher
from console.model.words import count_text, many
from console.safety.text import visible

FEW: Final = 3
"""Values of a list that are named in a short plan; of more, how many there are."""


def plan_lines(plan: Plan, *, short: bool = False) -> list[str]:
    """What an ack would do, one line a silence; safe to print.

    Args:
        short: count the values of a long list in place of naming them.
    """
    lines = []
    for one in sorted(plan.silences, key=lambda one: -len(one.covers)):
        matchers = " ".join(_matcher(matcher, short=short) for matcher in one.matchers)
        count = many(len(one.covers), "alert")
        joins = "; MUTES WHAT JOINS IT LATER" if one.joins else ""
        others = f"; and {count_text(len(one.strangers))} more" if one.strangers else ""
        asked = "" if one.counted else ", not asked from the server"
        cluster = visible(one.cluster, cells=60)
        lines.append(f"would silence in {cluster}: {matchers}  ({count}{asked}{others}{joins})")
    lines += [kept_here(key) for key in plan.kept_here]
    lines += [f"left out: {visible(key, cells=60)}: {why}" for key, why in plan.left_out]
    lines += [f"{one.source}: {one.cause}; {one.remedy}" for one in plan.failures]
    return lines


def kept_here(key: str) -> str:
    """What is acked where no server knows it."""
    return f"would ack {visible(key, cells=80)} in the shared folder: no Alertmanager knows of it"


def _matcher(matcher: Matcher, *, short: bool) -> str:
    values = matcher.value.exact.count("|") + 1
    if short and matcher.is_regex and values > FEW:
        return f"{visible(matcher.name)} one of {count_text(values)}"
    return visible(matcher.written)
