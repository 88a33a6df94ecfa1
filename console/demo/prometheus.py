"""The Prometheus HTTP API (v1) of the demo, shaped like that of Prometheus 2.42."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import msgspec

from console.demo.alerting import EVALUATION_S, Standing
from console.demo.inventory import DAY_S
from console.demo.promql import Line, QueryRefusedError, Scalar, answered, selected
from console.demo.raw import counts, sampled
from console.demo.rules import Rule, rules_of
from console.demo.targets import targets_of
from console.demo.windows import over_window
from console.demo.wire import Answer, Request, json_answer, rfc3339_us, text_answer
from console.demo.world import COMPONENTS, EXTERNAL, World

MAX_POINTS = 11_000
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)")
_UNITS_S = {
    "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S, "w": 7 * DAY_S, "y": 365 * DAY_S,
}  # fmt: skip
_ERROR_STATUS = {"bad_data": 400, "execution": 422, "not_found": 404}
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class PrometheusApi:
    """One Prometheus."""

    def __init__(self, world: World, server: str, alertmanagers: tuple[str, ...]) -> None:
        self._world = world
        self._server = server
        self._alertmanagers = alertmanagers
        self._routes = {
            "alerts": self._alerts,
            "rules": self._rules,
            "targets": self._targets,
            "alertmanagers": self._known_alertmanagers,
            "query": self._query,
            "query_range": self._query_range,
            "labels": self._labels,
            "series": self._series,
            "status/buildinfo": self._buildinfo,
            "status/runtimeinfo": self._runtimeinfo,
            "status/config": self._config,
        }
        self._posted = frozenset({"query", "query_range", "labels", "series"})

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path == "/-/healthy":
            return text_answer("Prometheus Server is Healthy.\n")
        if request.path == "/-/ready":
            return text_answer("Prometheus Server is Ready.\n")
        name = request.path.removeprefix("/api/v1/")
        values = re.fullmatch(r"label/([^/]+)/values", name)
        if name == request.path or (name not in self._routes and values is None):
            return text_answer("404 page not found\n", 404)
        allowed = {"GET", "POST"} if name in self._posted else {"GET"}
        if request.method not in allowed:
            refused = text_answer("Method Not Allowed\n", 405)
            allow = ", ".join(sorted(allowed | {"OPTIONS"}))
            return msgspec.structs.replace(refused, headers=(("Allow", allow),))
        try:
            if values is not None:
                return _success(self._label_values(values[1]))
            if name in ("alerts", "rules", "targets"):
                key = ("answer", self._server, name, request.params)
                return self._world.held(key, lambda: _success(self._routes[name](request)))
            return _success(self._routes[name](request))
        except QueryRefusedError as error:
            said = {"status": "error", "errorType": error.kind, "error": error.said}
            return json_answer(said, _ERROR_STATUS[error.kind])

    # Alerts and rules

    def _alerts(self, request: Request) -> object:
        return {"alerts": [self._alert(one) for one in self._world.standings(self._server)]}

    def _rules(self, request: Request) -> object:
        kind = request.param("type")
        if kind not in ("", "alert", "record"):
            said = f'invalid parameter "type": not supported value "{kind}"'
            raise QueryRefusedError("bad_data", said)
        if kind == "record":
            return {"groups": []}
        standings: dict[tuple[str, str], list[Standing]] = {}
        for one in self._world.standings(self._server):
            rule = one.track.rule
            standings.setdefault((rule.alert, rule.query), []).append(one)
        groups: dict[str, list[object]] = {}
        for rule in rules_of(self._server):
            raised = standings.get((rule.alert, rule.query), [])
            groups.setdefault(rule.group, []).append(self._rule(rule, raised))
        evaluated = rfc3339_us(self._last_evaluation())
        return {
            "groups": [
                {
                    "name": name,
                    "file": f"/etc/prometheus/rules/{name}.yml",
                    "rules": rules,
                    "interval": int(EVALUATION_S),
                    "limit": 0,
                    "evaluationTime": 0.0012,
                    "lastEvaluation": evaluated,
                }
                for name, rules in groups.items()
            ]
        }

    def _rule(self, rule: Rule, standings: list[Standing]) -> object:
        state = "inactive"
        if standings:
            fires = any(one.fired_s is not None for one in standings)
            state = "firing" if fires else "pending"
        return {
            "state": state,
            "name": rule.alert,
            "query": rule.query,
            "duration": rule.for_s,
            "keepFiringFor": 0,
            "labels": {"severity": rule.severity},
            "annotations": rule.annotations({}, None),
            "alerts": [self._alert(one) for one in standings],
            "health": "ok",
            "evaluationTime": 0.0002,
            "lastEvaluation": rfc3339_us(self._last_evaluation()),
            "type": "alerting",
        }

    def _alert(self, one: Standing) -> object:
        return {
            "labels": one.track.labels,
            "annotations": self._world.annotations(one.track),
            "state": "pending" if one.fired_s is None else "firing",
            "activeAt": self._world.stamp(one.active_s, exact=True),
            "value": _exponent(self._world.rule_value(one.track)),
        }

    def _last_evaluation(self) -> datetime:
        at_s = math.floor(self._world.now_s() / EVALUATION_S) * EVALUATION_S
        return self._world.wall(at_s)

    # Targets, and what the server tells of itself

    def _targets(self, request: Request) -> object:
        if request.param("state") not in ("", "any", "active"):
            return {"activeTargets": [], "droppedTargets": []}
        return {"activeTargets": targets_of(self._world, self._server), "droppedTargets": []}

    def _known_alertmanagers(self, request: Request) -> object:
        known = [{"url": f"{url}/api/v2/alerts"} for url in self._alertmanagers]
        return {"activeAlertmanagers": known, "droppedAlertmanagers": []}

    def _buildinfo(self, request: Request) -> object:
        return {
            "version": "2.42.0",
            "revision": "demo",
            "branch": "HEAD",
            "buildUser": "oncall demo",
            "buildDate": "20230201-00:00:00",
            "goVersion": "go1.19.5",
        }

    def _runtimeinfo(self, request: Request) -> object:
        started = self._world.wall(self._world.component_start_s(COMPONENTS[self._server]))
        return {
            "startTime": rfc3339_us(started),
            "CWD": "/",
            "reloadConfigSuccess": True,
            "lastConfigTime": rfc3339_us(started),
            "corruptionCount": 0,
            "goroutineCount": 42,
            "GOMAXPROCS": 2,
            "GOGC": "",
            "GODEBUG": "",
            "storageRetention": "60d",
        }

    def _config(self, request: Request) -> object:
        external = "".join(f"    {k}: {v}\n" for k, v in EXTERNAL[self._server])
        interval = f"  evaluation_interval: {EVALUATION_S:.0f}s\n"
        return {
            "yaml": "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\n"
            f"{interval}  external_labels:\n{external}"
        }

    # Queries

    def _query(self, request: Request) -> object:
        unix_s = _moment(request, "time", self._world.now())
        world, server, query = self._world, self._server, request.param("query")
        samples = sampled(world, server, query, unix_s)
        if samples is not None:
            return {"resultType": "matrix", "result": samples}
        numbers = counts(world, server, query, unix_s)
        if numbers is not None:
            told = [{"metric": one, "value": [unix_s, str(count)]} for one, count in numbers]
            return {"resultType": "vector", "result": told}
        over = over_window(world, server, " ".join(query.split()))
        if over is not None:
            value = over(world.script_s(unix_s))
            told = [] if value is None else [{"metric": {}, "value": [unix_s, repr(value)]}]
            return {"resultType": "vector", "result": told}
        found = answered(self._world, self._server, request.param("query"))
        if isinstance(found, Scalar):
            return {"resultType": "scalar", "result": [unix_s, _number(found.value)]}
        at_s = self._world.script_s(unix_s)
        result = []
        for line in found:
            value = line.value_at(at_s)
            if value is not None:
                result.append({"metric": line.metric, "value": [unix_s, _number(value)]})
        return {"resultType": "vector", "result": result}

    def _query_range(self, request: Request) -> object:
        start_s, end_s = _moment(request, "start", None), _moment(request, "end", None)
        if end_s < start_s:
            said = 'invalid parameter "end": end timestamp must not be before start time'
            raise QueryRefusedError("bad_data", said)
        step_s = _step(request.param("step"))
        if (end_s - start_s) / step_s > MAX_POINTS:
            raise QueryRefusedError(
                "bad_data",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing "
                "the query resolution (?step=XX)",
            )
        count = int((end_s - start_s) / step_s + 1e-9) + 1
        moments = [round(start_s + number * step_s, 3) for number in range(count)]
        found = answered(self._world, self._server, request.param("query"))
        if isinstance(found, Scalar):
            number = found.value
            found = [Line({}, lambda _at_s: number)]
        matrix = []
        for line in found:
            points = []
            for moment in moments:
                value = line.value_at(self._world.script_s(moment))
                if value is not None:
                    points.append([moment, _number(value)])
            if points:
                matrix.append({"metric": line.metric, "values": points})
        return {"resultType": "matrix", "result": matrix}

    def _labels(self, request: Request) -> object:
        return sorted({name for metric in self._metrics() for name in metric})

    def _label_values(self, name: str) -> object:
        if not _LABEL.fullmatch(name):
            raise QueryRefusedError("bad_data", f'invalid label name: "{name}"')
        return sorted({metric[name] for metric in self._metrics() if name in metric})

    def _series(self, request: Request) -> object:
        wanted = request.all_params("match[]")
        if not wanted:
            raise QueryRefusedError("bad_data", "no match[] parameter provided")
        at_s = float(self._world.now_s())
        return [
            line.metric
            for text in wanted
            for line in selected(self._world, self._server, text) or ()
            if line.value_at(at_s) is not None
        ]

    def _metrics(self) -> Iterable[dict[str, str]]:
        for series in self._world.series:
            if series.server == self._server and not series.family.startswith("="):
                yield {"__name__": series.family, **dict(series.labels)}
        for one in self._world.standings(self._server):
            state = "pending" if one.fired_s is None else "firing"
            yield {"__name__": "ALERTS", "alertstate": state, **one.track.labels}


def generator_url(base_url: str, query: str) -> str:
    """The link that Prometheus puts on an alert: its own graph page with the expression."""
    return f"{base_url}/graph?g0.expr={quote_plus(query)}&g0.tab=1"


def _success(found: object) -> Answer:
    return json_answer({"status": "success", "data": found})


def _moment(request: Request, name: str, default: datetime | None) -> float:
    """A time parameter as Unix seconds."""
    text = request.param(name)
    if not text and default is not None:
        return round(default.timestamp(), 3)
    try:
        unix_s = float(text)
    except ValueError:
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            where = f"Invalid time value for '{name}': " if name == "time" else ""
            said = f'invalid parameter "{name}": {where}cannot parse "{text}" to a valid timestamp'
            raise QueryRefusedError("bad_data", said) from None
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(unix_s) or abs(unix_s) > timedelta.max.total_seconds():
        said = f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp'
        raise QueryRefusedError("bad_data", said)
    return round(unix_s, 3)


def _step(text: str) -> float:
    """The step of a range query in seconds."""
    try:
        step_s = float(text)
    except ValueError:
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            said = f'invalid parameter "step": cannot parse "{text}" to a valid duration'
            raise QueryRefusedError("bad_data", said) from None
        step_s = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if not step_s > 0:
        raise QueryRefusedError(
            "bad_data",
            'invalid parameter "step": zero or negative query resolution step widths are not '
            "accepted. Try a positive integer",
        )
    return step_s


def _number(value: float) -> str:
    """A sample's value as Prometheus writes it."""
    return str(int(value)) if value == int(value) else repr(value)


def _exponent(value: float) -> str:
    """An alert's value as Prometheus writes it: `1e+00`, `1.5e-01`."""
    digits, _, power = f"{value:e}".partition("e")
    mantissa = digits.rstrip("0").rstrip(".")
    return f"{mantissa}e{power}"
