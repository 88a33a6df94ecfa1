"""Which addresses may be spoken to.

Labels, redirects and DNS answers may all lead to the link-local address at which a cloud
hands out its host's credentials. The name is resolved once, every address is judged, and the
connection is made to an address that was judged, so that a second lookup cannot differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import threading
from typing import Any, Final

from console.safety.http.options import HttpFailure, HttpFault
from console.safety.text import visible

MAX_LOOKUPS: Final = 64
"""Threads that wait for the resolver at once; one that hangs outlives our deadline."""
MAX_ADDRESSES: Final = 4
"""Of one name, that are tried."""
NEXT_ADDRESS_S: Final = 1.0
"""After this an address that does not answer is left for the next one of the same name."""

_ADDRESS: Final = re.compile(r"(https?)://([^/?#\\@\s]+)([/?#].*)?", re.IGNORECASE)
_LINK_LOCAL: Final = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
)
# Alibaba's, Oracle's old, and AWS' IPv6 metadata services, and Azure's wire server.
_METADATA_ADDRESSES: Final = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "168.63.129.16"))
)
_METADATA_NAMES: Final = frozenset(
    [
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.azure.internal",
        "metadata.tencentyun.com",
        "instance-data",
        "instance-data.ec2.internal",
    ]
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

AnyAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def require_address(url: str) -> None:
    """Pass an `http(s)://host…` address without credentials, spaces or control characters.

    Raises:
        HttpFailure: of kind BAD_URL, saying what was expected.
    """
    problem = ""
    if not url.isprintable():
        problem = "has a character that cannot be printed"
    elif "@" in re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]:
        problem = "has a user or password in it; they belong in the settings' auth"
    elif not _ADDRESS.fullmatch(url):
        problem = "is not of the form http://host:port/path"
    if problem:
        raise HttpFailure(HttpFault.BAD_URL, f"the address {problem}", url=url)


def require_allowed(host: str, allowed: tuple[str, ...], url: str) -> None:
    """Pass `host`, a name or an address in any spelling, unless it is a metadata service's.

    Raises:
        HttpFailure: of kind FORBIDDEN_ADDRESS.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name in allowed or host in allowed:
        return
    address = literal_address(name)
    if name in _METADATA_NAMES or (address is not None and is_forbidden(address)):
        if address is not None and str(address) in allowed:
            return
        raise HttpFailure(
            HttpFault.FORBIDDEN_ADDRESS,
            f"{visible(host)} is a link-local or metadata address; "
            "list it under allow_addresses if it is meant",
            url=url,
        )


def is_forbidden(address: AnyAddress) -> bool:
    """Whether `address`, or the IPv4 address inside it, is link-local or a metadata service."""
    if address in _METADATA_ADDRESSES:
        return True
    if any(address.version == each.version and address in each for each in _LINK_LOCAL):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner is not None and is_forbidden(inner)
    return False


def literal_address(host: str) -> AnyAddress | None:
    """`host` as an address, also as the decimal, octal and short forms that C libraries take."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


async def resolve(host: str, port: int, allowed: tuple[str, ...], url: str) -> list[str]:
    """The first `MAX_ADDRESSES` of `host` in the resolver's order, all judged, at least one.

    Raises:
        HttpFailure: of kind DNS or FORBIDDEN_ADDRESS.
    """
    require_allowed(host, allowed, url)
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = await _looked_up(host, port)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            message = f"the name server gave no answer for {visible(host)!r}"
        else:
            message = f"the name {visible(host)!r} is not known"
        raise HttpFailure(HttpFault.DNS, message, url=url, detail=visible(str(error))) from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if host not in allowed:
        for address in addresses:
            require_allowed(address, allowed, url)
    return addresses[:MAX_ADDRESSES]


_lookups = threading.BoundedSemaphore(MAX_LOOKUPS)

AddressInfo = list[tuple[Any, Any, int, str, tuple[Any, ...]]]


async def _looked_up(host: str, port: int) -> AddressInfo:
    # A thread of its own and a daemon: the loop's pool would have the program wait at its end
    # for a resolver that hangs, and would let six dead names stop all other lookups.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[AddressInfo] = loop.create_future()
    if not _lookups.acquire(blocking=False):
        raise socket.gaierror(socket.EAI_AGAIN, "too many lookups wait for the name server")

    def settle(result: AddressInfo | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        elif result is not None:
            answer.set_result(result)

    def look_up() -> None:
        result: AddressInfo | None = None
        failure: Exception | None = None
        try:
            result = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failure = error
        finally:
            _lookups.release()
        # A loop that has ended since has nobody who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    try:
        threading.Thread(target=look_up, name="oncall lookup", daemon=True).start()
    except RuntimeError as error:
        _lookups.release()
        raise socket.gaierror(socket.EAI_AGAIN, str(error)) from error
    return await answer
