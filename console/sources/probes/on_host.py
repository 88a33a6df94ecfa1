"""Running the checks of kinds COMMAND and FILE, on a host or in its containers."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from console.model.failure import FailureKind
from console.model.host import is_replica
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.safety.ssh import Command, SshResult
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.ended import refuse_sudo, refuse_unfinished
from console.sources.probes.command import argv_of, judged, no_container
from console.sources.reach import Reach

ON_HOSTS: Final = (ProbeKind.COMMAND, ProbeKind.FILE)
MAX_OUTPUT_BYTES: Final = 64 * 1024
MAX_REPLICAS: Final = 4
"""More containers of one service are not asked one by one; their states are looked at anyway."""

_NAMES: Final = ("docker", "ps", "-a", "--format", "{{.Names}}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}\Z")


class HostProber:
    """Asks on hosts, and knows which containers stand for a service that runs in several."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._replicas: dict[tuple[str, str], tuple[str, ...]] = {}

    async def ask(self, probe: Probe) -> ProbeResult:
        """What `probe` learns now; of several replicas the first no.

        Raises:
            SshFailure: there was no answer.
            Unusable: nothing was learned of the service.
        """
        key = (probe.host, probe.container)
        answer = await self._ask_all(probe, self._replicas.get(key, (probe.container,)))
        if answer is None:
            self._replicas[key] = await self._look_for_replicas(probe)
            answer = await self._ask_all(probe, self._replicas[key])
        if answer is None:
            del self._replicas[key]
            return no_container(probe)
        return answer

    def can(self, probe: Probe) -> bool:
        """Whether there is a way onto the host of `probe`."""
        return self._reach.can(probe.host)

    def typed(self, probe: Probe) -> str:
        """The command that a person types to see for himself; empty where there is none."""
        try:
            argv = argv_of(probe)
        except Unusable:
            return ""
        return self._reach.typed(
            probe.host, ("sudo", "-n", *argv) if self._by_sudo(probe) else argv
        )

    async def _ask_all(self, probe: Probe, containers: tuple[str, ...]) -> ProbeResult | None:
        """What the first says that says no, else the last; `None` where one is not there."""
        answer: ProbeResult | None = None
        for name in containers:
            one = msgspec.structs.replace(probe, container=name)
            answer = judged(one, await self._run(one, argv_of(one)))
            if answer is None:
                return None
            if len(containers) > 1:
                place = visible(name, cells=60)
                no = answer.verdict is Verdict.UNHEALTHY
                said = f"{place}: {answer.said}" if no else f"all {len(containers)}: {answer.said}"
                answer = msgspec.structs.replace(answer, said=said)
            answer = msgspec.structs.replace(answer, probe=probe)
            if answer.verdict is Verdict.UNHEALTHY:
                break
        return answer

    async def _look_for_replicas(self, probe: Probe) -> tuple[str, ...]:
        result = await self._run(probe, _NAMES)
        if not result.succeeded:
            raise Unusable(
                FailureKind.STATUS,
                f"docker on {visible(probe.host, cells=60)} did not tell which containers it has",
                remedy="run `docker ps -a` there",
            )
        names = result.stdout.decode("utf-8", "replace").split()
        others = self._reach.containers_on(probe.host) - {probe.container}
        found = [
            name
            for name in names
            if _NAME.match(name) and is_replica(name, probe.container, others)
        ]
        return tuple(sorted(found)[:MAX_REPLICAS])

    async def _run(self, probe: Probe, argv: tuple[str, ...]) -> SshResult:
        timeout_s = probe.timeout.total_seconds()
        sudo = self._by_sudo(probe)
        result = await self._reach.run(
            probe.host,
            Command(argv, sudo=sudo),
            timeout_s=timeout_s,
            max_bytes=MAX_OUTPUT_BYTES,
        )
        refuse_unfinished(result, timeout_s)
        if sudo:
            refuse_sudo(result, probe.host)
        return result

    def _by_sudo(self, probe: Probe) -> bool:
        """Docker may need rights that the login has not; the team's own command runs as is."""
        host = self._reach.host(probe.host)
        return bool(probe.container) and host is not None and host.sudo
