"""What runs inside a container or a pod: a shell, and the programs by which it is checked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from console.demo.inventory import BY_NAME, ServiceSpec
from console.demo.machines.numbers import GIB
from console.demo.machines.postgres import pg_ctl, psql
from console.demo.machines.said import Call, Hand, RefusedError, Said
from console.demo.machines.usage import redis_bytes
from console.demo.world import World

SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash", "ash", "/bin/ash")

FILES = {"mail-worker": ("/tmp/worker-healthy",)}
"""Files that a service touches while it works."""

_FILE_PROGRAMS = frozenset({"test", "[", "stat", "cat", "ls", "find", "date"})


def run_inside(world: World, host: str, spec: ServiceSpec, box: str, words: Sequence[str]) -> Said:
    """`words` run inside the container of a service.

    Raises:
        RefusedError: there is no such program in it.
    """
    if words[0] in SHELLS and words[1:2] == ["-c"] and len(words) == 3:
        simple = _simple(words[2])
        if simple and simple[0] in (*_FILE_PROGRAMS, *_CHECKS):
            words = simple
    program, args = words[0].rpartition("/")[2], tuple(words[1:])
    if words[0] in SHELLS:
        marks = (("ONCALL_DEMO_INSIDE", spec.name), ("ONCALL_DEMO_PROMPT", f"root@{box}:/# "),
                 ("PS1", f"root@{box}:/# "), ("ENV", ""))  # fmt: skip
        return Said(then=Hand(("/bin/sh", *args), marks))
    if program in _FILE_PROGRAMS:
        return file_program(world, Call(host, program, args, spec.name))
    if program in _CHECKS:
        return _CHECKS[program](world, Call(host, program, args, spec.name))
    if program in ("echo", "env", "true", "hostname", "id", "printf"):
        said = {"hostname": box, "id": "uid=0(root) gid=0(root) groups=0(root)",
                "env": f"HOSTNAME={box}\nHOME=/root", "true": ""}  # fmt: skip
        text = said.get(program, " ".join(args))
        return Said(text + "\n" if text else "")
    raise RefusedError(
        "OCI runtime exec failed: exec failed: unable to start container process: exec: "
        f'"{words[0]}": executable file not found in $PATH: unknown', 127,
    )  # fmt: skip


def redis_cli(world: World, call: Call) -> Said:
    """`redis-cli [-h HOST] [-p PORT] ping | info | dbsize`."""
    words = _without_flags(call.args, ("-h", "-p", "-a", "-n", "--user"))
    if not _is_there(world, call, "redis"):
        said = "Could not connect to Redis at 127.0.0.1:6379: Connection refused"
        return Said("", said + "\n", 1)
    verb = words[0].lower() if words else ""
    if verb == "ping":
        return Said((words[1] if len(words) > 1 else "PONG") + "\n")
    if verb == "info":
        used = redis_bytes(world) / GIB
        version = world.version_of("redis")
        return Said(f"# Server\r\nredis_version:{version}\r\n# Memory\r\nused_memory_human:"
                    f"{used:.2f}G\r\nmaxmemory_human:6.50G\r\n")  # fmt: skip
    if verb == "dbsize":
        return Said("(integer) 812944\n")
    return Said("", f"ERR demo: {verb or 'the prompt'} is not part of this demo's world\n", 1)


def pg_isready(world: World, call: Call) -> Said:
    """`pg_isready [-h HOST] [-p PORT] [-U USER] [-q]`."""
    service = call.inside if call.inside.startswith("postgres") else "postgres"
    where = "/var/run/postgresql:5432"
    if not _is_there(world, call, service):
        return Said(f"{where} - no response\n", status=2)
    return Said("" if "-q" in call.args else f"{where} - accepting connections\n")


def rabbitmq_diagnostics(world: World, call: Call) -> Said:
    """`rabbitmq-diagnostics -q ping`."""
    if not _is_there(world, call, "rabbitmq"):
        return Said("", "Error: unable to perform an operation on node rabbit@data-1\n", 69)
    return Said("Ping succeeded\n")


def file_program(world: World, call: Call) -> Said:
    """`test`, `stat`, `cat`, `ls`, `find` and `date -r` on the files of a container."""
    named = [arg for arg in call.args if arg.startswith("/")]
    present = set(FILES.get(call.inside, ())) if _works(world, call.inside) else set()
    missing = [path for path in named if path not in present]
    touched = int(world.now().timestamp()) // 5 * 5
    if call.program in ("test", "["):
        return Said(status=1 if missing or not named else 0)
    if missing or not named:
        path = missing[0] if missing else "."
        quoted = f"cannot statx '{path}'" if call.program == "stat" else f"'{path}'"
        return Said("", f"{call.program}: {quoted}: No such file or directory\n", 1)
    if call.program == "stat":
        return Said(_stat(call.args, touched, named))
    if call.program == "date":
        return Said(f"{touched}\n")
    if call.program == "cat":
        return Said("".join("ok\n" for _ in named))
    return Said("".join(path + "\n" for path in named))


def _stat(args: Sequence[str], touched: int, named: Sequence[str]) -> str:
    wish = next((arg for arg in args if "%" in arg), "%n")
    wish = wish.removeprefix("--format=").removeprefix("-c").removeprefix("--printf=")
    for letter, value in (("%Y", touched), ("%Z", touched), ("%X", touched), ("%s", 3),
                          ("%F", "regular file"), ("%a", "644"), ("%U", "root")):  # fmt: skip
        wish = wish.replace(letter, str(value))
    return "".join(wish.replace("%n", path) + "\n" for path in named)


def _simple(text: str) -> list[str]:
    """The words of a command without any of a shell's own signs; empty for another one."""
    try:
        words = shlex.split(text)
    except ValueError:
        return []
    return [] if any(sign in text for sign in ";|&<>$`\n") else words


def _works(world: World, service: str) -> bool:
    return not any(t.refuse or t.status or t.ready_status for t in world.troubles_of(service))


def _is_there(world: World, call: Call, service: str) -> bool:
    spec = BY_NAME[service]
    near = call.inside == service or (not call.inside and call.host == spec.host)
    return near and world.listens(service)


def _without_flags(args: Sequence[str], with_value: Sequence[str]) -> list[str]:
    words, left = [], list(args)
    while left:
        arg = left.pop(0)
        if arg in with_value:
            del left[:1]
        elif not arg.startswith("-"):
            words.append(arg)
    return words


_CHECKS = {
    "redis-cli": redis_cli,
    "pg_isready": pg_isready,
    "rabbitmq-diagnostics": rabbitmq_diagnostics,
    "psql": psql,
    "pg_ctl": pg_ctl,
}
