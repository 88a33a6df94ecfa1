"""Checks that run on the service's host: a command of the registry, or a file that must be there.

The command is the team's own words. It is taken apart as a shell would, and run without one,
on the host or by `docker exec`; what needs a shell has to name it: `sh -c '…'`.
"""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from typing import Final

import msgspec

from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.safety.ssh import SshResult
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.ended import NOT_FOUND, NOT_RUNNABLE, last_line
from console.sources.probes.settings import took

SAID_CELLS: Final = 100

_UNQUOTED: Final = frozenset("|&;<>()\n")
_VARIABLE: Final = re.compile(r"\$[\w{(?$!@*#]")
_REDIS: Final = frozenset(["redis-cli", "valkey-cli", "keydb-cli"])

_NO_CONTAINER: Final = re.compile(rb"no such container", re.IGNORECASE)
_NOT_RUNNING: Final = re.compile(
    rb"container \S+ is (not running|paused|restarting)|cannot exec in a stopped", re.IGNORECASE
)
_NO_DOCKER: Final = re.compile(
    rb"^(\S+: ){0,2}(failed to run command |can't execute )?\W{0,3}docker\W{0,3}: "
    rb"(command )?(no such file|not found)",
    re.IGNORECASE | re.MULTILINE,
)
_NO_RIGHTS: Final = re.compile(
    rb"permission denied while trying to connect|dial unix \S*docker\S* connect: permission denied",
    re.IGNORECASE,
)
_NO_DAEMON: Final = re.compile(rb"cannot connect to the docker daemon", re.IGNORECASE)
_NO_EXEC: Final = re.compile(
    rb"^(Error response from daemon|error during connect): .*", re.IGNORECASE | re.MULTILINE
)
_MISSING_INSIDE: Final = re.compile(
    rb"executable file not found|no such file or directory", re.IGNORECASE
)


def argv_of(probe: Probe) -> tuple[str, ...]:
    """The words that are run on the host.

    Raises:
        Unusable: of kind SETTINGS, because the command cannot be taken apart.
    """
    if probe.kind is ProbeKind.FILE:
        words: tuple[str, ...] = ("test", "-f", probe.target)
    else:
        words = words_of(probe.target)
    if probe.container.startswith("-"):
        raise _unreadable("the container's name begins with a dash", "correct `service_name:`")
    return ("docker", "exec", probe.container, *words) if probe.container else words


def words_of(command: str) -> tuple[str, ...]:
    """`command` taken apart as a shell does, where it needs no shell to mean what it says.

    Raises:
        Unusable: it does, it has a quote without an end, or it is empty.
    """
    shell = shell_syntax_in(command)
    if shell:
        raise _unreadable(
            f"the check uses shell syntax (`{visible(shell)}`), and no shell runs it",
            "write it as `sh -c '…'` in services.yaml",
        )
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise _unreadable(
            f"the check cannot be taken apart: {str(error).lower()}",
            "close the quote in services.yaml",
        ) from None
    if not words or not words[0]:
        raise _unreadable("the check is empty", "give `health_endpoint:` a command")
    return words


def shell_syntax_in(command: str) -> str:
    """What only a shell would understand in `command`; empty where there is nothing."""
    quote = ""
    at = 0
    while at < len(command):
        character = command[at]
        if character == "\\" and quote != "'":
            at += 2
            continue
        if character in "'\"" and quote in ("", character):
            quote = "" if quote else character
        elif quote != "'":
            if character == "`" or _VARIABLE.match(command, at):
                return command[at : at + 2] if character == "$" else character
            if not quote and character in _UNQUOTED:
                pair = command[at : at + 2]
                return pair if pair in ("&&", "||", ">>", "<<") else character
        at += 1
    return ""


def _unreadable(cause: str, remedy: str) -> Unusable:
    return Unusable(
        FailureKind.SETTINGS, cause, expected="a program and its arguments", remedy=remedy
    )


def judged(probe: Probe, result: SshResult) -> ProbeResult | None:
    """What the end of the check says of the service; `None`: there is no such container.

    Raises:
        Unusable: nothing was learned of the service.
    """
    if probe.container and result.exit_status != 0:
        said = result.stderr + b"\n" + result.stdout
        _refuse_docker(probe, said)
        if _NO_CONTAINER.search(result.stderr):
            return None
        state = _NOT_RUNNING.search(result.stderr)
        if state is not None:
            how = (state.group(1) or b"not running").decode("ascii").lower()
            container = visible(probe.container, cells=60)
            return _result(probe, result, Verdict.UNHEALTHY, f"the container {container} is {how}")
        if _NO_EXEC.search(result.stderr):
            raise _not_let_in(probe, result)
    return _file(probe, result) if probe.kind is ProbeKind.FILE else _command(probe, result)


def no_container(probe: Probe) -> ProbeResult:
    """Docker has none of that name, nor replicas of it."""
    said = f"there is no container {visible(probe.container, cells=60)}"
    return ProbeResult(probe=probe, verdict=Verdict.UNHEALTHY, said=said)


def _refuse_docker(probe: Probe, said: bytes) -> None:
    """Pass what is the word of the command in the container, or of docker about that.

    Raises:
        Unusable: docker itself is missing, does not run or does not let us in.
    """
    host = visible(probe.host, cells=60)
    if _NO_RIGHTS.search(said):
        raise Unusable(
            FailureKind.FORBIDDEN,
            f"docker on {host} does not let this login in",
            remedy="add the login to the group docker there, "
            "or set `sudo: true` for the host in services.yaml",
        )
    if _NO_DAEMON.search(said):
        raise Unusable(
            FailureKind.REFUSED,
            f"the docker daemon on {host} does not run",
            remedy="start it there: `systemctl start docker`",
        )
    if _NO_DOCKER.search(said):
        raise Unusable(
            FailureKind.NOT_SERVED,
            f"there is no program docker on {host}, or not in its PATH",
            remedy="install docker there, or correct the type of the service",
        )


def _not_let_in(probe: Probe, result: SshResult) -> Unusable:
    """Docker runs and did not begin the command, for a reason that is not the container's."""
    return Unusable(
        FailureKind.STATUS,
        f"docker on {visible(probe.host, cells=60)} did not run it: {_said(result)}",
        remedy="run the command there, and look at `journalctl -u docker`",
    )


def _file(probe: Probe, result: SshResult) -> ProbeResult:
    where = visible(probe.container or probe.host, cells=60)
    path = visible(probe.target, cells=60)
    if result.exit_status == 0:
        return _in_time(probe, result, f"{path} found")
    if result.exit_status == 1:
        return _result(probe, result, Verdict.UNHEALTHY, f"{path} not found on {where}")
    raise _not_run(probe, result, "test")


def _command(probe: Probe, result: SshResult) -> ProbeResult:
    words = words_of(probe.target)
    program = words[0].rpartition("/")[2]
    status = result.exit_status
    if status in (NOT_FOUND, NOT_RUNNABLE):
        raise _not_run(probe, result, program)
    if program == "pg_isready" and status == 3:
        raise Unusable(
            FailureKind.SETTINGS,
            f"pg_isready did not try: {_said(result) or 'status 3'}",
            remedy="correct the arguments of the check in services.yaml",
        )
    if status != 0:
        said = _said(result)
        told = f"exit {status} in {took(result.took_s)}" + (f": {said}" if said else "")
        return _result(probe, result, Verdict.UNHEALTHY, told)
    said = last_line(result.stdout, SAID_CELLS)
    # `redis-cli` ends with 0 for an error of the server too: LOADING, NOAUTH, MASTERDOWN.
    if program in _REDIS and words[-1].lower() == "ping" and said != "PONG":
        said = said or "nothing"
        told = f"answered {said}, expected PONG"
        return _result(probe, result, Verdict.UNHEALTHY, told)
    return _in_time(probe, result, said or "exit 0")


def _not_run(probe: Probe, result: SshResult, program: str) -> Unusable:
    where = f"in the container {probe.container}" if probe.container else f"on {probe.host}"
    shown, named = visible(program, cells=40), visible(where, cells=60)
    said = _said(result)
    if _speaks_itself(probe, result, program):
        cause = f"{shown} {named} ended with status {result.exit_status}: {said}"
    elif result.exit_status == NOT_FOUND or _MISSING_INSIDE.search(result.stderr + result.stdout):
        cause = f"there is no program {shown} {named}"
    elif result.exit_status == NOT_RUNNABLE:
        cause = f"the program {shown} cannot be run {named}" + (f": {said}" if said else "")
    else:
        ended = f"{shown} {named} ended with status {result.exit_status}"
        cause = ended + (f": {said}" if said else "")
    return Unusable(
        FailureKind.NOT_SERVED,
        cause,
        remedy="install it there, or correct the check in services.yaml",
    )


def _speaks_itself(probe: Probe, result: SshResult, program: str) -> bool:
    """Whether the program was run and misses another one: `sh: 1: redis-cli: not found`."""
    if probe.kind is ProbeKind.FILE:
        return False
    said = last_line(result.stderr)
    return said.startswith((f"{words_of(probe.target)[0]}: ", f"{program}: "))


def _said(result: SshResult) -> str:
    return last_line(result.stderr, SAID_CELLS) or last_line(result.stdout, SAID_CELLS)


def _in_time(probe: Probe, result: SshResult, what: str) -> ProbeResult:
    said = f"{what} in {took(result.took_s)}"
    slow_s = None if probe.slow is None else probe.slow.total_seconds()
    if slow_s is not None and result.took_s > slow_s:
        said = f"{said}, slower than {took(slow_s)}"
        slow = _result(probe, result, Verdict.UNHEALTHY, said)
        return msgspec.structs.replace(slow, too_slow=True)
    return _result(probe, result, Verdict.HEALTHY, said)


def _result(probe: Probe, result: SshResult, verdict: Verdict, said: str) -> ProbeResult:
    return ProbeResult(
        probe=probe,
        verdict=verdict,
        said=said,
        latency=timedelta(seconds=result.took_s),
    )
