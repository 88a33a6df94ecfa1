"""Faults as values: what went wrong on the way, in words, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from console.model.failure import Failure, FailureKind
from console.safety.http import HttpFailure, HttpFault
from console.safety.ssh import SshFailure, SshFault
from console.sources.answer import Unusable


class Asked(msgspec.Struct, frozen=True):
    """What was asked, of whom: the part of a failure that is known beforehand."""

    source: str
    part: str
    expected: str
    remedy: str
    """For the faults that have no better one of their own."""
    curl: str


_KINDS: Final = {
    HttpFault.REFUSED: FailureKind.REFUSED,
    HttpFault.DNS: FailureKind.DNS,
    HttpFault.UNREACHABLE: FailureKind.UNREACHABLE,
    HttpFault.TIMEOUT: FailureKind.TIMEOUT,
    HttpFault.TLS_UNTRUSTED: FailureKind.TLS,
    HttpFault.TLS_EXPIRED: FailureKind.TLS,
    HttpFault.TLS_NAME: FailureKind.TLS,
    HttpFault.TLS_OTHER: FailureKind.TLS,
    HttpFault.RESET: FailureKind.RESET,
    HttpFault.PROTOCOL: FailureKind.PROTOCOL,
    HttpFault.TOO_BIG: FailureKind.TOO_BIG,
    HttpFault.ENCODING: FailureKind.PROTOCOL,
    HttpFault.REDIRECT: FailureKind.STATUS,
    HttpFault.BAD_URL: FailureKind.SETTINGS,
    HttpFault.FORBIDDEN_ADDRESS: FailureKind.FORBIDDEN,
    HttpFault.PROXY: FailureKind.UNREACHABLE,
    HttpFault.VIA: FailureKind.UNREACHABLE,
    HttpFault.SETTINGS: FailureKind.SETTINGS,
}

_REMEDIES: Final = {
    HttpFault.REFUSED: "nothing listens there: check that it runs, and its host and port",
    HttpFault.DNS: "check the name in the settings, and this host's name server",
    HttpFault.UNREACHABLE: "check the network between this host and it",
    HttpFault.TIMEOUT: "check its load and the network; `timeout:` sets the deadline",
    HttpFault.TLS_UNTRUSTED: "give the authority that signed its certificate as `tls: ca:`",
    HttpFault.TLS_EXPIRED: "renew its certificate; check this host's clock as well",
    HttpFault.TLS_NAME: "use the name in its certificate, or give that as `tls: server_name:`",
    HttpFault.TLS_OTHER: "check that this port speaks TLS, and the files under `tls:`",
    HttpFault.RESET: "it hung up: look at its log, and at the proxies on the way",
    HttpFault.PROTOCOL: "check that an HTTP server listens on this port",
    HttpFault.TOO_BIG: "raise `max_bytes:` if an answer of this size is right",
    HttpFault.ENCODING: "look at the proxies on the way: the body is not what its header says",
    HttpFault.REDIRECT: "write the address that answers into the settings",
    HttpFault.BAD_URL: "correct the address in the settings",
    HttpFault.FORBIDDEN_ADDRESS: "correct the address; metadata services are never asked",
    HttpFault.PROXY: "check `proxy:` in the settings",
    HttpFault.VIA: "check the SSH host on the way: `via:` in the settings",
    HttpFault.SETTINGS: "correct `via:` and `proxy:` in the settings",
    HttpFault.LOCAL: "this host is short of something: look at `ulimit -n` and its memory",
}

LOST_REMEDY: Final = "look at the log of its sshd, and at the network between"

_SSH_KINDS: Final = {
    SshFault.REFUSED: FailureKind.REFUSED,
    SshFault.DNS: FailureKind.DNS,
    SshFault.UNREACHABLE: FailureKind.UNREACHABLE,
    SshFault.TIMEOUT: FailureKind.TIMEOUT,
    SshFault.NO_BANNER: FailureKind.TIMEOUT,
    SshFault.PROTOCOL: FailureKind.PROTOCOL,
    SshFault.HOST_KEY_UNKNOWN: FailureKind.AUTH,
    SshFault.HOST_KEY_CHANGED: FailureKind.AUTH,
    SshFault.HOST_KEY_REVOKED: FailureKind.AUTH,
    SshFault.AUTH: FailureKind.AUTH,
    SshFault.AGENT: FailureKind.AUTH,
    SshFault.KEY_FILE: FailureKind.SETTINGS,
    SshFault.CHANNELS: FailureKind.RATE,
    SshFault.LOST: FailureKind.RESET,
    SshFault.JUMP: FailureKind.UNREACHABLE,
    SshFault.FORWARD: FailureKind.FORBIDDEN,
    SshFault.FORWARD_REFUSED: FailureKind.REFUSED,
    SshFault.SETTINGS: FailureKind.SETTINGS,
    SshFault.LOCAL: FailureKind.INTERNAL,
}


def failure_of(error: Exception, asked: Asked, at: datetime) -> Failure:
    """What `error` is to somebody who looks at the sources; for any exception at all.

    What is none of `Unusable`, `HttpFailure` and `SshFailure` is a bug of ours and is named as
    one, by its type only: its text may hold what came from outside.
    """
    expected, remedy = asked.expected, asked.remedy
    retry_after_s: float | None = None
    if isinstance(error, Unusable):
        kind, cause = error.kind, error.cause
        expected = error.expected or expected
        remedy = error.remedy or remedy
        retry_after_s = error.retry_after_s
    elif isinstance(error, HttpFailure):
        kind, cause = _KINDS.get(error.kind, FailureKind.INTERNAL), error.message
        remedy = error.remedy or _REMEDIES.get(error.kind, remedy)
    elif isinstance(error, SshFailure):
        kind, cause = _SSH_KINDS.get(error.kind, FailureKind.INTERNAL), error.message
        remedy = error.remedy or remedy
        if error.kind is SshFault.LOST:
            remedy = LOST_REMEDY  # what is lost here was a look, which changed nothing
    else:
        kind = FailureKind.INTERNAL
        cause = f"reading the answer failed inside the console: {type(error).__name__}"
        remedy = "report this with what the command prints that repeats it"
    return Failure(
        source=asked.source,
        part=asked.part,
        kind=kind,
        cause=cause,
        expected=expected,
        remedy=remedy,
        at=at,
        curl=asked.curl,
        retry_after_s=retry_after_s,
    )
