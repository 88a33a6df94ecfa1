"""What Prometheus' faults mean, and what to do about them."""

from __future__ import annotations

from typing import Final

from console.model.failure import FailureKind
from console.safety.http import HttpAnswer
from console.sources.answer import (
    Unusable,
    cause_of,
    refuse_status,
    retry_after_s,
    said,
    status_words,
)
from console.sources.fault import Asked

EXPECTED: Final = {
    "alerts": "Prometheus' JSON with `data.alerts`",
    "rules": "Prometheus' JSON with `data.groups`",
    "targets": "Prometheus' JSON with `data.activeTargets`",
    "alertmanagers": "Prometheus' JSON with `data.activeAlertmanagers`",
    "query": "Prometheus' JSON with the query's result",
}
REMEDY: Final = "check that `url:` is what stands before `/api/v1/`, with its path prefix"


def asked(source: str, part: str, curl: str) -> Asked:
    """The words for a request for `part`."""
    return Asked(source, part, EXPECTED.get(part, "Prometheus' JSON"), REMEDY, curl)


def refuse(answer: HttpAnswer, part: str) -> None:
    """Pass an answer of status 200.

    Raises:
        Unusable: for every other status, in Prometheus' terms where it has some.
    """
    told = said(answer.body)
    cause = cause_of(answer)
    stopping = answer.header("x-prometheus-stopping")
    if answer.status == 503 and (stopping is not None or told == "Service Unavailable"):
        doing = "stopping" if stopping is not None and stopping.exact == "true" else "starting"
        raise Unusable(
            FailureKind.STARTING,
            f"is {doing}, answered {status_words(503)}",
            remedy="wait: it reads its write-ahead log, which may take minutes"
            if doing == "starting"
            else "it is being shut down; when nobody meant that, look at its log",
            retry_after_s=retry_after_s(answer),
        )
    if answer.status == 500 and told.startswith("unavailable"):
        raise Unusable(
            FailureKind.STARTING, cause, remedy="wait: its storage is not ready to be asked yet"
        )
    if answer.status == 404 and part in _MISSING:
        raise Unusable(FailureKind.NOT_SERVED, cause, remedy=_MISSING[part])
    remedy = REMEDY if answer.status == 404 else _REMEDIES.get(answer.status)
    if remedy:
        raise Unusable(FailureKind.STATUS, cause, remedy=remedy)
    refuse_status(answer)


_MISSING: Final = {
    "alerts": "this server has no alerts of its own (a Thanos query front end, VictoriaMetrics' "
    "select): name the ruler that evaluates them, or check the path prefix",
    "rules": "this server knows no rules: name the ruler or vmalert that evaluates them, or "
    "check the path prefix; Mimir's is `/prometheus`",
    "targets": "this server scrapes nothing itself: name the Prometheus or agent that does as a "
    "source too, or check the path prefix",
    "alertmanagers": "this server sends to no Alertmanager itself: write the Alertmanagers under "
    "`sources: alertmanager:` and set `discover_alertmanagers: false`",
}
_REMEDIES: Final = {
    400: "it did not take the request; a query is wrong, or something else answers for it",
    422: "it could not run the query: make it smaller, or look at what it says",
    503: "it is overloaded or ran into its query timeout; make the query smaller, or wait",
    504: "the proxy before it gave up; look at its load",
}
