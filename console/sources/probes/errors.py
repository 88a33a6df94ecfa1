"""What a probe's faults say about the service, and what they leave unknown."""

from __future__ import annotations

from typing import Final

from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind, Verdict
from console.safety.http import HttpFailure, HttpFault
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.fault import Asked
from console.sources.probes.settings import SOURCE

_SAYS_NO: Final = frozenset([HttpFault.REFUSED, HttpFault.TLS_EXPIRED])
_EXPECTED: Final = {
    ProbeKind.TCP: "a connection",
    ProbeKind.TLS: "a certificate",
}


def verdict_of(error: Exception) -> Verdict:
    """Whether `error` is the service's own no, or nothing was learned of it.

    Refusing a connection and showing an expired certificate are answers. A deadline, a name
    that is not known or a garbled body may be the network's fault or ours.
    """
    if isinstance(error, HttpFailure):
        at_connect = error.kind is HttpFault.RESET and "(while connecting)" in error.message
        if error.kind in _SAYS_NO or at_connect:
            return Verdict.UNHEALTHY
    return Verdict.NO_ANSWER


def asked_on_host(probe: Probe, typed: str) -> Asked:
    """The words for a check that runs on a host, where `typed` is how a person runs it."""
    if probe.kind is ProbeKind.FILE:
        expected = f"the file {visible(probe.target, cells=80)}"
    else:
        expected = f"that `{visible(probe.target, cells=80)}` ends with status 0"
    return Asked(
        source=SOURCE,
        part=visible(probe.key),
        expected=expected,
        remedy="check the endpoint in the registry, and the way to its host",
        curl=typed,
    )


def asked(probe: Probe, curl: str) -> Asked:
    """The words for one probe. `curl`: what repeats it."""
    expected = _EXPECTED.get(probe.kind)
    if expected is None:
        body = " with a JSON body" if probe.json_body else ""
        expected = f"status {statuses(probe.expect_status)}{body}"
    return Asked(
        source=SOURCE,
        part=visible(probe.key),
        expected=expected,
        remedy="check the endpoint in the registry, and the service itself",
        curl=curl,
    )


def statuses(expected: tuple[int, ...]) -> str:
    """`200`, `200 or 302`, `200, 204 or 302`."""
    words = [str(status) for status in expected]
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "any")))


def not_asked_here(probe: Probe) -> Unusable:
    """A kind of probe that needs a way onto the host."""
    return Unusable(
        FailureKind.SETTINGS,
        f"a {probe.kind} check runs on the service's host, where this console has no access",
        expected="a health endpoint that is asked by HTTP, TCP or TLS",
        remedy="give the service a `port:` and a path, or judge it by its Prometheus targets",
    )
