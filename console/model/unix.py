"""Moments as whole milliseconds since 1970, as history and Prometheus count time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """From 1970 to an aware moment; what is less than one is left out."""
    return (at - _EPOCH) // _MILLISECOND


def moment(at_ms: int) -> datetime:
    """The moment so many milliseconds after 1970, in UTC."""
    return _EPOCH + at_ms * _MILLISECOND


def lasting_ms(duration: timedelta) -> int:
    """How long it is; what is less than one is left out."""
    return duration // _MILLISECOND
