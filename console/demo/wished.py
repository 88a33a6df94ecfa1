"""The body of a posted silence, checked in the order and with the words of go-openapi."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from console.demo.silences import WishedSilence

_UNREADABLE = 'parsing silence body from "" failed, because '
_REQUIRED = 602
_TOO_FEW = 612


class BodyRefusedError(Exception):
    """A body that does not fit the schema. Codes from 600 on travel as HTTP 422."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


class _Matcher(msgspec.Struct, rename="camel"):
    name: str | None = None
    value: str | None = None
    is_regex: bool | None = None
    is_equal: bool | None = None


class _Body(msgspec.Struct, rename="camel"):
    id: str | None = None
    matchers: list[_Matcher] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    created_by: str | None = None
    comment: str | None = None


def silence_wish(body: bytes) -> WishedSilence:
    """The silence that a POST asks for.

    Raises:
        BodyRefusedError: it is no JSON, or lacks something.
    """
    if not body.strip():
        raise BodyRefusedError(_REQUIRED, "silence in body is required")
    try:
        # What is no UTF-8 is read as Go does, and `null` is the silence that has nothing.
        read = msgspec.json.decode(body.decode(errors="replace"), type=_Body | None) or _Body()
    except msgspec.DecodeError as error:
        raise BodyRefusedError(400, f"{_UNREADABLE}{error}") from error
    starts_at, ends_at = _moment(read.starts_at), _moment(read.ends_at)
    for name, value in (("comment", read.comment), ("createdBy", read.created_by),
                        ("endsAt", ends_at), ("matchers", read.matchers)):  # fmt: skip
        if value is None:
            raise BodyRefusedError(_REQUIRED, f"{name} in body is required")
    if not read.matchers:
        raise BodyRefusedError(_TOO_FEW, "matchers in body should have at least 1 items")
    matchers = tuple(_matcher(number, one) for number, one in enumerate(read.matchers))
    if starts_at is None:
        raise BodyRefusedError(_REQUIRED, "startsAt in body is required")
    if ends_at is None or read.created_by is None or read.comment is None:
        raise AssertionError("checked above")
    return WishedSilence(matchers, starts_at, ends_at, read.created_by, read.comment, read.id or "")


def _matcher(number: int, one: _Matcher) -> tuple[str, str, bool, bool]:
    where = f"matchers.{number}"
    if one.is_regex is None:
        raise BodyRefusedError(_REQUIRED, f"{where}.isRegex in body is required")
    if one.name is None:
        raise BodyRefusedError(_REQUIRED, f"{where}.name in body is required")
    if one.value is None:
        raise BodyRefusedError(_REQUIRED, f"{where}.value in body is required")
    return one.name, one.value, one.is_regex, one.is_equal is not False


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not text:
        return datetime.fromtimestamp(0, UTC)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        said = f'parsing time "{text}" as "2006-01-02 15:04:05": cannot parse "{text}" as "2006"'
        raise BodyRefusedError(400, f"{_UNREADABLE}{said}") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
