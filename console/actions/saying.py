"""How an effect ended, in words for somebody who was woken by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from console.model.acting import Ended
from console.model.alert import Silence
from console.model.failure import Failure
from console.model.words import count_text, many
from console.safety.text import Raw, visible
from console.sources.alertmanager.cluster import EffectFailed, Sent

NAME_CELLS: Final = 30
SHORT_CELLS: Final = 60


class Done(msgspec.Struct, frozen=True):
    """One part of an effect, done."""

    silence: Silence
    """As it stands now, by its new id where it has one."""
    former: Silence | None = None
    """As it was before; `None` where it was made."""
    remark: str = ""
    """What is to be said of it all the same; safe to show."""


class Missed(msgspec.Struct, frozen=True):
    """One part of an effect of which nothing was done."""

    why: str
    """Safe to show."""
    fine: bool = False
    """What was wished for holds without it."""


Result = Done | Missed | EffectFailed


class Sum(msgspec.Struct, frozen=True):
    """All parts of an effect together."""

    ended: Ended
    done: tuple[Done, ...]
    details: tuple[str, ...]
    failures: tuple[Failure, ...]

    @property
    def silences(self) -> tuple[tuple[str, str], ...]:
        """Cluster and id of what was made or changed."""
        return tuple((one.silence.cluster, one.silence.id) for one in self.done)

    @property
    def lefts(self) -> tuple[Silence, ...]:
        """The same as they stand now, in the same order."""
        return tuple(one.silence for one in self.done if one.former is not None)

    @property
    def formers(self) -> tuple[Silence, ...]:
        """What was changed, as it was before."""
        return tuple(one.former for one in self.done if one.former is not None)


def summed(results: Sequence[Result], noun: str, participle: str) -> Sum:
    """What the parts come to.

    Args:
        noun: what one part is: `silence`.
        participle: what was to happen to it: `made`.
    """
    done = tuple(one for one in results if isinstance(one, Done))
    missed = [one for one in results if isinstance(one, Missed)]
    failed = [one for one in results if isinstance(one, EffectFailed)]
    lacking = [one for one in missed if not one.fine]
    if not lacking and not failed:
        ended = Ended.DONE
    elif done or len(lacking) < len(missed):
        ended = Ended.PARTLY
    elif any(one.sent is Sent.MAYBE for one in failed):
        ended = Ended.UNKNOWN
    else:
        ended = Ended.FAILED
    details: list[str] = []
    if ended is Ended.PARTLY:
        total = many(len(results), noun)
        details.append(f"{count_text(len(done))} of {total} {participle}")
    details += once(one.remark for one in done if one.remark)
    details += once(one.why for one in missed)
    details += failures_told(failed, noun, participle)
    return Sum(ended, done, tuple(details), distinct(failed))


def failures_told(failed: Iterable[EffectFailed], noun: str, participle: str) -> list[str]:
    """One line for each way in which parts failed."""
    counts: dict[tuple[str, Sent], int] = {}
    for one in failed:
        key = (told(one.failure), one.sent)
        counts[key] = counts.get(key, 0) + 1
    lines = []
    for (cause, sent), count in counts.items():
        parts = many(count, noun)
        if sent is Sent.NO:
            lines.append(f"{parts} not {participle}: {cause}")
        else:
            lines.append(
                f"{parts} may be {participle} or not, the answer was lost: {cause}; "
                "look at the list of silences before it is tried again"
            )
    return lines


def told(failure: Failure) -> str:
    """A failure as half a sentence: who, what came, what to do."""
    remedy = f" ({failure.remedy})" if failure.remedy else ""
    return f"{failure.source}: {failure.cause}{remedy}"


def distinct(failed: Iterable[EffectFailed]) -> tuple[Failure, ...]:
    """Every failure once; those of one cause differ in nothing but their time."""
    seen: dict[tuple[str, str, str], Failure] = {}
    for one in failed:
        seen.setdefault((one.failure.source, one.failure.part, one.failure.cause), one.failure)
    return tuple(seen.values())


def once(lines: Iterable[str]) -> list[str]:
    """The lines, those that are alike counted instead of repeated."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
    return [line if count == 1 else f"{line} ({count:,} times)" for line, count in counts.items()]


def until_text(at: datetime, now: datetime) -> str:
    """`04:12 UTC`, with the date where it is not today."""
    at, today = at.astimezone(UTC), now.astimezone(UTC)
    return f"{at:%H:%M} UTC" if at.date() == today.date() else f"{at:%d %b %H:%M} UTC"


def person(name: Raw | str) -> str:
    """Somebody's name, safe to show."""
    return visible(name, cells=NAME_CELLS) or "somebody without a name"


def short(silence: Silence) -> str:
    """A silence by what it matches: `alertname="DiskFull" instance="db1"`."""
    written = " ".join(one.written.exact for one in silence.matchers)
    return visible(written, cells=SHORT_CELLS)
