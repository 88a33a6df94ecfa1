"""The Alertmanagers that are watched because a Prometheus sends to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import timedelta

import msgspec

from config.schema import Settings
from console.model.reading import PrometheusReading
from console.model.snapshot import SentTo, Watched
from console.safety.clock import Clock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.open import discovered_members, merge_watched

MISSED_LISTS = 2
"""A member that does not answer is given up once so many lists in a row lack it. A Prometheus
is asked for its list every few minutes, in which it has sent every alert to the others."""


class Discovery:
    """Finds members, and forgets them. Those that settings name are not its business."""

    def __init__(
        self,
        settings: Settings,
        http: HttpClient,
        clock: Clock,
        watched: tuple[Watched, ...],
        sent_to: Iterable[SentTo] = (),
    ) -> None:
        """
        Args:
            watched: everything that settings name.
            sent_to: known from before, so that members are asked from the start, also while
                the Prometheus that named them does not answer.
        """
        self._settings = settings
        self._http = http
        self._clock = clock
        self._sent_to: dict[str, SentTo] = {}
        self._missed: Counter[str] = Counter()
        self.watched = watched
        """Settings' own sources, and the clusters of the members that were found."""
        self.members: dict[str, AlertmanagerMember] = {}
        """Those that were found and not forgotten, by key."""
        for told in sent_to:
            self.take(told)

    @property
    def sent_to(self) -> tuple[SentTo, ...]:
        """The newest word of each Prometheus."""
        return tuple(self._sent_to.values())

    def take(self, told: SentTo) -> tuple[AlertmanagerMember, ...]:
        """The members that are new in `told`."""
        at = self._clock.now()
        urls = tuple(Raw(url) for url in told.urls)
        reading = PrometheusReading(told.prometheus, at, timedelta(0), (), (), (), urls)
        found = discovered_members(
            self._settings,
            reading,
            known=frozenset(self.members),
            http=self._http,
            clock=self._clock,
        )
        if told.urls:
            self._sent_to[told.prometheus] = told
        self.watched = merge_watched(self.watched, found.watched)
        self.members.update((member.key, member) for member in found.alertmanagers)
        return found.alertmanagers

    def forget(self, failing: Collection[str]) -> tuple[str, ...]:
        """Keys of members that are given up now, since nobody names them and they do not answer.

        To be called after every list that was taken. An empty list says nothing: a Prometheus
        that has just started sends to nobody yet.
        """
        named = {url.rstrip("/") for told in self._sent_to.values() for url in told.urls}
        for key, member in self.members.items():
            if key in failing and member.url.rstrip("/") not in named:
                self._missed[key] += 1
            else:
                del self._missed[key]
        gone = tuple(key for key, missed in self._missed.items() if missed >= MISSED_LISTS)
        for key in gone:
            del self.members[key], self._missed[key]
            cluster, _, name = key.partition("/")
            self.watched = tuple(
                one
                for one in (_without(each, cluster, name) for each in self.watched)
                if one.members or one.name != cluster
            )
        return gone


def _without(one: Watched, cluster: str, member: str) -> Watched:
    if one.name != cluster:
        return one
    left = tuple(other for other in one.members if other != member)
    return msgspec.structs.replace(one, members=left)
