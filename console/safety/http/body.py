"""A response's body, under a cap that holds for what it decompresses to."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from console.safety.http.options import HttpFailure, HttpFault
from console.safety.text import visible

_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE_BYTES: Final = 1 << 20
"""Decompressed at once; about 2 ms, so that a bomb does not stop the loop."""


async def capped(
    parts: AsyncIterator[bytes], encoding: str, max_bytes: int, url: str, *, cut: bool = False
) -> bytes:
    """All of `parts`, decompressed when `encoding` is gzip; the first bytes of it with `cut`.

    Raises:
        HttpFailure: TOO_BIG past `max_bytes`; ENCODING when it is not what `encoding` says, is
            encoded twice, or in a way that was not asked for.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        decoder = None
    elif encoding in ("gzip", "x-gzip"):
        decoder = _Gunzip(max_bytes, url)
    else:
        raise HttpFailure(
            HttpFault.ENCODING,
            f"the body is encoded as {visible(encoding, cells=40)!r}; only gzip was asked for",
            url=url,
        )
    kept: list[bytes] = []
    size = 0
    received = 0
    async for part in parts:
        received += len(part)
        pieces = [part] if decoder is None else [each async for each in decoder.feed(part)]
        for piece in pieces:
            kept.append(piece)
            size += len(piece)
        if size > max_bytes or received > max_bytes:
            if cut:
                return b"".join(kept)[:max_bytes]
            raise too_big(max_bytes, url)
    if decoder is not None:
        decoder.finish()
    return b"".join(kept)


def too_big(max_bytes: int, url: str) -> HttpFailure:
    """The failure of a body that is larger than its cap."""
    size = f"{max_bytes // 1024:,} KiB" if max_bytes >= 1024 else f"{max_bytes} bytes"
    return HttpFailure(HttpFault.TOO_BIG, f"the body is larger than {size}", url=url)


class _Gunzip:
    """gzip, one or several members, never more than one byte past the cap."""

    def __init__(self, max_bytes: int, url: str) -> None:
        self._room = max_bytes + 1
        self._url = url
        self._member = zlib.decompressobj(_GZIP)
        self._started = False

    async def feed(self, part: bytes) -> AsyncIterator[bytes]:
        rest = part
        more_inside = False  # output that zlib keeps back although it has taken all its input
        while (rest or more_inside) and self._room > 0:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            limit = min(self._room, _PIECE_BYTES)
            self._started = True
            try:
                piece = self._member.decompress(rest, limit)
            except zlib.error as error:
                raise HttpFailure(
                    HttpFault.ENCODING,
                    "the body says that it is gzip and is not",
                    url=self._url,
                    detail=visible(str(error)),
                ) from error
            rest = self._member.unconsumed_tail or self._member.unused_data
            more_inside = len(piece) == limit and not self._member.eof
            self._room -= len(piece)
            if piece:
                yield piece
            if len(piece) == _PIECE_BYTES:
                await asyncio.sleep(0)

    def finish(self) -> None:
        if self._started and not self._member.eof:
            raise HttpFailure(HttpFault.ENCODING, "the gzip body ends in the middle", url=self._url)
