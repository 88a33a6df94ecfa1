"""The systemd units of a machine, and the stand-in for `systemctl`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from console.demo.inventory import SERVICES, ServiceSpec, age_s
from console.demo.machines.containers import has_docker
from console.demo.machines.docker import table
from console.demo.machines.lives import Life, life_of, number_of
from console.demo.machines.moments import ago
from console.demo.machines.numbers import HOST
from console.demo.machines.options import parsed
from console.demo.machines.said import Call, RefusedError, Said, not_in_this_world
from console.demo.world import World

_COMMON = ("ssh", "cron", "systemd-journald", "logrotate", "certbot")
_ONE_SHOT = frozenset({"logrotate", "certbot"})


class Unit(msgspec.Struct, frozen=True):
    """One unit now."""

    name: str
    """With its suffix: `nginx.service`."""
    service: str
    """The demo's service behind it, or the bare name of a unit of the machine's own."""
    life: Life
    one_shot: bool = False

    @property
    def states(self) -> tuple[str, str, str]:
        """`ActiveState`, `SubState` and `Result`."""
        if self.life.runs:
            return ("inactive", "dead", "success") if self.one_shot else (
                "active", "running", "success")  # fmt: skip
        if self.life.exit_code == 0:
            return "inactive", "dead", "success"
        return "failed", "failed", "oom-kill" if self.life.oom_killed else "exit-code"

    @property
    def pid(self) -> int:
        """Of its process; another one after each start."""
        return 600 + number_of(f"pid {self.service} {self.life.began_s}", 30000)

    @property
    def cgroup(self) -> str:
        """The path of its cgroup."""
        return f"/system.slice/{self.name}"


def units_on(world: World, host: str) -> list[Unit]:
    """The units of a machine."""
    found = [Unit(spec.unit or "", spec.name, life_of(world, spec.name)) for spec in SERVICES
             if _is_unit(spec, host)]  # fmt: skip
    own = [*_COMMON]
    own += ["docker"] if has_docker(host) else []
    own += ["kubelet", "containerd"] if "k8s" in HOST[host].roles else []
    for name in own:
        begun_s = world.begun_s(name)
        began_s = -age_s(f"{name} on {host}") if begun_s is None else begun_s
        found.append(Unit(f"{name}.service", name, Life(True, began_s, None), name in _ONE_SHOT))
    return found


def unit_on(world: World, host: str, name: str) -> Unit | None:
    """The unit of that name, with or without its suffix."""
    full = name if "." in name else f"{name}.service"
    return next((unit for unit in units_on(world, host) if unit.name == full), None)


def properties_of(world: World, unit: Unit) -> Mapping[str, str]:
    """What `systemctl show` tells of it."""
    active, sub, result = unit.states
    life = unit.life
    turned_s = life.began_s if life.runs or life.ended_s is None else life.ended_s
    changed = world.wall(turned_s).strftime("%a %Y-%m-%d %H:%M:%S UTC")
    runs = active == "active"
    return {
        "Id": unit.name,
        "Names": unit.name,
        "Description": unit.name.partition(".")[0],
        "LoadState": "loaded",
        "ActiveState": active,
        "SubState": sub,
        "UnitFileState": "static" if unit.one_shot else "enabled",
        "Result": result,
        "MainPID": str(unit.pid) if runs else "0",
        "ExecMainStatus": "0" if life.runs else str(life.exit_code),
        "ExecMainCode": "0" if runs else "1",
        "NRestarts": str(life.restarts),
        "ControlGroup": unit.cgroup if runs else "",
        "StateChangeTimestamp": changed,
        "ActiveEnterTimestamp": world.wall(life.began_s).strftime("%a %Y-%m-%d %H:%M:%S UTC"),
        "ActiveExitTimestamp": "" if runs else changed,
        "InactiveEnterTimestamp": "" if runs else changed,
    }


def systemctl(world: World, call: Call) -> Said:
    """One call of `systemctl`."""
    options = parsed(call.args, {
        "-p/--property": True, "--value": False, "--failed": False, "--plain": False,
        "--no-legend": False, "--no-pager": False, "-l/--full": False, "-q/--quiet": False,
        "-a/--all": False, "-t/--type": True, "--state": True, "--timestamp": True,
        "--user": False, "--version": False, "--no-ask-password": False, "-n/--lines": True,
        "-o/--output": True, "--now": False, "--no-block": False,
    })  # fmt: skip
    if options.has("--version"):
        return Said("systemd 252 (252.39-1~deb12u1)\n")
    verb = options.words[0] if options.words else "list-units"
    names = options.words[1:]
    if verb == "show":
        return _show(world, call, options.all("--property"), names, bare=options.has("--value"))
    if verb == "list-units":
        failed = options.has("--failed") or options.get("--state") == "failed"
        return _listed(world, call, failed=failed, legend=not options.has("--no-legend"),
                       plain=options.has("--plain"), kind=options.get("--type"))  # fmt: skip
    if verb not in _VERBS:
        raise not_in_this_world(f"systemctl {verb}")
    if not names:
        raise RefusedError("Too few arguments.")
    return _VERBS[verb](world, call, names)


def _show(
    world: World, call: Call, wanted: Sequence[str], names: Sequence[str], *, bare: bool
) -> Said:
    keys = [key for group in wanted for key in group.split(",")]
    blocks = []
    for name in names:
        unit = unit_on(world, call.host, name)
        full = name if "." in name else f"{name}.service"
        found = properties_of(world, unit) if unit is not None else {
            "Id": full, "Names": full, "LoadState": "not-found", "ActiveState": "inactive",
            "SubState": "dead", "Result": "success", "ExecMainStatus": "0", "NRestarts": "0",
            "MainPID": "0", "StateChangeTimestamp": "",
        }  # fmt: skip
        shown = [key for key in found if key in keys] if keys else list(found)
        lines = (found[key] if bare else f"{key}={found[key]}" for key in shown)
        blocks.append("".join(f"{line}\n" for line in lines))
    return Said("\n".join(blocks))


def _listed(
    world: World, call: Call, *, failed: bool, legend: bool, plain: bool, kind: str
) -> Said:
    rows = []
    for unit in units_on(world, call.host):
        active, sub, _ = unit.states
        if (failed and active != "failed") or (kind and kind != "service"):
            continue
        if active == "inactive":
            continue
        mark = "" if plain else ("● " if active == "failed" else "  ")
        rows.append((mark + unit.name, "loaded", active, sub, unit.name.partition(".")[0]))
    rows.sort()
    if not legend:
        return Said(table(rows) if rows else "")
    heads = ("UNIT" if plain else "  UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION")
    return Said(table([heads, *rows]) + f"{len(rows)} loaded units listed.\n")


def _is_active(world: World, call: Call, names: Sequence[str]) -> Said:
    states = [_state(world, call.host, name) for name in names]
    return Said("".join(f"{state}\n" for state in states), status=0 if "active" in states else 3)


def _is_failed(world: World, call: Call, names: Sequence[str]) -> Said:
    states = [_state(world, call.host, name) for name in names]
    return Said("".join(f"{state}\n" for state in states), status=0 if "failed" in states else 1)


def _state(world: World, host: str, name: str) -> str:
    unit = unit_on(world, host, name)
    return "inactive" if unit is None else unit.states[0]


def _status(world: World, call: Call, names: Sequence[str]) -> Said:
    out, status = "", 0
    for name in names:
        unit = unit_on(world, call.host, name)
        if unit is None:
            return Said(out, f"Unit {name}.service could not be found.\n", 4)
        active, sub, result = unit.states
        found = properties_of(world, unit)
        since = (
            world.now()
            - world.wall(unit.life.began_s if unit.life.runs else unit.life.ended_s or 0)
        ).total_seconds()
        why = "" if result == "success" else f" (Result: {result})"
        out += (
            f"{'●' if active != 'failed' else '×'} {unit.name} - {found['Description']}\n"
            f"     Loaded: loaded (/lib/systemd/system/{unit.name}; {found['UnitFileState']})\n"
            f"     Active: {active} ({sub}){why} since {found['StateChangeTimestamp']}; "
            f"{ago(since)} ago\n"
        )
        if active == "active":
            out += f"   Main PID: {unit.pid} ({found['Description']})\n"
        else:
            status = 3
    return Said(out, status=status)


def _begin(world: World, call: Call, names: Sequence[str]) -> Said:
    for unit in _wanted(world, call, names):
        world.begin(unit.service)
    return Said()


def _start(world: World, call: Call, names: Sequence[str]) -> Said:
    for unit in _wanted(world, call, names):
        if unit.states[0] != "active":
            world.begin(unit.service)
    return Said()


def _reload(world: World, call: Call, names: Sequence[str]) -> Said:
    for unit in _wanted(world, call, names):
        if unit.states[0] != "active":
            raise RefusedError(f"{unit.name} is not active, cannot reload.")
        world.reread(unit.service)
    return Said()


def _stop(world: World, call: Call, names: Sequence[str]) -> Said:
    known = {spec.name for spec in SERVICES}
    for unit in _wanted(world, call, names):
        if unit.service not in known:
            raise not_in_this_world(f"a machine without {unit.name}")
        world.stop(unit.service)
    return Said()


def _wanted(world: World, call: Call, names: Sequence[str]) -> list[Unit]:
    found = []
    for name in names:
        unit = unit_on(world, call.host, name)
        if unit is None:
            raise RefusedError(f"Failed to start {name}.service: Unit {name}.service not found.", 5)
        found.append(unit)
    return found


def _is_unit(spec: ServiceSpec, host: str) -> bool:
    return spec.unit is not None and spec.place == host


_VERBS: dict[str, Callable[[World, Call, Sequence[str]], Said]] = {
    "is-active": _is_active,
    "is-failed": _is_failed,
    "status": _status,
    "start": _start,
    "restart": _begin,
    "reload": _reload,
    "reload-or-restart": _begin,
    "reset-failed": lambda _world, _call, _names: Said(),
    "stop": _stop,
}
