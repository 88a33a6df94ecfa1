"""From the exceptions of httpcore, anyio, ssl and the socket to one failure in plain words."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from console.safety.http.options import HttpFailure, HttpFault
from console.safety.text import visible


class Attempt:
    """How far one try has come; read when it fails."""

    def __init__(self, url: str, peer: str, timeout_s: float) -> None:
        self.url = url
        self.peer = peer
        """`host:port` of the target, or of the proxy."""
        self.timeout_s = timeout_s
        self.proxied = False
        self.tls_peer = peer
        """Whose certificate is looked at: never a plain proxy's, which only passes it on."""
        self.doing = "sending the request"
        self.connected = False
        """A new connection was made for it, so that none was reused."""

    def behind_proxy(self, target: str) -> None:
        """`peer` is a proxy, and the request is for `target`."""
        self.proxied = True
        self.tls_peer = visible(target)


ATTEMPT: Final[ContextVar[Attempt]] = ContextVar("attempt")
"""The try that the running task makes; httpcore opens connections in the task that asks."""

_UNREACHABLE: Final = {
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
    errno.EHOSTDOWN: "the host is down",
    errno.ENETDOWN: "the network is down",
    errno.EADDRNOTAVAIL: "no local address to reach it from",
    errno.EACCES: "a local rule forbids it",
    errno.EPERM: "a local rule forbids it",
}
_LOCAL: Final = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
_BEFORE_SENDING: Final = frozenset(["looking up the name", "connecting"])
_RESET: Final = frozenset([errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED])
# From openssl/x509_vfy.h.
_EXPIRED: Final = {9: "is not valid yet", 10: "has expired"}
_WRONG_NAME: Final = frozenset([62, 64])
_UNTRUSTED: Final = frozenset([2, 18, 19, 20, 21, 24, 26, 27, 28])


def timed_out(attempt: Attempt, timeout_s: float) -> HttpFailure:
    """The total deadline has passed."""
    return HttpFailure(
        HttpFault.TIMEOUT,
        f"{attempt.peer} was not done within {timeout_s:g} s (while {attempt.doing})",
        url=attempt.url,
        unsent=attempt.doing in _BEFORE_SENDING,
    )


def wants_proxy_auth(attempt: Attempt) -> HttpFailure:
    """The proxy answered in place of the target: it does not know us."""
    message = f"the proxy {attempt.peer} asks for a user and password (407)"
    return HttpFailure(HttpFault.PROXY, message, url=attempt.url)


def failure_of(error: Exception, attempt: Attempt) -> HttpFailure:
    """What `error`, or the cause behind it, means."""
    if isinstance(error, HttpFailure):
        return error
    causes = list(_causes(error))
    for cause in causes:
        found = _tls(cause, attempt) if isinstance(cause, ssl.SSLError) else None
        found = found or (_socket(cause, attempt) if isinstance(cause, OSError) else None)
        if found is not None:
            return found
    return _protocol(error, attempt)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        yield each
        waiting += [each.__context__, each.__cause__]


def _failed(kind: HttpFault, message: str, attempt: Attempt, cause: object) -> HttpFailure:
    # TLS through a proxy's tunnel is the target's own affair.
    if attempt.proxied and not kind.startswith("tls"):
        message = f"by way of the proxy: {message}"
        kind = HttpFault.PROXY
    return HttpFailure(kind, message, url=attempt.url, detail=visible(str(cause), cells=200))


def _tls(error: ssl.SSLError, attempt: Attempt) -> HttpFailure:
    peer = attempt.tls_peer
    code = getattr(error, "verify_code", None) if _is_verification(error) else None
    words = visible(str(getattr(error, "verify_message", "") or error.reason or error), cells=120)
    if code in _EXPIRED:
        kind, text = HttpFault.TLS_EXPIRED, f"the certificate of {peer} {_EXPIRED[code]}"
    elif code in _WRONG_NAME:
        kind, text = HttpFault.TLS_NAME, f"the certificate of {peer} is for another name: {words}"
    elif code in _UNTRUSTED:
        kind = HttpFault.TLS_UNTRUSTED
        text = f"the certificate of {peer} is signed by nobody that is trusted here: {words}"
    elif error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        kind, text = HttpFault.TLS_OTHER, f"{peer} does not speak TLS; is it http:// there?"
    else:
        kind, text = HttpFault.TLS_OTHER, f"TLS with {peer} failed: {words}"
    return _failed(kind, text, attempt, error)


def _is_verification(error: ssl.SSLError) -> bool:
    return isinstance(error, ssl.SSLCertVerificationError)


def _socket(error: OSError, attempt: Attempt) -> HttpFailure | None:
    peer = attempt.peer
    if error.errno == errno.ECONNREFUSED:
        return _failed(HttpFault.REFUSED, f"refused the connection at {peer}", attempt, error)
    if error.errno in _UNREACHABLE:
        text = f"cannot reach {peer}: {_UNREACHABLE[error.errno]}"
        return _failed(HttpFault.UNREACHABLE, text, attempt, error)
    if error.errno == errno.ETIMEDOUT:
        text = f"{peer} gave no sign of life (while {attempt.doing})"
        return _failed(HttpFault.TIMEOUT, text, attempt, error)
    if error.errno in _RESET:
        text = f"{peer} reset the connection (while {attempt.doing})"
        return _failed(HttpFault.RESET, text, attempt, error)
    if error.errno in _LOCAL:
        text = f"this host cannot open a connection: {os.strerror(error.errno)}"
        return HttpFailure(HttpFault.LOCAL, text, url=attempt.url)
    return None


def _protocol(error: Exception, attempt: Attempt) -> HttpFailure:
    words = str(error)
    kind = type(error).__name__  # by name: importing httpx for its classes costs 90 ms
    if kind in ("LocalProtocolError", "InvalidURL", "UnsupportedProtocol", "UnicodeEncodeError"):
        # Their texts quote the header or the address that is wrong, secrets included.
        text = "the request cannot be sent: its address or a header is not valid HTTP"
        return HttpFailure(HttpFault.BAD_URL, text, url=attempt.url)
    if kind == "ProxyError":
        return HttpFailure(
            HttpFault.PROXY,
            f"the proxy {attempt.peer} refused: {visible(words, cells=120)}",
            url=attempt.url,
        )
    if kind in ("ReadError", "WriteError") or "disconnected without" in words:
        text = f"{attempt.peer} closed the connection (while {attempt.doing})"
        return _failed(HttpFault.RESET, text, attempt, words)
    if kind == "ConnectError":
        text = f"{attempt.peer} closed the connection before the TLS handshake was done"
        return _failed(HttpFault.RESET, text, attempt, words)
    if "without sending complete" in words:
        text = f"{attempt.peer} closed the connection in the middle of the body"
        return _failed(HttpFault.PROTOCOL, text, attempt, words)
    text = f"{attempt.peer} answered in broken HTTP: {visible(words, cells=120)}"
    return _failed(HttpFault.PROTOCOL, text, attempt, words)
