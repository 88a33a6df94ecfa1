"""Which marked alerts one Alertmanager group of a cluster has: what one silence is made for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from console.model.alert import AlertGroup
from console.model.labels import Labels
from console.model.snapshot import ClusterGroups, KnownAlert


class MarkedGroup(msgspec.Struct, frozen=True):
    """The marked alerts of one group."""

    names: frozenset[str]
    """The labels by which it is grouped."""
    keys: tuple[str, ...]
    """Fingerprints, as they were marked."""


def grouped(
    wanted: Mapping[str, KnownAlert], cluster: str, listed: ClusterGroups | None
) -> list[MarkedGroup]:
    """`wanted`, by fingerprint, in the groups of `cluster`; each alert in one of them.

    An alert that goes to two receivers stands in two groups: it is taken with the larger. One
    that came after the groups were listed goes where its labels belong.
    """
    groups = listed.groups if listed is not None else ()
    marks = {each: key for key, one in wanted.items() for each in (key, *one.duplicates)}
    found = [
        (group, list(dict.fromkeys(marks[one] for one in group.fingerprints if one in marks)))
        for group in groups
    ]
    keys_of: dict[Labels, list[str]] = {}
    taken: set[str] = set()
    for group, keys in sorted(found, key=lambda each: -len(each[1])):
        free = [key for key in keys if key not in taken]
        taken.update(free)
        if free:
            keys_of.setdefault(group.labels, []).extend(free)
    for key, one in wanted.items():
        if key not in taken and one.alert.cluster == cluster:
            keys_of.setdefault(_home(one.alert.labels, groups), []).append(key)
    return [MarkedGroup(frozenset(labels), tuple(sorted(keys))) for labels, keys in keys_of.items()]


def _home(labels: Labels, groups: tuple[AlertGroup, ...]) -> Labels:
    """The labels of the narrowest group that an alert with `labels` fits into; else its name."""
    fitting = [group.labels for group in groups if labels.covers(group.labels)]
    if fitting:
        return max(fitting, key=len)
    return Labels({"alertname": labels.exact("alertname")})
