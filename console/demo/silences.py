"""The silences that the members of the demo's Alertmanager cluster share."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import msgspec

from console.demo.matching import LABEL_NAME, BadMatcherError, Matcher
from console.demo.wire import go_quoted

_IDS = uuid.UUID("0c9d1c1e-7f5e-4a3c-9f62-4d6f1e2a5b70")


class Silence(msgspec.Struct, frozen=True):
    """One silence at one version of it."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str
    comment: str

    def state(self, now: datetime) -> str:
        """`pending`, `active` or `expired`."""
        if now < self.starts_at:
            return "pending"
        return "active" if now < self.ends_at else "expired"


class WishedSilence(msgspec.Struct, frozen=True):
    """A silence as somebody posts it. An empty `id` asks for a new one."""

    matchers: tuple[tuple[str, str, bool, bool], ...]
    """Name, value, is a regular expression, is equal."""
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    id: str = ""


class SilenceRefusedError(Exception):
    """A silence that Alertmanager would not take; the text is its answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class SilenceStore:
    """All silences, expired ones too, with Alertmanager's rules for changing them."""

    def __init__(self) -> None:
        self._silences: dict[str, Silence] = {}
        self._matched: dict[str, dict[str, bool]] = {}
        self._made = 0
        self.version = 0
        """Grows with every change."""

    def put(self, wish: WishedSilence, now: datetime) -> str:
        """Create or update a silence; its id, which may be a new one.

        Same matchers and, while it is active, the same start to the second: updated in
        place. Anything else expires the old one and makes a new one; the old one has gone
        even where the new one is then refused for its matchers.

        Raises:
            SilenceRefusedError: with the status and the text that Alertmanager 0.25 gives.
        """
        if wish.starts_at >= wish.ends_at:
            raise SilenceRefusedError(
                400, "Failed to create silence: start time must be before end time"
            )
        if wish.ends_at < now:
            raise SilenceRefusedError(
                400, "Failed to create silence: end time can't be in the past"
            )
        before = self._silences.get(wish.id)
        if wish.id and before is None:
            raise SilenceRefusedError(404, "silence not found")
        starts_at = wish.starts_at
        silence_id = wish.id
        in_place = before is not None and _can_update(before, wish, now)
        if before is not None and not in_place:
            self.expire(before.id, now)
        matchers = _checked(wish.matchers)
        if not in_place:
            silence_id = self._new_id()
            starts_at = max(starts_at, now)
        self._keep(
            Silence(
                silence_id, matchers, starts_at, wish.ends_at, now, wish.created_by, wish.comment
            )
        )
        return silence_id

    def seed(self, wish: WishedSilence, told_at: datetime) -> str:
        """A silence made or last changed at `told_at`, exactly as it is told."""
        silence_id = self._new_id()
        matchers = _checked(wish.matchers)
        self._keep(
            Silence(
                silence_id, matchers, wish.starts_at, wish.ends_at, told_at,
                wish.created_by, wish.comment,
            )
        )  # fmt: skip
        return silence_id

    def expire(self, silence_id: str, now: datetime) -> None:
        """End a silence now; nothing happens to one that is over already.

        Raises:
            SilenceRefusedError: there is none of that id.
        """
        silence = self._silences.get(silence_id)
        if silence is None:
            raise SilenceRefusedError(500, "silence not found")
        if silence.state(now) == "expired":
            return
        starts_at = min(silence.starts_at, now)
        self._keep(
            msgspec.structs.replace(silence, starts_at=starts_at, ends_at=now, updated_at=now)
        )

    def get(self, silence_id: str) -> Silence | None:
        """The silence of that id."""
        return self._silences.get(silence_id)

    def listed(self, now: datetime) -> list[Silence]:
        """All of them: active ones by end, pending ones by start, then the latest expired."""
        by_state: dict[str, list[Silence]] = {"active": [], "pending": [], "expired": []}
        for silence in self._silences.values():
            by_state[silence.state(now)].append(silence)
        return [
            *sorted(by_state["active"], key=lambda silence: silence.ends_at),
            *sorted(by_state["pending"], key=lambda silence: silence.starts_at),
            *sorted(by_state["expired"], key=lambda silence: silence.ends_at, reverse=True),
        ]

    def active(self, now: datetime) -> list[Silence]:
        """Those in force, in order of their ids."""
        found = [s for s in self._silences.values() if s.state(now) == "active"]
        return sorted(found, key=lambda silence: silence.id)

    def covers(self, silence: Silence, fingerprint: str, labels: Mapping[str, str]) -> bool:
        """Whether the silence matches an alert, whether or not it is in force."""
        known = self._matched.setdefault(silence.id, {})
        answer = known.get(fingerprint)
        if answer is None:
            answer = all(matcher.matches(labels) for matcher in silence.matchers)
            known[fingerprint] = answer
        return answer

    def _keep(self, silence: Silence) -> None:
        self._silences[silence.id] = silence
        self.version += 1

    def _new_id(self) -> str:
        self._made += 1
        return str(uuid.uuid5(_IDS, str(self._made)))


def _checked(wished: tuple[tuple[str, str, bool, bool], ...]) -> tuple[Matcher, ...]:
    matchers = []
    for number, (name, value, is_regex, is_equal) in enumerate(wished):
        where = f"silence invalid: invalid label matcher {number}: "
        if not LABEL_NAME.fullmatch(name):
            raise SilenceRefusedError(400, f'{where}invalid label name "{name}"')
        try:
            matchers.append(Matcher(name, value, is_regex=is_regex, is_equal=is_equal))
        except BadMatcherError as error:
            said = f"{where}invalid regular expression {go_quoted(value)}: {error}"
            raise SilenceRefusedError(400, said) from error
    # As of 0.25 a negative matcher counts for one that does not match the empty string.
    if all(matcher.is_equal and matcher.matches({}) for matcher in matchers):
        raise SilenceRefusedError(
            400, "silence invalid: at least one matcher must not match the empty string"
        )
    return tuple(matchers)


def _can_update(before: Silence, wish: WishedSilence, now: datetime) -> bool:
    if tuple(matcher.parts for matcher in before.matchers) != wish.matchers:
        return False
    state = before.state(now)
    if state == "active":
        same_start = int(wish.starts_at.timestamp()) == int(before.starts_at.timestamp())
        return same_start and wish.ends_at >= now
    return state == "pending" and wish.starts_at >= now
