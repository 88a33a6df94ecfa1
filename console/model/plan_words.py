"""The plan of an ack in words, for a question and for `--dry-run`."""

from __future__ import annotations

from console.model.acting import Plan
from console.model.words import count_text
from console.safety.text import visible


def plan_lines(plan: Plan) -> list[str]:
    """What an ack would do, one line a silence; safe to print."""
    lines = []
    for one in plan.silences:
        matchers = " ".join(visible(matcher.written) for matcher in one.matchers)
        count = f"{count_text(len(one.covers))} alert" + ("s" if len(one.covers) != 1 else "")
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
