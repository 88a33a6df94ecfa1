"""Names that stay the same across polls, restarts and processes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from console.model.labels import Labels

_encode = msgspec.json.Encoder(order="sorted").encode


def identity_of(labels: Labels, ignored: frozenset[str]) -> str:
    """24 hex digits over the labels less the ignored ones.

    Alertmanager's fingerprint is over all labels, so that the two replicas of an HA pair have
    one each; the episode belongs to what both of them mean.
    """
    return _digest(dict(labels.without(ignored).exact_items()))


def row_key(kind: str, parts: Iterable[str]) -> str:
    """A short, stable key for a row of some kind; the parts may hold text from outside."""
    return f"{kind}:{_digest(tuple(parts))}"


def _digest(value: object) -> str:
    try:
        content = _encode(value)
    except UnicodeEncodeError:
        # UTF-8 has no way to say a lone surrogate.
        pairs = sorted(value.items()) if isinstance(value, dict) else value
        content = repr(pairs).encode("ascii", "backslashreplace")
    return blake2b(content, digest_size=12).hexdigest()
