"""The requests that one Prometheus is sent. All of them only read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from console.model.alert import Rule, RuleAlert, Target
from console.model.query import InstantAnswer
from console.safety.text import Raw
from console.sources.prometheus import decode, decode_query, errors
from console.sources.prometheus.settings import external_labels_in
from console.sources.server import Params, Server

ALERTS: Final = "/api/v1/alerts"
RULES: Final = "/api/v1/rules"
TARGETS: Final = "/api/v1/targets"
ALERTMANAGERS: Final = "/api/v1/alertmanagers"
CONFIG: Final = "/api/v1/status/config"
BUILDINFO: Final = "/api/v1/status/buildinfo"
QUERY: Final = "/api/v1/query"

RULES_PARAMS: Final = (("type", "alert"), ("exclude_alerts", "true"))
"""`exclude_alerts` is passed over by servers before 2.47, which repeat every alert here."""
TARGETS_PARAMS: Final = (("state", "active"),)
LONG_QUERY_CHARS: Final = 2000
"""Longer ones go as a form: proxies cut addresses from 4 or 8 KiB on."""
MAX_SAMPLES: Final = 5_000


class PrometheusClient:
    """The HTTP API of one server. Every method raises `Unusable` or `HttpFailure`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.warnings: dict[str, tuple[Raw, ...]] = {}
        """What the newest answer of each part warned of: a partial result."""

    async def alerts(self) -> tuple[RuleAlert, ...]:
        """Every pending and firing series, without external labels."""
        return decode.alerts_in(await self._content(ALERTS, (), "alerts"))

    async def rules(self) -> tuple[Rule, ...]:
        """Every alerting rule with its health."""
        return decode.rules_in(await self._content(RULES, RULES_PARAMS, "rules"))

    async def targets(self) -> tuple[Target, ...]:
        """Every active target."""
        return decode.targets_in(await self._content(TARGETS, TARGETS_PARAMS, "targets"))

    async def alertmanagers(self) -> tuple[Raw, ...]:
        """Base URLs of the Alertmanagers that it sends to."""
        return decode.alertmanagers_in(await self._content(ALERTMANAGERS, (), "alertmanagers"))

    async def external_labels(self) -> tuple[tuple[str, str], ...]:
        """What it adds to the alerts that it sends, by its own configuration."""
        return external_labels_in(decode.config_in(await self._content(CONFIG, (), "config")))

    async def version(self) -> Raw:
        """Its version."""
        return decode.version_in(await self._content(BUILDINFO, (), "buildinfo"))

    async def instant(
        self, query: str, at: datetime | None, timeout: timedelta, limit: int = MAX_SAMPLES
    ) -> InstantAnswer:
        """What `query` gives at `at`; now, by the server's clock, where that is `None`.

        `limit` samples of it at most.
        """
        params = instant_params(query, at, timeout)
        if len(query) > LONG_QUERY_CHARS:
            answer = await self._server.post_form(QUERY, params)
        else:
            answer = await self._server.get(QUERY, params)
        errors.refuse(answer, "query")
        return decode_query.instant_in(decode.answered(answer.body), limit)

    async def _content(self, path: str, params: Params, part: str) -> bytes:
        self.warnings.pop(part, None)
        answer = await self._server.get(path, params)
        errors.refuse(answer, part)
        answered = decode.answered(answer.body)
        self.warnings[part] = answered.warnings
        return answered.content


def instant_params(query: str, at: datetime | None, timeout: timedelta) -> Params:
    """The parameters of an instant query; the server gives up when we would."""
    params = [("query", query), ("timeout", f"{timeout.total_seconds():g}s")]
    if at is not None:
        params.append(("time", f"{at.timestamp():.3f}"))
    return params
