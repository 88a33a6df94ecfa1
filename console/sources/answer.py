"""What every HTTP source has to see to before it believes an answer.

Inside the rooms a fault is an exception, `Unusable`; at their edge it becomes a `Failure`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import msgspec

from console.model.failure import FailureKind
from console.model.labels import Labels
from console.safety.clock import Instant
from console.safety.http import HttpAnswer
from console.safety.text import MAX_LABELS, MAX_VALUE_CHARS, Raw, cap, visible

MAX_RETRY_AFTER_S: Final = 300.0
"""The longest that a server may ask to be left alone; a page must not wait for a day."""
SAID_CELLS: Final = 160

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with a zone; one without is refused, since nobody knows which it meant."""
Id = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_.:-]{1,64}\Z")]
"""A fingerprint or a silence's id: a key of ours, so nothing but plain characters."""

Wire = TypeVar("Wire")


class Unusable(Exception):  # noqa: N818 - it becomes a `Failure`
    """Nothing can be read from what came. Its texts are safe to show.

    An empty `expected` or `remedy` leaves the words to the room that asked.
    """

    def __init__(
        self,
        kind: FailureKind,
        cause: str,
        *,
        expected: str = "",
        remedy: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(kind, cause)
        self.kind = kind
        self.cause = cause
        self.expected = expected
        self.remedy = remedy
        self.retry_after_s = retry_after_s


def decoded(body: bytes, kind: type[Wire]) -> Wire:
    """`body` as JSON of the shape of `kind`.

    Unknown fields are passed over. Invalid UTF-8 and lone surrogates are refused rather than
    replaced: the servers that are asked here never write them (Go replaces them itself), so
    that something has garbled the answer. So are keys that stand twice in one object.

    Raises:
        Unusable: of kind SCHEMA, saying what came instead and where.
    """
    try:
        if not body.isascii():
            body.decode()  # msgspec looks only at what it keeps
        value = msgspec.json.decode(body, type=kind)
        read_again = msgspec.json.encode(value)
    except msgspec.ValidationError as error:
        raise _garbled(f"JSON of another shape: {visible(str(error), cells=120)}") from None
    except UnicodeDecodeError:
        raise _garbled("text that is not valid UTF-8") from None
    except RecursionError:
        raise _garbled("JSON nested too deep to be read") from None
    except (msgspec.MsgspecError, ValueError):
        raise _garbled(f"{_looks_like(body)} that cannot be read as JSON") from None
    # Two counts are quick (0.5 ms a megabyte); the exact look is not (10 ms), and is only
    # needed where the server writes fields that the shape does not have.
    if read_again.count(b":") != body.count(b":"):
        _refuse_double_keys(body)
    return value


def _garbled(cause: str) -> Unusable:
    return Unusable(FailureKind.SCHEMA, f"got {cause}")


def _looks_like(body: bytes) -> str:
    start = body[:512].lstrip().lower()
    if not start:
        return "an empty answer"
    if start.startswith(b"<"):
        return "an HTML page (login?)"
    if start[:1] in b'[{"':
        return f"{len(body):,} bytes, broken or cut short,"
    return f"{len(body):,} bytes of something"


def _refuse_double_keys(body: bytes) -> None:
    def look(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            raise _garbled("JSON in which a key stands twice in one object")

    try:
        json.loads(body, object_pairs_hook=look)
    except (ValueError, RecursionError):
        raise _garbled("JSON that two readers read differently") from None


def label_set(values: Mapping[str, str]) -> Labels:
    """`values` within the caps: 64 of them, names and values of 4,096 characters."""
    if len(values) <= MAX_LABELS and (
        len("".join(values)) + len("".join(values.values())) <= MAX_VALUE_CHARS
    ):
        return Labels(values)
    kept: dict[str, str] = {}
    over = len(values) > MAX_LABELS
    for name, value in list(values.items())[:MAX_LABELS]:
        short_name, name_cut = cap(name)
        kept[short_name], value_cut = cap(value)
        over = over or name_cut or value_cut
    return Labels(kept, over_cap=over)


def capped(value: str) -> Raw:
    """`value` as text from outside, 4,096 characters of it at most."""
    return Raw(cap(value)[0])


def utc(moment: datetime) -> datetime:
    """`moment` in UTC.

    Raises:
        OverflowError: it lies outside of the years that Python knows.
    """
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def utc_or_never(moment: datetime) -> datetime | None:
    """`moment` in UTC; `None` for Go's zero time, which means that it never happened."""
    if moment.year <= 1:
        return None
    return utc(moment)


def skew_of(answer: HttpAnswer, before: Instant, after: Instant) -> timedelta | None:
    """The server's clock less ours, by its `Date` header; `None` where that is missing.

    `before` and `after` are when the request was sent and its answer complete. `Date` has
    whole seconds, so less than one second says nothing and is given as zero.
    """
    written = answer.header("date")
    if written is None:
        return None
    try:
        date = parsedate_to_datetime(written.exact)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
        if date > after.wall:
            return _if_told(date - after.wall)
        # The header was written at some time within that second.
        latest = date + timedelta(seconds=1)
        return timedelta(0) if latest >= before.wall else _if_told(latest - before.wall)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _if_told(difference: timedelta) -> timedelta:
    return timedelta(0) if abs(difference) < timedelta(seconds=1) else difference


def retry_after_s(answer: HttpAnswer) -> float | None:
    """How many seconds the server asked to be left alone, five minutes at most."""
    written = answer.header("retry-after")
    if written is None:
        return None
    try:
        asked = float(written.exact)
    except ValueError:
        return None  # the form with a date needs a clock that agrees; backoff serves instead
    return min(asked, MAX_RETRY_AFTER_S) if asked > 0 else None


class _Message(msgspec.Struct):
    message: str = ""
    error: str = ""
    errorType: str = ""  # noqa: N815 - the server's name


def said(body: bytes, cells: int = SAID_CELLS) -> str:
    """What an error's body says, in one line that is safe to show; empty for HTML and noise.

    Alertmanager writes a JSON string, `{"code", "message"}` or plain text; Prometheus
    `{"status", "errorType", "error"}` or plain text.
    """
    start = body[:8192].strip()
    if not start or start.startswith(b"<"):
        return ""
    text: str
    try:
        known = msgspec.json.decode(body, type=str | _Message)
        if isinstance(known, str):
            text = known
        else:
            text = ": ".join(part for part in (known.errorType, known.error) if part)
            text = text or known.message
    except (ValueError, RecursionError):
        text = start.decode("utf-8", "replace")
    return visible(text.strip(), cells=cells)


def status_words(status: int) -> str:
    """`404 Not Found`; only the number where it has no name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def cause_of(answer: HttpAnswer) -> str:
    """What a status that is no success says: `answered 502 Bad Gateway: upstream is down`."""
    told = said(answer.body)
    return f"answered {status_words(answer.status)}" + (f": {told}" if told else "")


def refuse_status(answer: HttpAnswer) -> None:
    """Pass an answer of status 200.

    Raises:
        Unusable: for every other status, in words that hold for any server.
    """
    status = answer.status
    if status == 200:
        return
    cause = cause_of(answer)
    pause = retry_after_s(answer)
    if status in (401, 403, 407):
        raise Unusable(
            FailureKind.AUTH,
            cause,
            remedy="check `auth:` and `headers:` of this source: the credentials are missing, "
            "wrong or not allowed to read this",
        )
    if status == 429:
        raise Unusable(
            FailureKind.RATE,
            cause,
            remedy="it is asked too often; give this source a longer `interval:`",
            retry_after_s=pause,
        )
    if 300 <= status < 400:
        location = answer.header("location")
        where = visible(location, cells=100) if location else "nowhere"
        raise Unusable(
            FailureKind.STATUS,
            f"answered {status_words(status)}, to {where}",
            remedy="redirects are not followed: write the address that answers into `url:`, "
            "or give it credentials where that is a login page",
        )
    if status == 503 and "concurrent GET" in cause:
        raise Unusable(
            FailureKind.RATE,
            cause,
            remedy="too many clients ask it at once (--web.get-concurrency); it is asked again",
            retry_after_s=pause,
        )
    raise Unusable(FailureKind.STATUS, cause, retry_after_s=pause)
