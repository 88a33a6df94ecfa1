"""What people, and the kthxbye that runs beside them, do to silences while the world goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from console.demo.alerting import Delivery
from console.demo.routing import Inhibition
from console.demo.script import EXTENDED_S, PostedSilence
from console.demo.silences import Silence, SilenceStore, WishedSilence

ACK = "ACK!"
EVERY_S = 45
"""How often kthxbye looks, in script seconds."""
EXTEND_BY = timedelta(seconds=EXTENDED_S)
EXTEND_WITHIN = timedelta(minutes=5)


class People:
    """Does in its turn what the script has people do, up to the moment that is asked for.

    Nothing ticks: a world that nobody looked at for an hour catches up when it is looked at.
    """

    def __init__(
        self,
        posts: Iterable[PostedSilence],
        wall: Callable[[float], datetime],
        alerts_at: Callable[[float], list[Delivery]],
    ) -> None:
        """
        Args:
            wall: when a script second happens.
            alerts_at: what the Alertmanagers hold at a script second.
        """
        self._store = SilenceStore()
        self._wall = wall
        self._alerts_at = alerts_at
        self._inhibition = Inhibition()
        self._posts = sorted(posts, key=_told_s)
        self._looked_s = 0

    def by(self, at_s: float) -> SilenceStore:
        """The silences as they are at a script second."""
        while self._looked_s + EVERY_S <= at_s:
            self._looked_s += EVERY_S
            self._post(self._looked_s)
            self._extend(self._looked_s)
        self._post(at_s)
        return self._store

    def _post(self, at_s: float) -> None:
        while self._posts and _told_s(self._posts[0]) <= at_s:
            posted = self._posts.pop(0)
            wish = WishedSilence(
                tuple((name, value, is_regex, True) for name, value, is_regex in posted.matchers),
                self._wall(posted.start_s),
                self._wall(posted.end_s),
                posted.created_by,
                posted.comment,
            )
            self._store.seed(wish, self._wall(_told_s(posted)))

    def _extend(self, at_s: float) -> None:
        """One look of kthxbye: an ack that holds something and is nearly over lasts longer."""
        now = self._wall(at_s)
        ending = [
            silence
            for silence in self._store.active(now)
            if silence.comment.startswith(ACK) and silence.ends_at < now + EXTEND_WITHIN
        ]
        for silence in self._used(ending, at_s):
            self._store.put(
                WishedSilence(
                    tuple(matcher.parts for matcher in silence.matchers),
                    silence.starts_at, now + EXTEND_BY, silence.created_by, silence.comment,
                    silence.id,
                ),
                now,
            )  # fmt: skip

    def _used(self, silences: list[Silence], at_s: float) -> Iterator[Silence]:
        """Those that hold an alert that nothing inhibits: it asks for no others."""
        if not silences:
            return
        held = self._alerts_at(at_s)
        inhibited = self._inhibition.inhibitors(held)
        tracks = [one.track for one in held if one.track.fingerprint not in inhibited]
        for silence in silences:
            if any(
                self._store.covers(silence, track.fingerprint, track.sent_labels)
                for track in tracks
            ):
                yield silence


def _told_s(posted: PostedSilence) -> float:
    return posted.start_s if posted.told_s is None else posted.told_s
