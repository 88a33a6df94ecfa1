"""A message to an address that is a secret itself: whoever knows it can write there."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from console.safety.http.client import HttpClient
from console.safety.http.options import HttpFailure, HttpFault, HttpOptions
from console.safety.secret import MASK, Secret
from console.safety.text import Raw

MAX_ANSWER_BYTES: Final = 16 * 1024
_LEAST_PIECE: Final = 6
"""Characters: a shorter part of an address is an ordinary word."""
_WORDS: Final[Mapping[HttpFault, str]] = {
    HttpFault.REFUSED: "it refused the connection",
    HttpFault.DNS: "the name in its address is not known",
    HttpFault.UNREACHABLE: "there is no way to it from here",
    HttpFault.TIMEOUT: "it gave no answer in time",
    HttpFault.TLS_UNTRUSTED: "nobody whom this host trusts has signed its certificate",
    HttpFault.TLS_EXPIRED: "its certificate has expired",
    HttpFault.TLS_NAME: "its certificate is that of another name",
    HttpFault.TLS_OTHER: "no safe connection came about",
    HttpFault.RESET: "it closed the connection without an answer",
    HttpFault.PROTOCOL: "its answer broke off, or is no HTTP",
    HttpFault.TOO_BIG: "its answer is too large",
    HttpFault.ENCODING: "its answer cannot be unpacked",
    HttpFault.REDIRECT: "it leads elsewhere, which is not followed",
    HttpFault.BAD_URL: "its address is not of the form https://host/path",
    HttpFault.FORBIDDEN_ADDRESS: "its address is a link-local or metadata address",
    HttpFault.PROXY: "the proxy did not let it through",
    HttpFault.VIA: "the tunnel did not bring it there",
    HttpFault.SETTINGS: "this console is not set up for that",
    HttpFault.LOCAL: "this host cannot make the request",
}


class WebhookAnswer(msgspec.Struct, frozen=True):
    """What came back. No part of the address stands in it."""

    status: int
    body: bytes
    retry_after: Raw | None = None


async def post_secretly(
    client: HttpClient, address: Secret, json: bytes, timeout_s: float
) -> WebhookAnswer:
    """POST `json` to `address`, once, and follow no redirect.

    Raises:
        HttpFailure: no answer came. Neither it nor its cause names the address.
    """
    for name in ("httpx", "httpcore"):  # they log addresses and headers, where somebody listens
        logging.getLogger(name).setLevel(logging.WARNING)
    url = address.reveal()
    options = HttpOptions(keep_alive=False, timeout_s=timeout_s, max_bytes=MAX_ANSWER_BYTES)
    try:
        answer = await client.post(url, options, json=json, accept_status=(200,))
    except HttpFailure as failure:
        told = HttpFailure(failure.kind, _WORDS[failure.kind], url="", unsent=failure.unsent)
    else:
        pieces = [one for one in re.split(r"[/?&=#]", url) if len(one) >= _LEAST_PIECE]
        return WebhookAnswer(
            answer.status,
            _without(answer.body, pieces),
            _header(answer.header("retry-after"), pieces),
        )
    raise told


def _header(value: Raw | None, pieces: list[str]) -> Raw | None:
    if value is None or any(one in value.exact for one in pieces):
        return None
    return value


def _without(body: bytes, pieces: list[str]) -> bytes:
    for one in sorted(pieces, key=len, reverse=True):
        body = body.replace(one.encode(), MASK.encode())
    return body
