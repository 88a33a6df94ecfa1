"""How urgent an alert is, by what the team wrote down."""

from __future__ import annotations

from typing import Final

from console.model.labels import Labels
from console.model.policy import Policy
from console.model.state import Priority

_WRITTEN: Final = {priority.name.casefold(): priority for priority in Priority}


class Priorities:
    """The priority rules of one policy, ready to be asked ten thousand times."""

    def __init__(self, policy: Policy) -> None:
        self._priority_label = policy.priority_label
        self._severity_label = policy.severity_label
        self._by_alert = dict(policy.by_alert)
        self._by_severity = {name.casefold(): level for name, level in policy.severities}
        self._default = policy.default_priority

    def of(self, labels: Labels) -> Priority:
        """The priority of an alert with these labels.

        The `priority` label wins, then the alert's name, then its severity, then the default.
        A value that means nothing (`priority="urgent"`) counts as if it were not there. Upper
        and lower case are the same, since rule authors mix them.
        """
        written = _WRITTEN.get(labels.exact(self._priority_label).casefold())
        if written is not None:
            return written
        named = self._by_alert.get(labels.exact("alertname"))
        if named is not None:
            return named
        severity = labels.exact(self._severity_label).casefold()
        return self._by_severity.get(severity, self._default)
