"""The connections that `ssh` keeps open for us: found, opened, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from console.safety.files import (
    FileError,
    make_scratch_dir,
    remove_scratch_dir,
    remove_scratch_file,
    socket_dir,
)
from console.safety.http.slots import Slots
from console.safety.ssh import openssh_argv as argv
from console.safety.ssh.openssh_fault import (
    failed,
    fingerprint_in,
    last_line,
    opening_failure,
    refusals_in,
    refused_there,
)
from console.safety.ssh.openssh_program import asked, written_to
from console.safety.ssh.options import SshFailure, SshFault, SshOptions, SshRoute, proxy_jump
from console.safety.text import visible

CHANNELS: Final = 4
"""Commands at once on one connection; `MaxSessions` is 10 where nobody set it."""
OPENING: Final = 5
DOUBTFUL_OPENING: Final = 5
MAX_HOPS: Final = 8
MAX_SOCKET_CHARS: Final = 85
"""A socket's address has 104 bytes at least; while it is made ssh adds 17 to its name."""


class Master:
    """One connection that is open, as far as anybody knows."""

    def __init__(self, route: SshRoute, way: argv.Way, *, ours: bool) -> None:
        self.route = route
        self.way = way
        self.ours = ours
        """Opened by us and not by a person: ours to end."""
        self.channels = asyncio.Semaphore(CHANNELS)

    def log_size(self) -> int:
        """Where its log ends now."""
        with contextlib.suppress(OSError):
            return 0 if self.way.log is None else self.way.log.stat().st_size
        return 0

    def log_since(self, size: int) -> str:
        """What was written to its log after it had `size`; empty for one of a person's."""
        return written_to(self.way.log, size)


class Masters:
    """At most one connection for a route. They belong to one event loop."""

    def __init__(self, options: SshOptions) -> None:
        self._options = options
        self._kept: dict[SshRoute, Master] = {}
        self._opening: dict[SshRoute, asyncio.Task[Master]] = {}
        self._slots = Slots(OPENING, DOUBTFUL_OPENING)
        self._folder: Path | None = None

    async def to(self, route: SshRoute, hops: int = 0) -> Master:
        """The connection to `route`, opened if need be. Callers at once share one attempt.

        Raises:
            SshFailure: it cannot be opened; `host` is the one on the way at which it failed.
        """
        kept = self._kept.get(route)
        if kept is not None:
            return kept
        task = self._opening.get(route)
        if task is None:
            task = _started(self._opened(route, hops))
            self._opening[route] = task
            task.add_done_callback(lambda _: self._opening.pop(route, None))
        # Who loses patience leaves the attempt to the others; it has a deadline of its own.
        return await asyncio.shield(task)

    def forget(self, master: Master) -> None:
        """Do not use `master` any more: it was seen to be gone."""
        if self._kept.get(master.route) is master:
            del self._kept[master.route]

    async def lives(self, master: Master) -> bool:
        """Whether `master` is still there."""
        return await self._answers(master.route, master.way)

    async def aclose(self) -> None:
        """End the connections that are ours. A person's stay."""
        opening = list(self._opening.values())
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        kept, self._kept = list(self._kept.values()), {}
        await asyncio.gather(*map(self.end, kept))
        if self._folder is not None:
            remove_scratch_dir(self._folder)
            self._folder = None

    async def end(self, master: Master) -> None:
        """Use `master` no more; and end it, if it is ours."""
        self.forget(master)
        if not master.ours:
            return
        with contextlib.suppress(SshFailure):
            await asked(master.route, argv.using(master.route, master.way, flags=("-O", "exit")))

    async def _opened(self, route: SshRoute, hops: int) -> Master:
        argv.require_plain(route)
        if hops > MAX_HOPS:
            raise failed(route, SshFault.SETTINGS, f"is more than {MAX_HOPS} hops away")
        target = f"{route.user}@{route.address}:{route.port}"
        persons = self._persons(route)
        if persons is not None:
            way = argv.Way(persons, None)
            if await self._answers(route, way):
                return self._keep(Master(route, way, ours=False))
        jump = route.jump or await self._configured_jump(route)
        for _ in range(2):
            over = None if jump is None else await self._jump(route, jump, hops)
            slot = await self._slots.take(target)
            failure: SshFailure | None = None
            try:
                master = await self._open(route, over)
            except SshFailure as error:
                failure = error
            finally:
                slot.release()
            self._slots.note(target, failed=failure is not None)
            if failure is None:
                return self._keep(master)
            if over is None or await self.lives(over):
                break
            self.forget(over)
        assert failure is not None
        raise failure

    async def _jump(self, route: SshRoute, jump: SshRoute, hops: int) -> Master:
        try:
            return await self.to(jump, hops + 1)
        except SshFailure as error:
            way = f" (on the way to {visible(route.name, cells=60)})"
            raise SshFailure(
                error.kind, error.message + way, host=error.host, remedy=error.remedy
            ) from None

    async def _open(self, route: SshRoute, over: Master | None) -> Master:
        name = argv.name_of(route, self._options)
        folder = self._own_folder(route)
        way = argv.Way(folder / name, folder / f"{name}.log")
        hop_log = folder / f"{name}.hop"
        by = None if over is None else argv.hop(over.route, over.way, hop_log)
        for old in (way.socket, way.log, hop_log):
            if old is not None:
                remove_scratch_file(old)
        size = 0 if over is None else over.log_size()
        result = await asked(
            route,
            argv.opening(route, self._options, way, by=by),
            timeout_s=self._options.connect_timeout_s + 1.0,
            leaves_server=True,
        )
        if result.succeeded:
            return Master(route, way, ours=True)
        if over is not None and (hop := written_to(hop_log)):
            raise _not_through(route, over, hop, over.log_since(size))
        log = written_to(way.log)
        if not log and result.timed_out:
            within = f"{self._options.connect_timeout_s:g} s"
            raise failed(
                route,
                SshFault.TIMEOUT,
                f"did not let us in within {within}",
                "look at the load of that host; `ssh: connect_timeout:` sets the deadline",
            )
        fallback = result.stderr.decode("utf-8", "replace")
        failure = opening_failure(route, self._options, log, fallback, self._by_hand(route))
        if failure.kind is SshFault.HOST_KEY_UNKNOWN:
            fingerprint = await self._fingerprint(route, way, by)
            if fingerprint:
                failure = failed(
                    route, failure.kind, f"shows a host key that is not known here ({fingerprint})",
                    failure.remedy,
                )  # fmt: skip
        return _raised(failure)

    async def _fingerprint(self, route: SshRoute, way: argv.Way, by: list[str] | None) -> str:
        """Of the key that is shown; ssh tells an unknown one only to those who ask for more."""
        log = way.socket.with_suffix(".key")
        remove_scratch_file(log)
        words = argv.opening(route, self._options, argv.Way(way.socket, log), by=by, verbose=True)
        with contextlib.suppress(SshFailure):
            await asked(route, words, timeout_s=self._options.connect_timeout_s + 1.0)
        return fingerprint_in(written_to(log))

    async def _configured_jump(self, route: SshRoute) -> SshRoute | None:
        """The way that the client configuration has for `route`.

        `ssh` would go it by itself, with its own questions and with host keys checked as the
        configuration likes; so we go it.
        """
        if self._options.config == "":
            return None
        result = await asked(route, argv.asking(route, self._options))
        if not result.succeeded:
            words = last_line(result.stderr.decode("utf-8", "replace"))
            raise failed(
                route,
                SshFault.SETTINGS,
                f"ssh does not understand its configuration ({words})",
                "correct the SSH client configuration",
            )
        said = argv.told(result.stdout.decode("utf-8", "replace").splitlines())
        written = said.get("proxyjump", "none")
        try:
            return proxy_jump(written, "openssh")
        except ValueError:
            raise failed(
                route,
                SshFault.SETTINGS,
                f"cannot read its ProxyJump {visible(written, cells=80)!r}",
                "give the host a `jump:` in services.yaml",
            ) from None

    async def _answers(self, route: SshRoute, way: argv.Way) -> bool:
        words = argv.using(route, way, flags=("-O", "check"))
        return (await asked(route, words)).succeeded

    def _keep(self, master: Master) -> Master:
        self._kept[master.route] = master
        return master

    def _by_hand(self, route: SshRoute) -> str:
        sockets: dict[str, Path] = {}
        step: SshRoute | None = route
        while step is not None:
            persons = self._persons(step)
            if persons is None:
                return "ssh " + visible(route.address)
            sockets[argv.name_of(step, self._options)] = persons
            step = step.jump
        mine = sockets[argv.name_of(route, self._options)]
        return argv.by_hand(route, self._options, mine, sockets)

    def _persons(self, route: SshRoute) -> Path | None:
        """Where a person would have opened it; `None` where there is no safe place."""
        folder = socket_dir(os.environ, MAX_SOCKET_CHARS - 17)
        return None if folder is None else folder / argv.name_of(route, self._options)

    def _own_folder(self, route: SshRoute) -> Path:
        if self._folder is None:
            try:
                self._folder = make_scratch_dir("oncall-")
            except FileError as error:
                raise failed(
                    route, SshFault.LOCAL, f"there is no place for its connection: {error}"
                ) from None
        if len(os.fsencode(self._folder)) + 17 > MAX_SOCKET_CHARS:
            raise failed(
                route,
                SshFault.LOCAL,
                f"the path {visible(str(self._folder), cells=120)} is too long for a socket",
                "set TMPDIR to a shorter one",
            )
        return self._folder


def _not_through(route: SshRoute, over: Master, hop: str, log: str) -> SshFailure:
    reasons = refusals_in(log)
    by = visible(over.route.name, cells=60)
    if refused_there(reasons):
        words = f"refused the connection from {by}"
        return failed(route, SshFault.REFUSED, words, "check that sshd runs there, and its port")
    why = visible(reasons[-1], cells=120) if reasons else last_line(hop)
    shown = visible(route.name, cells=60)
    return failed(
        over.route,
        SshFault.JUMP,
        f"did not let us through to {shown} ({why})",
        f"check from {by} that {shown} can be reached, and AllowTcpForwarding of its sshd",
    )


def _raised(failure: SshFailure) -> Master:
    raise failure


def _started(work: Coroutine[Any, Any, Master]) -> asyncio.Task[Master]:
    task = asyncio.ensure_future(work)
    # Everybody who waited may have left: nobody is to be told of an exception not retrieved.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
