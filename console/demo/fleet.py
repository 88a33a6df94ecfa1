"""The demo's fleet: every server of one world, on loopback, on the running event loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from console.demo.alertmanager import AlertmanagerApi, ClusterMember
from console.demo.chat import PATH, ChatApi
from console.demo.health import ServiceApi
from console.demo.inventory import HOSTS, SERVICES, TLS_SERVICES, ServiceSpec
from console.demo.metrics import CORE, EDGE
from console.demo.prometheus import PrometheusApi
from console.demo.scenarios import DEFAULT
from console.demo.script import Scenario
from console.demo.server import LOOPBACK, HttpListener, Listener, PingListener
from console.demo.settings import STATE, Endpoints, source_name, write_settings
from console.demo.wire import Answer, Handler, Request
from console.demo.world import COMPONENTS, World
from console.safety.clock import Clock, SystemClock
from console.safety.files import make_scratch_dir, private_dir, remove_scratch_dir

if TYPE_CHECKING:
    from console.demo.certificates import Authority
    from console.demo.hosts import HostServers
    from console.journal.judge import Ground

JOURNAL = "journal"
"""The folder of its journal, in that of everything that the demo keeps for itself."""
SHELF = "runbooks"
"""That of the team's own runbooks, beside it."""
MEMBERS = ("alertmanager-a", "alertmanager-b")
PEERS = ("am-a", "am-b")


class DemoFleet:
    """A world and the servers that tell of it.

    `start()` opens the ports and writes the settings folder; `stop()` gives everything back.
    """

    def __init__(
        self,
        scenario: str | Scenario = DEFAULT,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        settings_dir: Path | None = None,
        base_port: int | None = None,
        ssh: bool = True,
        history_after_s: float | None = None,
    ) -> None:
        """
        Args:
            settings_dir: where the settings are written; a temporary folder when not given.
            base_port: the first of a row of ports, one a service and then one a host; free
                ones when not given.
            ssh: whether the hosts answer SSH too.
            history_after_s: how long after the start the history of the days before is written
                into the state; 0: before it is over. It takes a quarter of a second. `None`:
                not at all.

        Raises:
            KeyError: no scenario has that name.
            ValueError: `speed` is not a positive number.
        """
        self._ssh = ssh
        self._history_after_s = history_after_s
        self._hosts: HostServers | None = None
        self._scratch: Path | None = None
        self._authority: Authority | None = None
        self._certified: dict[str, float] = {}
        self._clock = clock or SystemClock()
        self.chat = ChatApi()
        self._chat: Listener | None = None
        self.world = World(scenario, self._clock, speed)
        self._own_dir = settings_dir is None
        self._settings_dir = settings_dir
        self._base_port = base_port
        self._listeners: dict[str, Listener] = {}
        self._handlers: dict[str, Handler] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[object]] = []
        self._keeping: asyncio.Future[bool] | None = None

    @property
    def settings_dir(self) -> Path:
        """The settings folder of the running demo.

        Raises:
            RuntimeError: it has not been started.
        """
        if self._settings_dir is None:
            raise RuntimeError("the demo has no settings folder before it is started")
        return self._settings_dir

    async def start(self) -> Endpoints:
        """Open every port, write the settings, and from then on follow the script.

        Raises:
            OSError: a port of `base_port` is taken.
            FileError: the settings cannot be written.
        """
        try:
            for number, service in enumerate(SERVICES):
                port = 0 if self._base_port is None else self._base_port + number
                self._listeners[service.name] = self._listener(service, port)
            last = 0 if self._base_port is None else self._base_port + len(SERVICES) + len(HOSTS)
            self._chat = HttpListener(self.chat, self._clock, self.world.now, last)
            await self._chat.open()
            self._scratch = make_scratch_dir("oncall-demo-")
            # git works in processes of its own, while this one makes certificates and keys.
            past = asyncio.create_task(self._write_past(self._scratch), name="demo journal")
            shelf = asyncio.create_task(self._write_shelf(self._scratch), name="demo runbooks")
            self._tasks += [past, shelf]
            # Late: with what they stand on they take 0.2 s to import.
            from console.demo.certificates import Authority

            self._authority = Authority(self._scratch, self.world.start.wall)
            self._certify()
            if self._ssh:
                await self._open_hosts()
            endpoints = self._endpoints()
            self._install(endpoints)
            if self._settings_dir is None:
                self._settings_dir = private_dir(self._scratch / "settings")
            journal, runbooks = self._scratch / JOURNAL, self._scratch / SHELF
            write_settings(self._settings_dir, self.world, endpoints, journal, runbooks)
            if self._hosts is not None:
                self._hosts.write_keys(self._settings_dir)
            await self.follow()
            ground = await past
            await shelf
            await self._remember()
            if self._history_after_s == 0:
                await self._write_history(0)
        except BaseException:
            await self.stop()
            raise
        self.world.on_change(self._changed.set)
        self._tasks.append(asyncio.create_task(self._keep_following(), name="demo script"))
        if self._history_after_s:
            remembering = self._write_history(self._history_after_s)
            self._tasks.append(asyncio.create_task(remembering, name="demo history"))
        if ground is not None:
            self._tasks.append(asyncio.create_task(self._visit(ground), name="demo colleague"))
        return endpoints

    async def stop(self) -> None:
        """Shut every port and remove what was written into a temporary folder."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._keeping is not None:
            # A thread is not cancelled, and would write into a folder that is gone.
            await asyncio.gather(self._keeping, return_exceptions=True)
        hosts, self._hosts = self._hosts, None
        if hosts is not None:
            await hosts.close()
        for listener in (*self._listeners.values(), self._chat):
            if listener is not None:
                await listener.release()
        self._listeners.clear()
        self._chat = None
        if self._scratch is not None:
            remove_scratch_dir(self._scratch)
            self._scratch = None
        if self._own_dir:
            self._settings_dir = None

    async def follow(self) -> None:
        """Open and shut ports as the world has it now."""
        self._certify()
        if self._hosts is not None:
            await self._hosts.follow()
        for name, listener in self._listeners.items():
            wanted = self.world.listens(name)
            if wanted and not listener.is_open:
                await listener.open()
            elif not wanted and listener.is_open:
                await listener.shut()

    async def _keep_following(self) -> None:
        while True:
            self._changed.clear()
            # Asked before, so that a turn that comes meanwhile is not missed.
            now_s = self.world.now_s()
            await self.follow()
            later = [turn for turn in self.world.turns() if turn > now_s]
            changed = asyncio.ensure_future(self._changed.wait())
            waits: set[asyncio.Future[object]] = {changed}  # type: ignore[arg-type]
            if later:
                # A little late rather than early: the script counts whole seconds.
                wait_s = max(0.0, self.world.seconds_until(later[0])) + 0.01
                waits.add(asyncio.ensure_future(self._clock.sleep(wait_s)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    async def _write_past(self, scratch: Path) -> Ground | None:
        from console.demo.journal import make_journal

        return await make_journal(scratch / JOURNAL, self.world.start.wall)

    async def _write_shelf(self, scratch: Path) -> None:
        from console.demo.shelf import make_shelf

        await make_shelf(scratch / SHELF, self.world.start.wall)

    async def _write_history(self, after_s: float) -> None:
        from console.demo.kept import keep_past

        await self._clock.sleep(after_s)
        state = self.settings_dir / STATE
        self._keeping = asyncio.ensure_future(asyncio.to_thread(keep_past, state, self.world))
        await asyncio.shield(self._keeping)

    async def _remember(self) -> None:
        from console.demo.shelf import remember_last_run

        state = self.settings_dir / STATE
        await asyncio.to_thread(remember_last_run, state, self.world.start.wall)

    async def _visit(self, ground: Ground) -> None:
        from console.demo.journal import Colleague

        knows_redis = self.world.scenario.name == "redis-down"
        await Colleague(ground, self._clock, knows_redis=knows_redis).watch()

    async def _open_hosts(self) -> None:
        from console.demo.hosts import HostServers

        if self._scratch is None:
            raise RuntimeError("the hosts' shells need a folder")
        base = None if self._base_port is None else self._base_port + len(SERVICES)
        ports = frozenset(listener.port for listener in self._listeners.values())
        self._hosts = HostServers(self.world, self._clock, self._scratch, ports, base)
        await self._hosts.open()

    def _certify(self) -> None:
        """Give each TLS endpoint the certificate that it has now."""
        for name in TLS_SERVICES if self._authority is not None else ():
            ends_s = self.world.certificate_end_s(name)
            if self._certified.get(name) == ends_s or self._authority is None:
                continue
            self._certified[name] = ends_s
            listener = self._listeners[name]
            # A hurried script has days of the usual length.
            ends_at = self.world.start.wall + timedelta(seconds=ends_s)
            listener.tls = self._authority.certified(listener.tls, name, ends_at)

    def _listener(self, service: ServiceSpec, port: int) -> Listener:
        if service.name == "redis":
            return PingListener(port)
        if service.health is None:
            return Listener(port)
        return HttpListener(self._handler_of(service.name), self._clock, self.world.now, port)

    def _handler_of(self, name: str) -> Handler:
        """The handler that is installed once all ports are known."""

        def handle(request: Request) -> Answer:
            return self._handlers[name](request)

        return handle

    def _endpoints(self) -> Endpoints:
        ports = tuple((name, listener.port) for name, listener in self._listeners.items())
        urls = {name: f"http://{LOOPBACK}:{port}" for name, port in ports}
        ca = None if self._authority is None else self._authority.file
        return Endpoints(
            tuple((source_name(server), urls[COMPONENTS[server]]) for server in (CORE, EDGE)),
            tuple(urls[member] for member in MEMBERS),
            ports,
            () if self._hosts is None else self._hosts.ports,
            ca,
            "" if self._chat is None else f"http://{LOOPBACK}:{self._chat.port}{PATH}",
        )

    def _install(self, endpoints: Endpoints) -> None:
        world = self.world
        for service in SERVICES:
            self._handlers[service.name] = ServiceApi(world, service)
        urls = {server: endpoints.url_of(name) for server, name in COMPONENTS.items()}
        for server, name in COMPONENTS.items():
            api = PrometheusApi(world, server, endpoints.alertmanager)
            self._handlers[name] = api
        cluster = tuple(
            ClusterMember(name, peer, f"{LOOPBACK}:{endpoints.port_of(name)}")
            for name, peer in zip(MEMBERS, PEERS, strict=True)
        )
        for member in cluster:
            self._handlers[member.service] = AlertmanagerApi(world, member, cluster, urls)
