"""What the demo's servers are asked and what they answer, apart from any socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. Parameters come from the query, and from a form body."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes = b""

    def param(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return next((value for key, value in self.params if key == name), default)

    def all_params(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        return [value for key, value in self.params if key == name]


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer. `delay_s` is how long it is held back, in real seconds."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0


Handler = Callable[[Request], Answer]


def request_of(method: str, target: str, content_type: str, body: bytes) -> Request:
    """The request that a server read: the target split, a form body taken as parameters."""
    path, _, query = target.partition("?")
    params = parse_qsl(query, keep_blank_values=True)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        params += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return Request(method, path, tuple(params), kind, body)


def json_answer(value: object, status: int = 200) -> Answer:
    """`value` as a JSON document, with the line break that Go's encoder leaves behind it."""
    return Answer(status, msgspec.json.encode(value) + b"\n", JSON)


def text_answer(text: str, status: int = 200) -> Answer:
    """Plain text."""
    return Answer(status, text.encode(), TEXT)


def go_quoted(text: str) -> str:
    """`text` as Go's `%q` writes it."""
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    shown = (
        known.get(sign, sign if sign.isprintable() else f"\\u{ord(sign):04x}") for sign in text
    )
    return f'"{"".join(shown)}"'


def rfc3339_ms(moment: datetime) -> str:
    """`2026-11-22T12:41:36.103Z`: Alertmanager's form, cut to milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_us(moment: datetime) -> str:
    """`2026-11-22T12:41:36.103645Z`: Prometheus' form, as exact as we have it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
