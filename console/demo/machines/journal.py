"""The journal of a machine: its units, the kernel, and the stand-ins for `journalctl`, `dmesg`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import msgspec

from console.demo.inventory import BY_NAME
from console.demo.machines.lives import hex_of, number_of
from console.demo.machines.loglines import ERROR, INFO, WARNING, Line
from console.demo.machines.logtext import Asked, answered
from console.demo.machines.numbers import Numbers
from console.demo.machines.options import Options, parsed
from console.demo.machines.said import Call, RefusedError, Said
from console.demo.machines.units import Unit, unit_on, units_on
from console.demo.world import World

_PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


def kernel_lines(world: World, host: str, since_s: float, until_s: float) -> list[Line]:
    """What the kernel of a machine said."""
    found = []
    for service, troubles in world.troubles.items():
        spec = BY_NAME.get(service)
        for trouble in troubles if spec is not None and spec.host == host else ():
            if not trouble.oom_killed:
                continue
            pid = 1000 + number_of("pid " + service, 30000)
            for late_s, priority, text in (
                (-0.4, WARNING, f"{service}-server invoked oom-killer: gfp_mask=0x100cca, order=0"),
                (-0.2, INFO, f"oom-kill:constraint=CONSTRAINT_NONE,task={service}-server,"
                             f"pid={pid},uid=999"),
                (0.0, ERROR, f"Out of memory: Killed process {pid} ({service}-server) "
                             "total-vm:7340032kB, anon-rss:6396312kB, file-rss:0kB, "
                             "shmem-rss:0kB, UID:999 pgtables:12840kB oom_score_adj:0"),
                (0.3, INFO, f"oom_reaper: reaped process {pid} ({service}-server), now "
                            "anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"),
            ):  # fmt: skip
                found.append(Line(trouble.start_s + late_s, priority, text))
    for series in world.series:
        if series.family == "=disk" and ("host", host) in series.labels:
            for span in series.shape.spans(">", 97):
                path = dict(series.labels)["mountpoint"]
                said = f"EXT4-fs warning: {path}: reserved blocks are in use"
                found.append(Line(span.start_s, WARNING, said))
    return [line for line in found if since_s <= line.at_s < until_s]


def journalctl(world: World, call: Call) -> Said:
    """One call of `journalctl`."""
    options = parsed(call.args, {
        "-u/--unit": True, "-k/--dmesg": False, "-S/--since": True, "-U/--until": True,
        "-n/--lines": True, "-o/--output": True, "-f/--follow": False, "--no-pager": False,
        "--utc": False, "-q/--quiet": False, "-p/--priority": True, "--no-tail": False,
        "-e/--pager-end": False, "-x/--catalog": False, "-b/--boot": False, "--no-hostname": False,
        "-t/--identifier": True, "-a/--all": False, "-r/--reverse": False, "-g/--grep": True,
        "--no-full": False, "-m/--merge": False, "--vacuum-time": True, "--vacuum-size": True,
    })  # fmt: skip
    host = call.host
    if options.has("--vacuum-time") or options.has("--vacuum-size"):
        freed = "Vacuuming done, freed 24.0M of archived journals from /var/log/journal.\n"
        return Said("", freed)
    units = [unit_on(world, host, name) for name in options.all("--unit")]
    services = [unit.service for unit in units if unit is not None and unit.service in BY_NAME]
    kernel_only = options.has("--dmesg") or options.get("--identifier") == "kernel"
    if not options.all("--unit") and not kernel_only:
        services = [unit.service for unit in units_on(world, host) if unit.service in BY_NAME]
    by_service = {unit.service: unit for unit in units_on(world, host)}
    write = _writer(world, host, options.get("--output", "short"), by_service)
    asked = _asked(options)

    def kernel(since_s: float, until_s: float) -> list[Line]:
        return kernel_lines(world, host, since_s, until_s)

    with_kernel = kernel if kernel_only or not options.all("--unit") else None
    said = answered(world, () if kernel_only else services, asked, write, with_kernel,
                    _kept(options))  # fmt: skip
    if not said.out and said.then is None and not options.has("--quiet"):
        return Said("-- No entries --\n")
    if options.has("--reverse"):
        return Said("".join(reversed(said.out.splitlines(keepends=True))))
    return said


def dmesg(world: World, call: Call) -> Said:
    """`dmesg [-T]`: what the kernel said since the machine was started."""
    parsed(call.args, {
        "-T/--ctime": False, "-H/--human": False, "-w/--follow": False, "-l/--level": True,
        "-x/--decode": False, "-P/--nopager": False,
    })  # fmt: skip
    numbers = Numbers(world, call.host)
    booted_s = numbers.at_s - numbers.uptime_s
    out = ""
    for line in kernel_lines(world, call.host, booted_s, numbers.at_s):
        if any(flag in ("-T", "--ctime", "-H") for flag in call.args):
            stamp = world.wall(line.at_s).strftime("%a %b %e %H:%M:%S %Y")
        else:
            stamp = f"{line.at_s - booted_s:12.6f}"
        out += f"[{stamp}] {line.text}\n"
    return Said(out)


def _asked(options: Options) -> Asked:
    tail = options.get("--lines")
    if options.has("--follow") and not tail and not options.has("--no-tail"):
        tail = "10"
    return Asked(options.get("--since"), options.get("--until"), tail.removeprefix("+"),
                 options.has("--follow"))  # fmt: skip


def _kept(options: Options) -> Callable[[Line], bool]:
    wanted = options.get("--priority", "7").rpartition("..")[2]
    if not wanted.isdigit():
        if wanted not in _PRIORITIES:
            raise RefusedError(f"Unknown log level {wanted}")
        wanted = str(_PRIORITIES.index(wanted))
    level, text = int(wanted), options.get("--grep")
    return lambda line: line.priority <= level and text in line.text


def _writer(
    world: World, host: str, form: str, units: dict[str, Unit]
) -> Callable[[Line, str], str]:
    def write(line: Line, service: str) -> str:
        at = world.wall(line.at_s).astimezone(UTC)
        unit = units.get(service)
        name = "kernel" if unit is None else unit.name.partition(".")[0].partition("@")[0]
        who = name if unit is None else f"{name}[{unit.pid}]"
        if form == "cat":
            return line.text + "\n"
        if form == "json":
            return _as_json(line, at.timestamp(), host, name, unit)
        stamps = {
            "short-iso": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "short-iso-precise": at.strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
            "short-unix": f"{at.timestamp():.6f}",
            "short-precise": at.strftime("%b %d %H:%M:%S.%f"),
            "short-full": at.strftime("%a %Y-%m-%d %H:%M:%S UTC"),
        }
        stamp = stamps.get(form, at.strftime("%b %d %H:%M:%S"))
        return f"{stamp} {host} {who}: {_shown(line.text)}\n"

    return write


def _shown(text: str) -> str:
    """As journalctl prints it outside of JSON: what is not printable is counted, not sent."""
    if any(ord(letter) < 32 and letter != "\t" for letter in text):
        return f"[{len(text.encode())}B blob data]"
    return text


def _as_json(line: Line, unix_s: float, host: str, name: str, unit: Unit | None) -> str:
    message: object = line.text
    if any(ord(letter) < 32 and letter != "\t" for letter in line.text):
        message = list(line.text.encode())
    found: dict[str, object] = {
        "__CURSOR": hex_of(f"{host} {line.at_s} {line.text}", 32),
        "__REALTIME_TIMESTAMP": str(round(unix_s * 1e6)),
        "PRIORITY": str(line.priority),
        "_HOSTNAME": host,
        "SYSLOG_IDENTIFIER": name,
        "_TRANSPORT": "kernel" if unit is None else "stdout",
        "MESSAGE": message,
    }
    if unit is not None:
        found |= {"_PID": str(unit.pid), "_SYSTEMD_UNIT": unit.name}
    return msgspec.json.encode(found).decode() + "\n"
