"""What `kubectl` complains of, in plain words, and what to do about it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from console.model.failure import FailureKind
from console.safety.ssh import SshResult
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.ended import NOT_FOUND, NOT_RUNNABLE
from console.sources.fault import Asked

EXPECTED: Final = "a List as `kubectl get -o json` prints it"
REMEDY: Final = "run the command by hand on that host and look at what it says"
SAID_CELLS: Final = 160
MAX_SAID_BYTES: Final = 64 * 1024
MAX_COMPLAINTS: Final = 20


def asked(source: str, part: str, typed: str) -> Asked:
    """The words for `part` of what the command `typed` tells."""
    return Asked(source, part, EXPECTED, REMEDY, typed)


class _Complaint(NamedTuple):
    pattern: re.Pattern[str]
    kind: FailureKind
    plain: str
    remedy: str


def _complaint(pattern: str, kind: FailureKind, plain: str, remedy: str) -> _Complaint:
    return _Complaint(re.compile(pattern, re.IGNORECASE), kind, plain, remedy)


_LOG_IN: Final = (
    "log in to the cluster again as the user under whom it runs there (the provider's `login`), "
    "or give it a service account's token that does not expire"
)
_COMPLAINTS: Final = (
    _complaint(
        r"unknown (shorthand )?flag|unknown command",
        FailureKind.SETTINGS,
        "it is no kubectl, or a very old one",
        "check `command:` of this source",
    ),
    _complaint(
        r"localhost:8080 was refused|no configuration has been provided",
        FailureKind.SETTINGS,
        "kubectl has no configuration that names a cluster",
        "write `~/.kube/config` there, or `command: [kubectl, --kubeconfig, PATH]`",
    ),
    _complaint(
        r"context .{0,200}(does not exist|was not found)",
        FailureKind.SETTINGS,
        "there is no such context",
        "correct `context:`; `kubectl config get-contexts` lists those that are there",
    ),
    _complaint(
        r"error loading config file|invalid configuration|permission denied",
        FailureKind.SETTINGS,
        "kubectl cannot read its configuration",
        "make the file readable to that user; where only root may read it, as with k3s, write "
        "`command: [sudo, -n, k3s, kubectl]`",
    ),
    _complaint(
        r"a (password|terminal) is required",
        FailureKind.AUTH,
        "sudo asks for a password",
        "allow exactly this command in sudoers with NOPASSWD",
    ),
    _complaint(
        r"command not found",
        FailureKind.SETTINGS,
        "there is no such program there",
        "install kubectl for that user, or write its path as `command:`",
    ),
    _complaint(
        r"getting credentials|logged in to the server|unauthorized|asked for the client to "
        r"provide credentials|token (has|is) expired|refresh token|please enter username",
        FailureKind.AUTH,
        "the cluster does not take its credentials, which are missing or have expired",
        _LOG_IN,
    ),
    _complaint(
        r"is forbidden",
        FailureKind.AUTH,
        "it has no right to list this",
        "let it `get` and `list` deployments, statefulsets, daemonsets, jobs, cronjobs and pods: "
        "the cluster role `view` does",
    ),
    _complaint(
        r"x509:|certificate|tls: ",
        FailureKind.TLS,
        "the API server's certificate is not accepted",
        "check `certificate-authority` and `server` in its configuration, and the clock there",
    ),
    _complaint(
        r"no such host|server misbehaving",
        FailureKind.DNS,
        "the API server's name is not known there",
        "check `server:` in its configuration and the name server of that host",
    ),
    _complaint(
        r"timeout|timed out|deadline exceeded|request canceled",
        FailureKind.TIMEOUT,
        "the API server does not answer in time",
        "check the control plane's load and the network; `timeout:` sets the deadline",
    ),
    _complaint(
        r"was refused|connection refused",
        FailureKind.REFUSED,
        "nothing listens where the API server should",
        "check that the control plane runs, and `server:` in the configuration of kubectl",
    ),
    _complaint(
        r"no route to host|network is unreachable",
        FailureKind.UNREACHABLE,
        "there is no way from there to the API server",
        "check the network between that host and the control plane",
    ),
    _complaint(
        r"toomanyrequests|too many requests",
        FailureKind.RATE,
        "the API server is asked too often",
        "give this source a longer `interval:`",
    ),
    _complaint(
        r"doesn't have a resource type|could not find the requested resource",
        FailureKind.NOT_SERVED,
        "what answers is no Kubernetes with the API groups apps/v1 and batch",
        "check `server:` in the configuration of kubectl; Kubernetes has both from 1.9 on",
    ),
    _complaint(
        r"connection reset|unexpected eof|broken pipe",
        FailureKind.RESET,
        "the connection to the API server broke",
        "look at the proxies and load balancers before it",
    ),
)

_NOISE: Final = re.compile(r"\A(?:[EWIF]\d{4} |Warning:|To further debug|error: EOF\Z)")
"""Lines beside the matter: kubectl's own log (`E1122 03:14:00 memcache.go:265] …`), warnings."""
_FORBIDDEN: Final = re.compile(r"\b([a-z]+)(?:\.[a-z.]+)? is forbidden")


def complaints_of(result: SshResult) -> list[str]:
    """What went wrong, a line each, as it came; never empty.

    Kubectl's warnings and its own log are left out where it says something else too.
    """
    text = result.stderr[:MAX_SAID_BYTES].decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if not _NOISE.match(line)] or lines[-1:]
    return told[:MAX_COMPLAINTS] or [f"it ended with {result.exit_status} and said nothing"]


def refused_kind(complaint: str) -> str | None:
    """The resource that one complaint says may not be listed: `daemonsets`; `None` for others."""
    found = _FORBIDDEN.search(complaint)
    return found.group(1) if found is not None else None


def unusable(complaint: str) -> Unusable:
    """What one complaint means."""
    said = visible(complaint, cells=SAID_CELLS)
    for each in _COMPLAINTS:
        if each.pattern.search(complaint):
            return Unusable(each.kind, f"{each.plain}: {said}", remedy=each.remedy)
    return Unusable(FailureKind.STATUS, f"kubectl failed: {said}")


def refuse(result: SshResult, program: str, max_bytes: int) -> None:
    """Pass a command that ended by itself with something on its standard output.

    Its status is not looked at: 1 together with a list says that a part of it is missing.

    Args:
        program: the first word of the command, as written in the settings.

    Raises:
        Unusable: there is nothing to read.
    """
    shown = visible(program, cells=60)
    if result.truncated:
        raise too_big(max_bytes)
    if result.timed_out:
        raise Unusable(
            FailureKind.TIMEOUT,
            f"`{shown}` did not come to an end before its deadline",
            remedy="check the control plane's load and the network; `timeout:` sets the deadline",
        )
    if result.exit_status is None:
        by = f" by signal {visible(result.signal, cells=20)}" if result.signal else ""
        raise Unusable(FailureKind.RESET, f"`{shown}` was ended{by} before it was done")
    if result.exit_status in (NOT_RUNNABLE, NOT_FOUND) and not result.stdout.strip():
        missing = result.exit_status == NOT_FOUND
        raise Unusable(
            FailureKind.SETTINGS,
            f"there is no program `{shown}` there" if missing else f"`{shown}` may not be run",
            remedy="install it for that user, or write its path as `command:`, for instance "
            "`[k3s, kubectl]`; other shells than the login one look in fewer places",
        )
    if result.exit_status != 0 and not result.stdout.strip():
        raise min((unusable(line) for line in complaints_of(result)), key=_vague)


def too_big(max_bytes: int) -> Unusable:
    """It printed more than is read."""
    return Unusable(
        FailureKind.TOO_BIG,
        f"got more than {max_bytes:,} bytes",
        remedy="raise `max_bytes:`, or name the `namespaces:` that matter",
    )


def _vague(error: Unusable) -> bool:
    return error.kind is FailureKind.STATUS
