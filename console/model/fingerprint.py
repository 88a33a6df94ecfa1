"""Alertmanager's name for an alert, where nobody but its labels is there to ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OFFSET: Final = 0xCBF29CE484222325
_PRIME: Final = 0x100000001B3
_MASK: Final = 0xFFFFFFFFFFFFFFFF


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """16 hex digits: 64-bit FNV-1a over each name, 0xff, value, 0xff, names in order.

    Source: `LabelSet.Fingerprint` of Prometheus' common/model.

    Args:
        labels: as Alertmanager has them, so with the server's external labels.
    """
    total = _OFFSET
    for name in sorted(labels):
        for text in (name, labels[name]):
            for byte in text.encode(errors="surrogatepass") + b"\xff":
                total = ((total ^ byte) * _PRIME) & _MASK
    return f"{total:016x}"
