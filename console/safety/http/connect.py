"""A bare connection, for a look at a port or at a certificate."""

from __future__ import annotations

import asyncio
import ssl

import msgspec

from console.safety.http.address import NEXT_ADDRESS_S, require_allowed, resolve
from console.safety.http.failure import Attempt
from console.safety.http.tunnel import Tunnel, through

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Place(msgspec.Struct, frozen=True):
    """A port, and the way to it."""

    host: str
    port: int
    allow_addresses: tuple[str, ...] = ()
    via: str = ""


async def connected(
    attempt: Attempt,
    place: Place,
    tunnel: Tunnel | None,
    tls: tuple[ssl.SSLContext, str] | None = None,
) -> Streams:
    """Connect to `place`; with `tls`, a context and the server's name, shake hands too.

    Raises:
        HttpFailure: of the name, the address or the tunnel.
        OSError: of the connection and the handshake.
    """
    context, name = tls or (None, None)
    if place.via:
        # The name is looked up over there: only what is written can be judged here.
        require_allowed(place.host, place.allow_addresses, attempt.url)
        far = await through(tunnel, place.via, place.host, place.port, attempt)
        return await asyncio.open_connection(sock=far, ssl=context, server_hostname=name)
    attempt.doing = "looking up the name"
    *others, last = await resolve(place.host, place.port, place.allow_addresses, attempt.url)
    attempt.doing = "connecting"
    for address in others:
        try:
            async with asyncio.timeout(NEXT_ADDRESS_S):
                return await asyncio.open_connection(
                    address, place.port, ssl=context, server_hostname=name
                )
        except OSError:
            continue
    return await asyncio.open_connection(last, place.port, ssl=context, server_hostname=name)
