"""`oncall check`, `oncall schema` and `oncall init`: everything about the settings folder."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import click

from config.fault import Fault, SettingsFaults
from config.kinds import base_url_fault
from config.load import SERVICES_FILE, SETTINGS_FILE, find_folder, load, user_folder
from config.schema import Http
from console.cli.chosen import EXIT_USAGE, Chosen, fault_of_filter, faults_of_keys, narrate
from console.cli.table import put
from console.model.registry import Registry
from console.safety.files import FileError, private_dir, read_capped, write_atomic
from console.safety.text import strip_credentials, visible

EXIT_FAULTS = 1
LEFT = "is there, left as it is"
MAX_SSH_CONFIG_BYTES = 1024 * 1024

config_option = click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The settings folder. Else $ONCALL_CONFIG, $XDG_CONFIG_HOME/oncall, /etc/oncall.",
)


@click.command()
@config_option
@click.pass_context
def check(ctx: click.Context, folder: Path | None) -> None:
    """Check the settings: every fault, one a line, as file:line:column.

    Exits with 0 where they can be used, else with 1.
    """
    found = find_folder(folder or _outer(ctx))
    if found is None:
        narrate("no settings found; `oncall init` writes a folder to start from")
        sys.exit(EXIT_FAULTS)
    shown = visible(str(found))
    try:
        loaded = load(found, faults_of_keys, fault_of_filter)
    except SettingsFaults as error:
        for fault in error.faults:
            put(str(fault))
        count = len(error.faults)
        narrate(f"{shown}: {count} fault{'s' if count != 1 else ''}")
        sys.exit(EXIT_FAULTS)
    sources = loaded.settings.sources
    narrate(
        f"{shown}: no faults: {len(sources.prometheus)} Prometheus, "
        f"{len(sources.alertmanager)} Alertmanager clusters, {len(loaded.registry.hosts)} hosts, "
        f"{len(loaded.registry.services)} services, pages and endpoints"
    )


@click.command()
@click.argument("file", type=click.Choice([SETTINGS_FILE, SERVICES_FILE]), default=SETTINGS_FILE)
def schema(file: str) -> None:
    """Print the JSON Schema of FILE (oncall.yaml unless told), for editors that complete."""
    from config.json_schema import schema_text

    put(schema_text(file).removesuffix("\n"))


@click.command()
@config_option
@click.option("--from-prometheus", "url", metavar="URL", help="Add what this Prometheus scrapes.")
@click.option(
    "--from-ssh-config",
    "ssh_config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add the hosts of this OpenSSH client configuration.",
)
@click.option("--force", is_flag=True, help="Put the starter in place of files that are there.")
@click.pass_context
def init(
    ctx: click.Context, folder: Path | None, url: str | None, ssh_config: Path | None, force: bool
) -> None:
    """Write a settings folder to start from, or add to the registry of one.

    Files that are there stay as they are: --from-prometheus and --from-ssh-config only add
    hosts and services that services.yaml does not have yet, and keep every line of it.
    """
    target = folder or _outer(ctx) or _usual_folder()
    try:
        registry, notes = _proposed(url, ssh_config, target)
        _make(target)
        written = _write_starter(target, url, force)
        added = _add(target, registry) if registry is not None else ""
    except SettingsFaults as error:
        narrate(*map(str, error.faults), "nothing was added")
        sys.exit(EXIT_FAULTS)
    except FileError as error:
        narrate(visible(str(error)))
        sys.exit(EXIT_FAULTS)
    narrate(*notes)
    _tell(target, written)
    if added:
        put(f"{visible(str(target / SERVICES_FILE))}: {added}")
    nameless = url is None and written[0] != (SETTINGS_FILE, LEFT)
    narrate(*_next_steps(target, nameless))


def write_starter() -> int:
    """Write the starter into the user's own folder and say what to do next; the exit code."""
    target = _usual_folder()
    try:
        _make(target)
        written = _write_starter(target, None, force=False)
    except FileError as error:
        narrate(visible(str(error)))
        return EXIT_FAULTS
    _tell(target, written)
    narrate(*_next_steps(target, nameless=written[0] != (SETTINGS_FILE, LEFT)))
    return 0


def _tell(folder: Path, written: Sequence[tuple[str, str]]) -> None:
    for name, done in written:
        put(f"{visible(str(folder / name))}: {done}")


def _outer(ctx: click.Context) -> Path | None:
    outer = ctx.parent.obj if ctx.parent is not None else None
    return outer.config if isinstance(outer, Chosen) else None


def _usual_folder() -> Path:
    folder = user_folder()
    if folder is None:
        narrate("expected HOME or XDG_CONFIG_HOME to be set, or --config DIR")
        sys.exit(EXIT_USAGE)
    return folder


def _make(folder: Path) -> None:
    # A folder that is there may be a team's checkout, with modes of its own.
    if not folder.is_dir():
        private_dir(folder)


def _write_starter(folder: Path, url: str | None, force: bool) -> Sequence[tuple[str, str]]:
    done = []
    for name in (SETTINGS_FILE, SERVICES_FILE):
        path = folder / name
        there = path.exists() or path.is_symlink()
        if there and not force:
            done.append((name, LEFT))
            continue
        write_atomic(path, _starter(name, url).encode(), replace=force)
        done.append((name, "replaced by the starter" if there else "written"))
    return done


def _starter(name: str, url: str | None) -> str:
    from config.yaml_text import yaml_string

    text = resources.files("config.starter").joinpath(name).read_text("utf-8")
    if url is None:
        return text
    return text.replace("url: http://127.0.0.1:9090", f"url: {yaml_string(url)}")


def _proposed(
    url: str | None, ssh_config: Path | None, target: Path
) -> tuple[Registry | None, list[str]]:
    hosts: Registry | None = None
    notes: list[str] = []
    if ssh_config is not None:
        from config.ssh_config import ssh_hosts

        content = read_capped(ssh_config.expanduser(), MAX_SSH_CONFIG_BYTES)
        read = ssh_hosts(content.decode("utf-8", "replace"))
        hosts, notes = read.registry, list(read.notes)
    scraped = _scraped(url, target, hosts or Registry()) if url is not None else None
    if scraped is not None and not scraped.services:
        notes.append(f"{visible(strip_credentials(url or ''))} scrapes nothing, or nothing yet")
    if hosts is None or scraped is None:
        return hosts or scraped, notes
    return Registry(hosts.hosts + scraped.hosts, scraped.services), notes


def _scraped(url: str, target: Path, reached: Registry) -> Registry:
    """What the server at `url` scrapes; `reached` lends the names of its hosts to addresses."""
    from console.fleet.discover import propose
    from console.model.failure import Failure
    from console.safety.clock import SystemClock
    from console.safety.http import HttpClient
    from console.sources.open import targets_once

    fault = base_url_fault(url)
    if fault is not None:
        raise SettingsFaults([Fault("--from-prometheus", 0, 0, "", fault)])
    access, written = _known(target, url)
    known = Registry(reached.hosts + written.hosts, written.services)

    async def ask() -> Registry | Failure:
        clock = SystemClock()
        http = HttpClient(clock)
        try:
            targets = await targets_once(url, http, clock, access)
        finally:
            await http.aclose()
        return targets if isinstance(targets, Failure) else propose(targets, known)

    answer = asyncio.run(ask())
    if isinstance(answer, Failure):
        narrate(
            f"{visible(strip_credentials(url))}: {answer.cause} (expected {answer.expected})",
            f"{answer.remedy}; nothing was written",
        )
        sys.exit(EXIT_FAULTS)
    return answer


def _known(folder: Path, url: str) -> tuple[Http | None, Registry]:
    """How the settings in `folder` say that `url` is to be asked, and whom they know already."""
    try:
        loaded = load(folder)
    except SettingsFaults:
        return None, Registry()
    known = loaded.settings.sources.prometheus
    source = next((each for each in known if each.url.rstrip("/") == url.rstrip("/")), None)
    return source, loaded.registry


def _add(folder: Path, registry: Registry) -> str:
    from config.write import propose
    from config.yaml_nodes import MAX_BYTES

    path = folder / SERVICES_FILE
    content = read_capped(path, MAX_BYTES)
    try:
        existing = content.decode()
    except UnicodeDecodeError as error:
        raise FileError(path, "is not UTF-8", expected="UTF-8 text") from error
    proposal = propose(registry, existing)
    if proposal.text == existing:
        return "nothing new to add"
    mode = path.stat().st_mode & 0o777
    write_atomic(path.resolve(), proposal.text.encode(), mode=mode)
    return f"added {len(proposal.hosts)} hosts and {len(proposal.services)} services"


def _next_steps(folder: Path, nameless: bool) -> list[str]:
    named = visible(shlex.quote(str(folder)))
    option = f" --config {named}" if folder != user_folder() else ""
    first = [f"next: name your Prometheus in {SETTINGS_FILE},"] if nameless else []
    return [*first, f"{'then' if first else 'next:'} `oncall{option} check` and `oncall{option}`"]
