"""What Alertmanager's faults mean, and what to do about them."""

from __future__ import annotations

from typing import Final

from console.model.failure import FailureKind
from console.safety.http import HttpAnswer
from console.sources.answer import Unusable, cause_of, refuse_status, said
from console.sources.fault import Asked

EXPECTED: Final = {
    "alerts": "a JSON list of alerts",
    "silences": "a JSON list of silences",
    "status": "a JSON object with `cluster` and `versionInfo`",
    "groups": "a JSON list of alert groups",
    "matching alerts": "a JSON list of alerts",
    "silence": "one silence as a JSON object",
    "new silence": 'the id of the silence, as `{"silenceID": …}`',
    "end of a silence": "an answer of status 200",
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
    told = said(answer.body, TOLD_CELLS)
    if answer.status == 400 and "regexp" in told:
        raise Unusable(FailureKind.STATUS, f"it refuses the matcher: {told}", remedy=_RE2)
    if remedy:
        raise Unusable(FailureKind.STATUS, cause_of(answer), remedy=remedy)
    refuse_status(answer)


FINAL: Final = frozenset([400, 413, 415, 422])
"""Statuses by which a server refuses what it was told: the next one would refuse it too."""


def refuse_effect(answer: HttpAnswer) -> None:
    """Pass the answer to an effect that was done.

    Raises:
        Unusable: for every other one, with the server's own sentence and what to do.
    """
    if answer.status == 200:
        return
    told = said(answer.body, TOLD_CELLS)
    if answer.status == 400 and told:
        raise Unusable(
            FailureKind.STATUS,
            f"it refuses the silence: {told.removeprefix('Failed to create silence: ')}",
            expected="a silence that it takes",
            remedy=next((words for sign, words in _REFUSALS if sign in told), _REFUSED),
        )
    if is_unknown(answer):
        raise Unusable(
            FailureKind.STATUS,
            "it knows no silence of this id",
            expected="a silence that has not been forgotten",
            remedy="it ended long ago, or another cluster has it: look at the list of silences",
        )
    remedy = _EFFECT_REMEDIES.get(answer.status, "")
    if remedy:
        raise Unusable(FailureKind.STATUS, cause_of(answer), remedy=remedy)
    refuse_status(answer)


def refuse_page(answer: HttpAnswer) -> None:
    """Pass an answer whose body is of no interest.

    Raises:
        Unusable: it is a page for people: something before the server wants a login.
    """
    if answer.body[:512].lstrip().startswith(b"<"):
        raise Unusable(FailureKind.SCHEMA, "got an HTML page (login?)")


def is_unknown(answer: HttpAnswer) -> bool:
    """Whether the server says that it has no silence of this id; until 0.27 with status 500."""
    return answer.status in (404, 500) and "silence not found" in said(answer.body)


TOLD_CELLS: Final = 600
_REFUSED: Final = "correct what it names and send it again; nothing was changed"
_RE2: Final = "correct the regular expression: it is RE2, without look-around and back references"
_REFUSALS: Final = (
    ("match the empty string", "add a matcher that does not match everything"),
    ("regex", _RE2),
    ("end time can't be in the past", "choose an end that is still to come; compare the clocks"),
    ("start time must be before end", "choose an end after the start; compare the clocks"),
    ("maximum number of silences", "expire silences that nobody needs, or raise its limit"),
    ("exceeded maximum", "make fewer or shorter matchers, or raise its limit"),
    ("label name", "correct the label's name; before 0.27 only letters, digits and _ are taken"),
)
_EFFECT_REMEDIES: Final = {
    404: "nothing is served at this path, or the silence is gone: check the route prefix in "
    "`members:`",
    405: "a proxy before it lets nothing be changed: ask who runs it, or name the members",
    413: "a proxy before it refuses a request of this size: mark fewer alerts at once",
    415: "a proxy changed the content type of the request, which has to be application/json",
    422: "it misses a part of the silence, or takes it for none: its version is older than "
    "0.22, or something else answers for it",
}


_REMEDIES: Final = {
    404: "nothing is served at this path: check the route prefix in `members:`; Mimir's is "
    "`/alertmanager`, Grafana's `/api/alertmanager/grafana`",
    410: "this path belongs to API v1, which Alertmanager 0.27 took away: `members:` takes the "
    "address before `/api/v2`",
    415: "a proxy changed the content type of the request",
    422: "it does not know what it was asked: its version is older than 0.22 or something else "
    "answers for it",
}
