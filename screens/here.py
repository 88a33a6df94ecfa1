"""What the cursor stands on, as far as its log and its shell are concerned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from config.load import Loaded
from console.engine.evidence_host import host_name_of
from console.engine.questions import held_before
from console.model.action import Action
from console.model.registry import LOCAL, host_cell
from console.model.snapshot import Cell, Snapshot
from console.model.state import State
from console.model.worklist import Row
from console.safety.text import visible

if TYPE_CHECKING:
    from console.sources.shell import Shell, Ways


class Subject(msgspec.Struct, frozen=True):
    """A service or a host, and the episode that made somebody look at it."""

    service: str | None
    """In the registry, or a host's cell; `None` where the row belongs to none."""
    since: datetime | None = None
    """When the episode began; `None` where nothing is wrong."""
    lead: timedelta = timedelta()
    """For how long the rule held before that."""
    what: str = ""
    """Safe to show: `ServiceDown`, what began then."""


def subject_of_row(row: Row, snapshot: Snapshot) -> Subject:
    """The service of a row; for one without, the host that its first alert names."""
    host = None if row.cell is not None else host_name_of(row, None, snapshot)
    service = host_cell(host) if host is not None else row.cell
    return Subject(service, row.since, held_before(row, snapshot), visible(row.title, cells=60))


def subject_of_cell(cell: Cell) -> Subject:
    """A service by itself, with the time since when it is not well."""
    since = None if cell.state is State.OK else cell.since
    return Subject(cell.service.name, since, what=cell.state.value)


def subject_of_place(name: str, snapshot: Snapshot) -> Subject | None:
    """A host by itself; `None` for a namespace and for what is nowhere, which have no log."""
    if snapshot.host_state(name) is None and all(one.name != name for one in snapshot.hosts):
        return None
    return Subject(host_cell(name))


class Doors:
    """Where the logs and shells of the present settings are; looked up, nothing is asked."""

    def __init__(self, login_shell: str, seen: Callable[[], Snapshot | None]) -> None:
        """
        Args:
            login_shell: `$SHELL`, as it stands in the environment.
            seen: the newest snapshot, in which workloads are looked up.
        """
        self._login_shell = login_shell
        self._seen = seen
        self._loaded: Loaded | None = None
        self._ways: Ways | None = None

    def ways(self, loaded: Loaded) -> Ways:
        """Made once for settings: there may be 20,000 services."""
        # Late: the first frame needs nothing of it.
        from console.sources.logs.place import Places
        from console.sources.reach import ssh_options
        from console.sources.shell import Ways, login_shell

        if self._ways is None or loaded is not self._loaded:
            clusters = loaded.settings.sources.kubernetes
            places = Places(loaded.registry, clusters, seen=self._seen)
            shell = login_shell(self._login_shell)
            self._ways = Ways(places, ssh_options(loaded.settings.ssh), shell)
            self._loaded = loaded
        return self._ways

    def why_no_log(self, subject: Subject | None, loaded: Loaded) -> str:
        """Why there is no log to read; empty where there is one."""
        if subject is None or subject.service is None:
            return "there is no service here" if subject is None else "it belongs to no service"
        place = self.ways(loaded).places.place_of(subject.service)
        return place if isinstance(place, str) else ""

    def shell(self, name: str | None, loaded: Loaded) -> Shell | str:
        """A shell where `name`, a service or a host, is; a string says why there is none."""
        from console.sources.shell import shell_of, shell_on

        if name is None:
            return "no host is known for it"
        ways = self.ways(loaded)
        if name == LOCAL or name in ways.places.hosts:
            return shell_on(name, ways)
        return shell_of(name, ways)

    def why_not(self, action: Action, subject: Subject | None, loaded: Loaded) -> str:
        """Why `L` or `!` does nothing here; empty for every other action."""
        if action.id == "row.logs":
            return self.why_no_log(subject, loaded)
        if action.id != "row.shell":
            return ""
        if subject is None:
            return "there is no host here"
        shell = self.shell(subject.service, loaded)
        return shell if isinstance(shell, str) else ""
