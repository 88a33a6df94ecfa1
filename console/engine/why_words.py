"""What the answer to "why am I seeing this" is made of: lines of words under headings.

Apart from the asking, since a screen needs these words before anything that reaches the network
has been imported.
"""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from console.engine.evidence_words import Tone
from console.engine.questions import rule_of
from console.model.alert import AlertState
from console.model.labels import Matcher
from console.model.snapshot import KnownAlert, Snapshot
from console.safety.clock import Instant
from console.safety.text import Raw, visible


class WhyTopic(enum.StrEnum):
    """A heading; its value is what stands there. In the order in which they are read."""

    WHAT = "what fires"
    ROUTE = "who is told"
    QUIET = "what keeps it quiet"
    ENDS = "does it still fire"
    RULE = "the rule"
    TARGET = "where it is measured"
    PLACE = "why it stands here"
    LABELS = "labels"


class WhyLine(msgspec.Struct, frozen=True):
    """One thing that is known, or why it is not."""

    topic: WhyTopic
    label: str
    text: Raw | str
    tone: Tone = Tone.PLAIN
    at: Instant | None = None
    """When it was learned; its age is shown and goes on."""
    since: datetime | None = None
    """The same for what only the wall clock knows."""
    by: str = ""
    """By whom, safe to show: `am`, `prom`."""


class Question(enum.StrEnum):
    """What somebody has to be asked."""

    CONFIG = "the configuration of the Alertmanager"
    VALUE = "the value of the rule's expression"


class WhyLearned(msgspec.Struct, frozen=True):
    """An answer; it stands behind what the snapshot tells of the same topic."""

    question: Question
    lines: tuple[WhyLine, ...]


TOPIC_OF = {Question.CONFIG: WhyTopic.ROUTE, Question.VALUE: WhyTopic.RULE}
"""Under which heading an answer is awaited."""

Identity = tuple[object, ...]


def identity_of(known: KnownAlert) -> Identity:
    """What an answer is about: asked anew when any of it has changed."""
    alert = known.alert
    return (
        alert.cluster,
        known.key,
        known.state,
        known.standing,
        alert.silenced_by,
        alert.inhibited_by,
        alert.muted_by,
    )


def questions_on(known: KnownAlert, snapshot: Snapshot) -> tuple[Question, ...]:
    """What has to be asked about `known`; the rest stands in the snapshot."""
    if snapshot.restored:
        return ()
    found = []
    if known.alert.state is not AlertState.PENDING:
        found.append(Question.CONFIG)
    if rule_of(known, snapshot) is not None:
        found.append(Question.VALUE)
    return tuple(found)


def matchers_text(matchers: tuple[Matcher, ...]) -> str:
    """`team="shop", severity=~"critical|page"`, safe to show."""
    return ", ".join(visible(one.written) for one in matchers) or "everything"
