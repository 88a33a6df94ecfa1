"""The requests that one Alertmanager member is sent. All of them only read."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from console.model.alert import Alert, AlertGroup, ClusterStatus, Silence
from console.sources.alertmanager import decode, errors
from console.sources.server import Params, Server

ALERTS: Final = "/api/v2/alerts"
SILENCES: Final = "/api/v2/silences"
STATUS: Final = "/api/v2/status"
GROUPS: Final = "/api/v2/alerts/groups"

_LISTS_WITHOUT_EXPIRED: Final = (0, 34)


class AlertmanagerClient:
    """API v2 of one member. Every method raises `Unusable` or `HttpFailure`."""

    def __init__(self, server: Server, cluster: str, member: str) -> None:
        self._server = server
        self._cluster = cluster
        self._member = member
        self._version: tuple[int, int] | None = None

    @property
    def silence_params(self) -> Params:
        """Since 0.34 it can leave the expired silences out; before, it sends all of them."""
        known = self._version is not None and self._version >= _LISTS_WITHOUT_EXPIRED
        return (("expired", "false"),) if known else ()

    async def alerts(self, params: Params = ()) -> tuple[Alert, ...]:
        """Every alert that fires, whatever mutes it; with filters, those that they match."""
        body = await self._body(ALERTS, params, "alerts")
        return decode.alerts_in(body, self._cluster, self._member)

    async def silences(self) -> tuple[Silence, ...]:
        """Silences that are active or pending."""
        body = await self._body(SILENCES, self.silence_params, "silences")
        return decode.silences_in(body, self._cluster)

    async def silences_and_ended(
        self, since: datetime, params: Params
    ) -> tuple[tuple[Silence, ...], tuple[Silence, ...]]:
        """Silences that are active or pending, and those that have ended since `since`."""
        body = await self._body(SILENCES, params, "silences")
        return decode.silences_and_ended_in(body, self._cluster, since)

    async def status(self) -> ClusterStatus:
        """What it says of itself; its version decides how silences are asked for."""
        status = decode.status_in(await self._body(STATUS, (), "status"))
        self._version = _version(status.version.exact)
        return status

    async def groups(self) -> tuple[AlertGroup, ...]:
        """The aggregation groups, and by which time intervals alerts are muted."""
        return decode.groups_in(await self._body(GROUPS, (), "groups"))

    async def _body(self, path: str, params: Params, part: str) -> bytes:
        answer = await self._server.get(path, params)
        errors.refuse(answer, part)
        return answer.body


def _version(text: str) -> tuple[int, int] | None:
    match = re.match(r"v?(\d{1,6})\.(\d{1,6})", text)
    return (int(match[1]), int(match[2])) if match else None
