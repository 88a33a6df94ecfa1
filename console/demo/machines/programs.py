"""The programs for which there are stand-ins, and where."""

from __future__ import annotations

from console.demo.machines.cgroups import awk
from console.demo.machines.containers import has_docker
from console.demo.machines.docker import docker
from console.demo.machines.git import git
from console.demo.machines.inside import file_program, pg_isready, rabbitmq_diagnostics, redis_cli
from console.demo.machines.journal import dmesg, journalctl
from console.demo.machines.kernel import (
    cat,
    df,
    du,
    free,
    getconf,
    hostname,
    ipmitool,
    nproc,
    truncate,
    uname,
    uptime,
)
from console.demo.machines.kubectl import kubectl
from console.demo.machines.numbers import HOST
from console.demo.machines.said import Call, Program, RefusedError, Said
from console.demo.machines.units import systemctl
from console.demo.world import World

_EVERYWHERE: dict[str, Program] = {
    "awk": awk, "cat": cat, "df": df, "dmesg": dmesg, "du": du, "free": free, "getconf": getconf,
    "git": git, "hostname": hostname, "journalctl": journalctl, "nproc": nproc,
    "systemctl": systemctl, "truncate": truncate, "uname": uname, "uptime": uptime,
}  # fmt: skip
_DATABASE: dict[str, Program] = {"pg_isready": pg_isready, "redis-cli": redis_cli,
                                 "rabbitmq-diagnostics": rabbitmq_diagnostics}  # fmt: skip
_INSIDE = dict.fromkeys(("test", "[", "stat", "ls", "find"), file_program)

SOMEWHERE = frozenset({"docker", "ipmitool", "kubectl", *_DATABASE})
"""Programs that only some of the machines have."""


def programs_on(host: str) -> dict[str, Program]:
    """The stand-ins of one machine, by name."""
    roles = HOST[host].roles
    found = dict(_EVERYWHERE)
    if has_docker(host):
        found["docker"] = docker
    if "k8s" in roles:
        found["kubectl"] = kubectl
    if "monitoring" in roles:
        found["ipmitool"] = ipmitool
    if "database" in roles:
        found |= _DATABASE
    return found


def run(world: World, call: Call) -> Said:
    """One call of a program on a machine, as it would have answered."""
    program = programs_on(call.host).get(call.program)
    if call.inside and call.program in _INSIDE:
        program = file_program
    if program is None:
        return Said("", f"sh: {call.program}: not found\n", 127)
    try:
        return program(world, call)
    except RefusedError as refused:
        return Said("", refused.said + "\n", refused.status)
