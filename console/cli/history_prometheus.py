"""`oncall history import --prometheus NAME|URL`: a first day has a week behind it."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from config.fault import SettingsFaults
from config.load import Loaded, from_prometheus
from config.rota import zone_of
from config.schema import PrometheusSource
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE, Chosen, narrate, settings_or_exit
from console.cli.days import day_or_exit
from console.cli.once import state_of
from console.cli.record import history_folder
from console.cli.table import put
from console.history.fault import HistoryError
from console.model.words import many
from console.reports.days import moments, window_of
from console.safety.clock import Clock, SystemClock
from console.safety.files import FileError, private_dir
from console.safety.text import visible

if TYPE_CHECKING:
    from console.engine.week.prometheus.taken import TakenIn


def import_prometheus(chosen: Chosen, days: int, end: str = "") -> int:
    """Take in the `days` local days up to and with `end`, today where it is empty.

    `chosen.prometheus`: names out of the settings, or URLs; a URL alone, without --config,
    stands for settings of its own, as everywhere. None: every one that the settings name.

    Returns:
        The exit code: 0 also where some of it could not be had, which is said on stderr, and
        4 where nothing could.
    """
    loaded = _loaded(chosen)
    clock = SystemClock()
    zone_name = loaded.settings.rota.zone
    today = clock.now().wall.astimezone(zone_of(zone_name)).date()
    last = day_or_exit(end, today, "--end") if end else today
    try:
        window = window_of(last - timedelta(days=days - 1), last, zone_name)
    except (ValueError, OverflowError) as error:
        narrate(f"--days and --end: {visible(str(error))}")
        return EXIT_USAGE
    span = moments(window, clock.now().wall)
    state, notice = state_of(loaded)
    folder = history_folder(loaded, state)
    if folder is None:
        narrate(f"nothing can be taken in: {notice.partition(': ')[2]}")
        return EXIT_FAILED
    try:
        private_dir(folder)
        taken = asyncio.run(_taken_in(loaded, folder, span, clock))
    except (FileError, HistoryError) as error:
        narrate(visible(str(error), cells=600))
        return EXIT_FAILED
    narrate(*taken.notices)
    if not taken.days:
        narrate("nothing was taken in")
        return EXIT_FAILED
    put(
        f"{many(taken.days, 'UTC day')} of {many(taken.services, 'service')} taken in: "
        f"{taken.samples:,} samples, {many(taken.bouts, 'episode')}"
    )
    return 0


def _loaded(chosen: Chosen) -> Loaded:
    """The settings, with only those servers that are to be asked; ends the process with a
    sentence where there are none."""
    urls = tuple(one for one in chosen.prometheus if "://" in one)
    names = [one for one in chosen.prometheus if "://" not in one]
    if urls and not names and chosen.config is None:
        return settings_or_exit(chosen)
    loaded = settings_or_exit(msgspec.structs.replace(chosen, prometheus=(), alertmanager=()))
    written = {one.name: one for one in loaded.settings.sources.prometheus}
    unknown = [one for one in names if one not in written]
    if unknown:
        listed = ", ".join(sorted(written)) or "none"
        narrate(
            f"no Prometheus named {visible(unknown[0], cells=60)} is among the sources "
            f"(there are: {listed}; or give a URL)"
        )
        sys.exit(EXIT_USAGE)
    wanted = [written[one] for one in dict.fromkeys(names)] if chosen.prometheus else []
    return _with(loaded, (*wanted, *_named(urls, set(written))) or tuple(written.values()))


def _named(urls: tuple[str, ...], taken: set[str]) -> tuple[PrometheusSource, ...]:
    if not urls:
        return ()
    try:
        found = from_prometheus(urls).settings.sources.prometheus
    except SettingsFaults as faults:
        narrate(*(str(fault) for fault in faults.faults))
        sys.exit(EXIT_USAGE)
    return tuple(
        msgspec.structs.replace(one, name=f"{one.name}-url" if one.name in taken else one.name)
        for one in found
    )


def _with(loaded: Loaded, servers: tuple[PrometheusSource, ...]) -> Loaded:
    if not servers:
        narrate("no Prometheus is among the sources: give --prometheus URL")
        sys.exit(EXIT_USAGE)
    sources = msgspec.structs.replace(loaded.settings.sources, prometheus=servers)
    settings = msgspec.structs.replace(loaded.settings, sources=sources)
    return msgspec.structs.replace(loaded, settings=settings)


async def _taken_in(
    loaded: Loaded, folder: Path, span: tuple[datetime, datetime], clock: Clock
) -> TakenIn:
    # Late: it brings the HTTP client, which takes longer to import than bad settings to find.
    from console.engine.connections import Connections
    from console.engine.events import EventLog
    from console.engine.trouble import Trouble
    from console.engine.week.prometheus.past import PrometheusPast
    from console.engine.week.servers import Servers

    trouble = Trouble(clock, EventLog())
    connections = Connections(clock, trouble)
    servers = Servers(lambda: (), lambda: loaded, connections, clock)
    try:
        async with servers.opened() as opened:
            past = PrometheusPast(lambda: opened, clock, loaded.registry, loaded.policy)
            return await past.take_in(folder, *span, lambda line: narrate(line))
    finally:
        narrate(*(each.text for each in trouble.badges))
        await connections.aclose()
