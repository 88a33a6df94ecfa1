"""Finding the settings folder and reading it: all of it, or every fault at once."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from config.checks import FilterFault, HostFaults, KeyFaults, check_settings
from config.fault import Fault, SettingsFaults
from config.kinds import base_url_fault
from config.policy import policy_of
from config.registry import registry_of
from config.schema import AlertmanagerSource, PrometheusSource, Settings, Sources
from config.services import HostEntry, ServicesFile
from config.services_checks import check_services, names_of, runs_on_fault, via_fault
from config.validate import Checked
from config.yaml_nodes import MAX_BYTES, read
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.registry import Registry
from console.safety.files import FileError, read_capped
from console.safety.text import Raw, visible

SETTINGS_FILE: Final = "oncall.yaml"
SERVICES_FILE: Final = "services.yaml"
USUAL_WATCHDOG: Final = (Matcher("alertname", Raw("Watchdog")),)
"""What kube-prometheus and most others call the alert that always fires."""


class Loaded(msgspec.Struct, frozen=True):
    """Settings without a fault, and what follows from them."""

    settings: Settings
    registry: Registry
    policy: Policy
    folder: Path | None
    """Where they were read; `None` for those that were made from a URL."""


def find_folder(given: Path | None, environ: Mapping[str, str] | None = None) -> Path | None:
    """The settings folder: `given`, `$ONCALL_CONFIG`, the user's own, the machine's.

    The first two are taken as they are, the others where they hold `oncall.yaml`. Never the
    current directory: settings may run commands. `None`: there is none.
    """
    environ = os.environ if environ is None else environ
    named = given or (Path(environ["ONCALL_CONFIG"]) if environ.get("ONCALL_CONFIG") else None)
    if named is not None:
        return named.absolute()
    own = user_folder(environ)
    for folder in (own, Path("/etc/oncall")):
        if folder is not None and (folder / SETTINGS_FILE).is_file():
            return folder
    return None


def user_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """`$XDG_CONFIG_HOME/oncall`, `~/.config/oncall` by default; `None` without a home."""
    environ = os.environ if environ is None else environ
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    if base.is_absolute():  # the XDG specification has a relative one ignored
        return base / "oncall"
    home = Path(environ.get("HOME", ""))
    return home / ".config" / "oncall" if home.is_absolute() else None


def load(
    folder: Path,
    key_faults: KeyFaults | None = None,
    filter_fault: FilterFault | None = None,
) -> Loaded:
    """All that stands in `folder`; `services.yaml` may be missing.

    Args:
        key_faults: judges the remapped keys, for who knows the actions.
        filter_fault: judges `notice.filter`, for who can read filters.

    Raises:
        SettingsFaults: with every fault of both files.
    """
    if not folder.is_dir():
        where = visible(str(folder))
        message = f"expected a settings folder at {where}; `oncall init` makes one"
        raise SettingsFaults([Fault(SETTINGS_FILE, 0, 0, "", message)])
    faults: list[Fault] = []
    services_faults: list[Fault] = []
    settings: Settings | None = None
    services: ServicesFile | None = ServicesFile()
    # The settings name hosts of the registry, so that is read first; its faults are told last.
    if (folder / SERVICES_FILE).exists() or (folder / SERVICES_FILE).is_symlink():
        content = _content(folder, SERVICES_FILE, services_faults)
        services = None if content is None else parse_services(content, services_faults, folder)
    content = _content(folder, SETTINGS_FILE, faults)
    if content is not None:
        # Where the registry has faults, a host may be missing for one of them.
        known = None if services_faults else services
        settings = _settings(content, folder, key_faults, filter_fault, known, faults)
    faults += services_faults
    if faults or settings is None or services is None:
        raise SettingsFaults(faults)
    return Loaded(settings, registry_of(services), policy_of(settings), folder)


def parse_services(
    content: bytes, faults: list[Fault], folder: Path | None = None
) -> ServicesFile | None:
    """`content` as the registry's file; what is wrong with it is added to `faults`."""
    root = read(content, SERVICES_FILE)
    if isinstance(root, tuple):
        faults += root
        return None
    checked = Checked(SERVICES_FILE, root, ServicesFile, folder)
    check_services(checked)
    faults += checked.faults
    return checked.value


def from_prometheus(prometheus: Iterable[str], alertmanagers: Iterable[str] = ()) -> Loaded:
    """Settings for `oncall --prometheus URL`: nothing is known but where to ask.

    Several `prometheus` are sources of their own, all `alertmanagers` the members of one
    cluster. The environment is called after the first URL's host and path. A watchdog is
    expected of a server that has a rule called `Watchdog`.

    Raises:
        SettingsFaults: a URL that cannot be asked.
    """
    servers, members = list(prometheus), list(alertmanagers)
    faults = []
    for option, urls in (("--prometheus", servers), ("--alertmanager", members)):
        for url in urls:
            fault = base_url_fault(url)
            if fault is not None:
                fault = fault.replace(
                    "go under `auth`", "go into a settings folder (`oncall init`)"
                )
                faults.append(Fault(option, 0, 0, "", fault))
    if not servers and not members:
        faults.append(Fault("--prometheus", 0, 0, "", "expected a URL, got none"))
    if faults:
        raise SettingsFaults(faults)
    sources = Sources(
        prometheus=tuple(
            PrometheusSource(name=_numbered("prometheus", index), url=url, watchdog=None)
            for index, url in enumerate(dict.fromkeys(servers))
        ),
        alertmanager=(
            (AlertmanagerSource(name="alertmanager", members=tuple(dict.fromkeys(members))),)
            if members
            else ()
        ),
    )
    environment = environment_of((servers + members)[0])
    settings = Settings(environment=environment, sources=sources)
    policy = msgspec.structs.replace(
        policy_of(settings),
        watchdogs=tuple((source.name, USUAL_WATCHDOG) for source in sources.prometheus),
        watchdogs_by_rule=True,
    )
    return Loaded(settings, Registry(), policy, None)


def environment_of(url: str) -> str:
    """The host of `url`, with its port and path where it has some, as an environment's name.

    The path belongs to it: the tenants of one Mimir are no environment together.
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    if parts.port is not None:
        name += f"-{parts.port}"
    name += parts.path.rstrip("/")
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("-._")
    if len(safe) > 64:
        safe = f"{safe[:55]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return safe.rstrip("-._") or "default"


def _numbered(name: str, index: int) -> str:
    return name if index == 0 else f"{name}-{index + 1}"


def _content(folder: Path, name: str, faults: list[Fault]) -> bytes | None:
    path = folder / name
    try:
        content = read_capped(path, MAX_BYTES)
        if any(stat.S_IMODE(each.stat().st_mode) & stat.S_IWOTH for each in (path, folder)):
            message = "everybody may write it, and settings may run commands: chmod o-w it"
            faults.append(Fault(name, 0, 0, "", message))
            return None
    except FileError as error:
        where = visible(str(folder))
        message = f"{visible(error.problem)} in {where} (expected {error.expected})"
        faults.append(Fault(name, 0, 0, "", message))
        return None
    except OSError as error:
        faults.append(Fault(name, 0, 0, "", f"cannot be read: {error.strerror}"))
        return None
    return content


def _settings(
    content: bytes,
    folder: Path,
    key_faults: KeyFaults | None,
    filter_fault: FilterFault | None,
    services: ServicesFile | None,
    faults: list[Fault],
) -> Settings | None:
    root = read(content, SETTINGS_FILE)
    if isinstance(root, tuple):
        faults += root
        return None
    checked = Checked(SETTINGS_FILE, root, Settings, folder)
    host_faults = None if services is None else _host_faults(services.hosts)
    # Without a registry the services are those that Prometheus scrapes: their names may be any.
    known = None if services is None else names_of(services) or None
    check_settings(checked, key_faults, host_faults, filter_fault, known)
    faults += checked.faults
    return checked.value


def _host_faults(hosts: tuple[HostEntry, ...]) -> HostFaults:
    known = [host.name for host in hosts]
    return HostFaults(
        lambda via: via_fault(via, hosts, known), lambda name: runs_on_fault(name, hosts, known)
    )
