"""What docker, journalctl and kubectl say when they have no log to give, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from console.model.failure import FailureKind
from console.safety.text import Raw, visible
from console.sources.answer import Unusable
from console.sources.ended import NOT_FOUND
from console.sources.fault import Asked
from console.sources.logs.place import Keeper, LogPlace

EXPECTED: Final = "lines of the log, each with its time"
REMEDY: Final = "run the command by hand, and see what it says"
SAID_CELLS: Final = 200


class _Known(NamedTuple):
    pattern: re.Pattern[str]
    kind: FailureKind
    cause: str
    """May name `{name}`, `{host}`, `{namespace}` and `{program}`."""
    remedy: str


def _known(pattern: str, kind: FailureKind, cause: str, remedy: str) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), kind, cause, remedy)


_SUDO: Final = (
    _known(
        r"^sudo: (a password is required|a terminal is required|sorry, a password)",
        FailureKind.AUTH,
        "sudo wants a password for {program} on {host}",
        "allow that command without one in the host's sudoers, or take `sudo: true` away",
    ),
    _known(
        r"^sudo: .*(not found|unable to)|^sorry, user .* is not allowed|is not in the sudoers",
        FailureKind.FORBIDDEN,
        "sudo does not let us run {program} on {host}",
        "allow that command in the host's sudoers, or take `sudo: true` away",
    ),
)
_DOCKER: Final = (
    _known(
        r"no such container",
        FailureKind.NOT_SERVED,
        "there is no container {name} on {host}",
        "`docker ps -a` there lists those that are; `service_name:` in services.yaml names it",
    ),
    _known(
        r"does not support reading|logging driver .* no(t| ).*(support|read)",
        FailureKind.NOT_SERVED,
        "the logging driver of {name} does not let its log be read",
        "look where that driver sends it, or run the container with `json-file` or `local`",
    ),
    _known(
        r"permission denied",
        FailureKind.FORBIDDEN,
        "docker on {host} does not let this login in",
        "add the login to the group docker there, "
        "or set `sudo: true` for the host in services.yaml",
    ),
    _known(
        r"cannot connect to the docker daemon|is the docker daemon running",
        FailureKind.REFUSED,
        "the docker daemon on {host} does not run",
        "start it there: `systemctl start docker`, and look at `journalctl -u docker`",
    ),
)
_JOURNAL: Final = (
    _known(
        r"insufficient permissions|not seeing messages from other users|permission denied",
        FailureKind.FORBIDDEN,
        "no right to the journal of {host}",
        "put the login into the group `systemd-journal`, or set `sudo: true` on the host",
    ),
    _known(
        r"no journal files were found|cannot assign requested address",
        FailureKind.NOT_SERVED,
        "{host} keeps no journal",
        "look whether systemd-journald runs there",
    ),
)
_KUBERNETES: Final = (
    _known(
        r"\(forbidden\)|is forbidden|cannot get resource",
        FailureKind.FORBIDDEN,
        "Kubernetes forbids to read logs in {namespace}",
        "give the account of kubectl the right `get` on `pods/log` there",
    ),
    _known(
        r"unauthorized|must be logged in|certificate has expired",
        FailureKind.AUTH,
        "Kubernetes does not know the account of kubectl",
        "log in anew, or look at the client configuration of kubectl on {host}",
    ),
    _known(
        r"\(notfound\): (deployments|statefulsets|daemonsets|(cron)?jobs|namespaces)|"
        r"deployments.* not found",
        FailureKind.NOT_SERVED,
        "there is no {kind} {name} in {namespace}",
        "`kubectl get {kind}s -A` lists those that are; `service_name:` names it",
    ),
    _known(
        r"\(notfound\): pods",
        FailureKind.NOT_SERVED,
        "a pod of {name} is no more",
        "ask again in a moment, when its new pods are known",
    ),
    _known(
        r"waiting to start|containercreating|podinitializing|error: timed out waiting|no pods",
        FailureKind.STARTING,
        "no container of {name} has started yet",
        "look at its pods: `kubectl describe pods` tells what they wait for",
    ),
    _known(
        r"connection to the server|unable to connect|dial tcp|connection refused|i/o timeout",
        FailureKind.UNREACHABLE,
        "kubectl on {host} does not reach its cluster",
        "look at the client configuration of kubectl there, and at the cluster",
    ),
    _known(
        r"context .* does not exist|no configuration has been provided|error loading config",
        FailureKind.SETTINGS,
        "kubectl on {host} has no such cluster in its configuration",
        "correct `context:` in the settings, or the configuration there",
    ),
)
_BY_KEEPER: Final = {
    Keeper.DOCKER: _DOCKER,
    Keeper.JOURNAL: _JOURNAL,
    Keeper.HOST: _JOURNAL,
    Keeper.KUBERNETES: _KUBERNETES,
}
_CHOSEN: Final = re.compile(r"Found (\d{1,6}) pods, using pod/(\S{1,253})")
_NO_PROGRAM: Final = re.compile(r"^(sh: .*|sudo: .*command )not found$", re.MULTILINE)


def asked(place: LogPlace, typed: str) -> Asked:
    """The words for a look at a log; `typed` is the command that repeats it."""
    return Asked(place.source, "logs", EXPECTED, REMEDY, typed)


def refuse(place: LogPlace, said: Sequence[Raw], status: int | None) -> None:
    """Pass what the program of `place` said of itself beside its lines.

    Raises:
        Unusable: it gives no log, in the words of the trade.
    """
    text = "\n".join(line.exact for line in said)
    names = {
        "name": place.name,
        "namespace": place.namespace,
        "kind": place.what,
        "host": visible(place.host, cells=60),
        "program": "kubectl" if place.keeper is Keeper.KUBERNETES else place.program[-1],
    }
    if status == NOT_FOUND or _NO_PROGRAM.search(text):
        raise Unusable(
            FailureKind.NOT_SERVED,
            "there is no {program} on {host}".format(**names),
            remedy="install it there, or correct the service's `type:` in services.yaml",
        )
    for known in (*_SUDO, *_BY_KEEPER[place.keeper]):
        if known.pattern.search(text):
            cause = known.cause.format(**names)
            raise Unusable(known.kind, cause, remedy=known.remedy.format(**names))
    if status not in (0, None):
        told = visible(said[-1], cells=SAID_CELLS) if said else "without a word"
        raise Unusable(FailureKind.STATUS, f"{names['program']} ended with {status}: {told}")


def one_of_many(said: Sequence[Raw]) -> str:
    """That kubectl has chosen one pod among several, where it says so; else empty."""
    for line in said:
        found = _CHOSEN.match(line.exact)
        if found is not None:
            return f"1 of {found[1]} pods: {visible(found[2], cells=60)}"
    return ""


def no_log(said: Sequence[Raw]) -> Unusable:
    """It ended well, and what it printed is no log."""
    told = f": {visible(said[-1], cells=SAID_CELLS)}" if said else " and nothing else"
    return Unusable(
        FailureKind.SCHEMA,
        f"got no line of a log{told}",
        remedy="look whether a forced command or a restricted shell answers in place of `sh`",
    )


def no_unit(place: LogPlace) -> Unusable:
    """systemd does not know the unit."""
    host = visible(place.host, cells=60)
    return Unusable(
        FailureKind.NOT_SERVED,
        f"there is no unit {place.name} on {host}, and no line of one",
        remedy="`systemctl list-units --all` there lists those that are; `service_name:` names it",
    )
