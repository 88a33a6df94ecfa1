"""What one Alertmanager member is told, and what is asked of it for the sake of that.

A member that did not do it, and one of which nobody knows whether it did, are two things:
`Sent` says which. `cluster.py` goes on from there.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus

import msgspec

from console.model.alert import Alert, ClusterStatus, Silence
from console.model.failure import Failure, FailureKind
from console.model.labels import Matcher
from console.safety.http import HttpAnswer, HttpFailure, HttpFault
from console.safety.text import visible
from console.sources.alertmanager import decode, errors
from console.sources.alertmanager.client import ALERTS, SILENCES, STATUS, AlertmanagerClient
from console.sources.answer import Unusable
from console.sources.fault import Asked, failure_of
from console.sources.server import Params, Server

SILENCE: Final = "/api/v2/silence"
MAX_QUERY_CHARS: Final = 6_000
"""Of one request, as it is encoded. nginx refuses more than 8 kB in its usual settings."""
MAX_FILTER_CHARS: Final = 60_000
"""Of one filter, as it is encoded: httpx sends no address of more than 65,536."""
PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 3.0
"""The longest that is waited before a busy server is asked once more."""

_UNSENT: Final = frozenset(
    [
        *(HttpFault.REFUSED, HttpFault.DNS, HttpFault.UNREACHABLE, HttpFault.TLS_UNTRUSTED),
        *(HttpFault.TLS_EXPIRED, HttpFault.TLS_NAME, HttpFault.TLS_OTHER, HttpFault.BAD_URL),
        *(HttpFault.FORBIDDEN_ADDRESS, HttpFault.VIA, HttpFault.SETTINGS, HttpFault.LOCAL),
    ]
)
_CLASSIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

Told = TypeVar("Told")


class Sent(enum.StrEnum):
    """Whether an effect that failed may have been done all the same."""

    NO = "no"
    """Surely nothing was done."""
    MAYBE = "maybe"
    """The answer was lost, and reading back gave none."""


class EffectFailed(Exception):  # noqa: N818 - the contract's word
    """An effect, or a question that one needs answered, came to nothing."""

    def __init__(self, failure: Failure, sent: Sent) -> None:
        super().__init__(failure.cause)
        self.failure = failure
        """Safe to show."""
        self.sent = sent


class Refused(EffectFailed):
    """The server understood, and will not: another member would say the same."""


class WantedSilence(msgspec.Struct, frozen=True):
    """A silence to be made, or to be changed where it has an id."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime | None
    """`None`: now, by the server's clock."""
    ends_at: datetime
    created_by: str
    comment: str
    """Unique, or what was made cannot be told from another where the answer is lost."""
    id: str = ""

    def is_made(self, silence: Silence) -> bool:
        """Whether `silence` is what became of this."""
        return (
            silence.created_by.exact == self.created_by
            and silence.comment.exact == self.comment
            and _written(silence.ends_at) == _written(self.ends_at)
            and set(silence.matchers) == set(self.matchers)
        )


class AlertmanagerWriter:
    """The requests of one member that acting needs. Every method raises `EffectFailed`."""

    def __init__(self, server: Server, client: AlertmanagerClient, cluster: str, key: str) -> None:
        self._server = server
        self._client = client
        self._cluster = cluster
        self.key = key
        """The member's, as on the sources' page: `am/127.0.0.1:9093`."""

    @property
    def skew(self) -> timedelta | None:
        """The server's clock less ours, by its newest answer."""
        return self._server.skew

    async def matching(self, matchers: Sequence[Matcher]) -> tuple[Alert, ...]:
        """The alerts, whatever mutes them, that all of `matchers` match, by the server's word."""
        found: dict[str, Alert] = {}
        for number, params in enumerate(queries(matchers)):
            asked = self._asked("matching alerts", ALERTS, params)
            told = await self._told(asked, partial(self._matching, params))
            # Filters are joined by "and", so that several requests are met in what all gave.
            kept = {alert.fingerprint: alert for alert in told}
            found = kept if number == 0 else {key: found[key] for key in found.keys() & kept.keys()}
        return tuple(found[key] for key in sorted(found))

    async def silences(self) -> tuple[Silence, ...]:
        """The active and the pending ones."""
        asked = self._asked("silences", SILENCES, self._client.silence_params)
        return await self._told(asked, self._client.silences)

    async def silence(self, silence_id: str) -> Silence | None:
        """The silence of that id, also when it has expired; `None` where there is none."""
        path = _path_of(silence_id)
        asked = self._asked("silence", path)
        return await self._told(asked, partial(self._silence, path))

    async def status(self) -> ClusterStatus:
        """What it says of itself."""
        return await self._told(self._asked("status", STATUS), self._client.status)

    async def post(self, wanted: WantedSilence, now: datetime) -> str:
        """Make or change a silence.

        Returns:
            The id that it has now: another one, where the server could not change it in place.
        """
        asked = errors.asked(self.key, "new silence", "")
        answer = await self._done(
            asked, self._server.post_json(SILENCES, _body(wanted, now, self.skew))
        )
        try:
            return decode.silence_id_in(answer.body)
        except Unusable as error:
            raise self._failed(error, asked, Sent.MAYBE) from None

    async def expire(self, silence_id: str) -> None:
        """End a silence now."""
        path = _path_of(silence_id)
        asked = errors.asked(self.key, "end of a silence", "")
        answer = await self._done(asked, self._server.delete(path))
        try:
            errors.refuse_page(answer)
        except Unusable as error:
            raise self._failed(error, asked, Sent.MAYBE) from None

    async def _matching(self, params: Params) -> tuple[Alert, ...]:
        if len(params) == 1 and _cost(params[0][1]) > MAX_FILTER_CHARS:
            raise Unusable(
                FailureKind.TOO_BIG,
                f"a matcher on {visible(params[0][1], cells=30)} is too long to be asked about",
                expected=f"at most {MAX_FILTER_CHARS:,} characters, as an address has them",
                remedy="list fewer values in one matcher",
            )
        return await self._client.alerts(params)

    async def _silence(self, path: str) -> Silence | None:
        answer = await self._server.get(path)
        if answer.status == 404 and not answer.body:
            return None
        errors.refuse(answer, "silence")
        return decode.silence_in(answer.body, self._cluster)

    async def _told(self, asked: Asked, ask: Callable[[], Awaitable[Told]]) -> Told:
        try:
            try:
                return await ask()
            except Unusable as error:
                if error.kind is not FailureKind.RATE:
                    raise
                # Others ask it as well, each for a moment.
                await self._server.clock.sleep(min(error.retry_after_s or PAUSE_S, MAX_PAUSE_S))
                return await ask()
        except (HttpFailure, Unusable) as error:
            raise self._failed(error, asked, Sent.NO) from None

    async def _done(self, asked: Asked, answer: Awaitable[HttpAnswer]) -> HttpAnswer:
        try:
            got = await answer
        except HttpFailure as error:
            unsent = error.unsent or error.kind in _UNSENT
            raise self._failed(error, asked, Sent.NO if unsent else Sent.MAYBE) from None
        except Unusable as error:
            raise self._failed(error, asked, Sent.NO) from None
        try:
            errors.refuse_effect(got)
        except Unusable as error:
            # What stands between may give up (502, 504) on what the server still does.
            sent = Sent.MAYBE if got.status >= 500 and not errors.is_unknown(got) else Sent.NO
            final = got.status in errors.FINAL
            raise self._failed(error, asked, sent, final=final) from None
        return got

    def _failed(
        self, error: HttpFailure | Unusable, asked: Asked, sent: Sent, *, final: bool = False
    ) -> EffectFailed:
        failure = failure_of(error, asked, self._server.clock.now().wall)
        if failure.kind is FailureKind.AUTH:
            self._server.refused_secrets()
        return Refused(failure, sent) if final else EffectFailed(failure, sent)

    def _asked(self, part: str, path: str, params: Params = ()) -> Asked:
        return errors.asked(self.key, part, self._server.curl(path, params))


def filter_of(matcher: Matcher) -> str:
    r"""`matcher` as `GET /alerts?filter=` reads it exactly, in every version.

    Before 0.27 only `\\`, `\"` and `\n` are escapes: `\t` and `\u202e`, which `written` has,
    would be read as they stand. Names that are no classic ones are quoted (0.27 and later).
    """
    name = matcher.name if _CLASSIC_NAME.fullmatch(matcher.name) else _in_quotes(matcher.name)
    return f"{name}{matcher.operator}{_in_quotes(matcher.value.exact)}"


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def queries(matchers: Sequence[Matcher]) -> Iterator[Params]:
    """The filters as few queries, none longer than can be sent unless one filter alone is."""
    params: list[tuple[str, str]] = []
    length = 0
    for matcher in matchers:
        written = filter_of(matcher)
        more = _cost(written)
        if params and length + more > MAX_QUERY_CHARS:
            yield tuple(params)
            params, length = [], 0
        params.append(("filter", written))
        length += more
    yield tuple(params)


def _cost(written: str) -> int:
    return len("filter=&") + len(quote_plus(written, errors="replace"))


class _WireMatcher(msgspec.Struct, rename="camel"):
    name: str
    value: str
    is_regex: bool
    is_equal: bool


class _WireSilence(msgspec.Struct, rename="camel", omit_defaults=True):
    matchers: list[_WireMatcher]
    starts_at: str
    ends_at: str
    created_by: str
    comment: str
    id: str = ""


def _body(wanted: WantedSilence, now: datetime, skew: timedelta | None) -> bytes:
    # A server whose clock is behind would hold it as pending until its own clock is there;
    # one whose clock is ahead takes a start that has passed for now.
    start = wanted.starts_at or now + min(skew or timedelta(0), timedelta(0))
    return msgspec.json.encode(
        _WireSilence(
            matchers=[
                _WireMatcher(each.name, each.value.exact, each.is_regex, each.is_equal)
                for each in wanted.matchers
            ],
            starts_at=_written(start),
            ends_at=_written(wanted.ends_at),
            created_by=wanted.created_by,
            comment=wanted.comment,
            id=wanted.id,
        )
    )


def _written(moment: datetime) -> str:
    """As the server writes times: UTC, to the millisecond."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def _path_of(silence_id: str) -> str:
    return f"{SILENCE}/{quote(silence_id, safe='')}"
