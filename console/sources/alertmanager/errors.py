"""What Alertmanager's faults mean, and what to do about them."""

from __future__ import annotations

from typing import Final

from console.model.failure import FailureKind
from console.safety.http import HttpAnswer
from console.sources.answer import Unusable, cause_of, refuse_status
from console.sources.fault import Asked

EXPECTED: Final = {
    "alerts": "a JSON list of alerts",
    "silences": "a JSON list of silences",
    "status": "a JSON object with `cluster` and `versionInfo`",
    "groups": "a JSON list of alert groups",
}
REMEDY: Final = "check that `members:` names an Alertmanager (API v2), with its route prefix"


def asked(source: str, part: str, curl: str) -> Asked:
    """The words for a request for `part`."""
    return Asked(source, part, EXPECTED.get(part, "an answer of API v2"), REMEDY, curl)


def refuse(answer: HttpAnswer, part: str) -> None:
    """Pass an answer of status 200.

    Raises:
        Unusable: for every other status, in Alertmanager's terms where it has some.
    """
    remedy = _REMEDIES.get(answer.status, "")
    if answer.status == 500 and part == "silences":
        remedy = (
            "one silence with several sets of matchers makes the whole list fail (from 0.32 on, "
            "made by API v3): expire that one; the alerts are read all the same"
        )
    if remedy:
        raise Unusable(FailureKind.STATUS, cause_of(answer), remedy=remedy)
    refuse_status(answer)


_REMEDIES: Final = {
    404: "nothing is served at this path: check the route prefix in `members:`; Mimir's is "
    "`/alertmanager`, Grafana's `/api/alertmanager/grafana`",
    410: "this path belongs to API v1, which Alertmanager 0.27 took away: `members:` takes the "
    "address before `/api/v2`",
    415: "a proxy changed the content type of the request",
    422: "it does not know what it was asked: its version is older than 0.22 or something else "
    "answers for it",
}
