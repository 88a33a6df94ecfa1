"""The stand-in for `docker`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from console.demo.inventory import age_s
from console.demo.machines.containers import Box, box_of, boxes_on, inspected, up_since
from console.demo.machines.gotemplate import filled
from console.demo.machines.inside import run_inside
from console.demo.machines.logtext import Asked, answered
from console.demo.machines.moments import ago, nano
from console.demo.machines.numbers import GIB, Numbers
from console.demo.machines.options import parsed
from console.demo.machines.said import Call, RefusedError, Said, not_in_this_world
from console.demo.machines.usage import usage_of
from console.demo.world import World

SERVER_VERSION = "27.3.1"
DAEMON = "Error response from daemon: "


def docker(world: World, call: Call) -> Said:
    """One call of `docker`."""
    args = list(call.args)
    if args[:1] == ["container"]:
        args = ["ps" if arg == "ls" else arg for arg in args[1:]]
    verb, rest = (args[0], args[1:]) if args else ("", [])
    if verb in ("-v", "--version"):
        return Said(f"Docker version {SERVER_VERSION}, build ce12230\n")
    if verb not in _VERBS:
        raise not_in_this_world(f"docker {verb}".strip())
    return _VERBS[verb](world, call, rest)


def _ps(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, {"-a/--all": False, "-q/--quiet": False, "--no-trunc": False,
                            "-f/--filter": True, "--format": True, "-n/--last": True})  # fmt: skip
    boxes = [box for box in boxes_on(world, call.host)
             if options.has("--all") or box.life.runs]  # fmt: skip
    for wanted in options.all("--filter"):
        key, _, value = wanted.partition("=")
        boxes = [box for box in boxes if value in {"name": box.spec.name, "status": box.status,
                                                   "id": box.id}.get(key, "")]  # fmt: skip
    cut = 64 if options.has("--no-trunc") else 12
    if options.has("--quiet"):
        return Said("".join(f"{box.id[:cut]}\n" for box in boxes))
    rows = [_row(world, box, cut) for box in boxes]
    wish = options.get("--format", "table")
    if wish == "json":
        wish = "{{json .}}"
    if "{{" in wish:
        return Said("".join(filled(wish.removeprefix("table "), row) + "\n" for row in rows))
    heads = ("ID", "Image", "Command", "CreatedAgo", "Status", "Ports", "Names")
    titles = ("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES")
    return Said(table([titles, *([row[head] for head in heads] for row in rows)]))


def _row(world: World, box: Box, cut: int) -> dict[str, str]:
    made = world.wall(-age_s(box.spec.name) - 5)
    ports = f"0.0.0.0:{box.spec.port}->{box.spec.port}/tcp"
    return {
        "ID": box.id[:cut],
        "Image": box.image,
        "Command": '"/entrypoint.sh"',
        "CreatedAt": nano(made),
        "CreatedAgo": f"{ago((world.now() - made).total_seconds())} ago",
        "Status": up_since(world, box),
        "State": box.status,
        "Ports": ports if box.life.runs else "",
        "Names": box.spec.name,
    }


def _inspect(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, {"-f/--format": True, "--type": True, "-s/--size": False})
    found, missing = [], []
    for name in options.words:
        box = _named(world, call.host, name)
        if box is None:
            missing.append(f"Error: No such object: {name}\n")
        else:
            found.append(inspected(world, box))
    wish = options.get("--format")
    if wish:
        wish = "{{json .}}" if wish == "json" else wish
        out = "".join(filled(wish, one) + "\n" for one in found)
    else:
        out = msgspec.json.format(msgspec.json.encode(found), indent=4).decode() + "\n"
    return Said(out, "".join(missing), 1 if missing else 0)


def _logs(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, {"-t/--timestamps": False, "-f/--follow": False, "--since": True,
                            "--until": True, "-n/--tail": True, "--details": False})  # fmt: skip
    box = _wanted(world, call.host, options.words)

    def write(at_s: float, text: str) -> str:
        stamp = nano(world.wall(at_s)) + " " if options.has("--timestamps") else ""
        return f"{stamp}{text}\n"

    asked = Asked(options.get("--since"), options.get("--until"), options.get("--tail"),
                  options.has("--follow"))  # fmt: skip
    return answered(world, (box.spec.name,), asked, lambda line, _: write(line.at_s, line.text))


def _start(world: World, call: Call, args: Sequence[str]) -> Said:
    return _each(world, call.host, args, lambda box: None if box.life.runs else box.spec.name)


def _restart(world: World, call: Call, args: Sequence[str]) -> Said:
    return _each(world, call.host, args, lambda box: box.spec.name)


def _each(world: World, host: str, args: Sequence[str], begun: Callable[[Box], str | None]) -> Said:
    options = parsed(args, {"-t/--time": True, "-s/--signal": True})
    boxes = [(name, _named(world, host, name)) for name in options.words]
    out, err = "", ""
    for name, box in boxes:
        if box is None:
            err += f"{DAEMON}No such container: {name}\n"
            continue
        service = begun(box)
        if service is not None:
            world.begin(service)
        out += name + "\n"
    return Said(out, err, 1 if err else 0)


def _stop(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, {"-t/--time": True, "-s/--signal": True})
    out, err = "", ""
    for name in options.words:
        box = _named(world, call.host, name)
        if box is None:
            err += f"{DAEMON}No such container: {name}\n"
        else:
            world.stop(box.spec.name)
            out += name + "\n"
    return Said(out, err, 1 if err else 0)


def _exec(world: World, call: Call, args: Sequence[str]) -> Said:
    flags = {"-i/--interactive": False, "-t/--tty": False, "-u/--user": True, "-e/--env": True,
             "-w/--workdir": True, "-d/--detach": False, "--privileged": False}  # fmt: skip
    options = parsed(args, flags, stop_at_word=True)
    box = _wanted(world, call.host, options.words[:1])
    if not box.life.runs:
        raise RefusedError(f"{DAEMON}container {box.id} is not running")
    if len(options.words) < 2:
        raise RefusedError('docker: "docker exec" requires at least 2 arguments.')
    return run_inside(world, call.host, box.spec, box.id[:12], options.words[1:])


def _stats(world: World, call: Call, args: Sequence[str]) -> Said:
    parsed(args, {"--no-stream": False, "-a/--all": False})
    rows = [("CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "PIDS")]
    all_bytes = Numbers(world, call.host).memory_kib[0] * 1024
    for box in boxes_on(world, call.host):
        if box.life.runs:
            usage = usage_of(world, box)
            limit = all_bytes if usage.limit_bytes is None else usage.limit_bytes
            rows.append((box.id[:12], box.spec.name, f"{usage.cpu_percent:.2f}%",
                         f"{_size(usage.memory_bytes)} / {_size(limit)}",
                         str(8 + int(box.id[2:3], 16))))  # fmt: skip
    return Said(table(rows))


def _size(count: int) -> str:
    return f"{count / GIB:.4g}GiB" if count >= GIB else f"{count / (1 << 20):.4g}MiB"


def _version(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, {"-f/--format": True})
    value = {"Client": {"Version": SERVER_VERSION}, "Server": {"Version": SERVER_VERSION}}
    if options.has("--format"):
        return Said(filled(options.get("--format"), value) + "\n")
    return Said(f"Client: Docker Engine\n Version: {SERVER_VERSION}\n\nServer: Docker Engine\n"
                f" Version: {SERVER_VERSION}\n")  # fmt: skip


def _named(world: World, host: str, name: str) -> Box | None:
    for box in boxes_on(world, host):
        if name == box.spec.name or (len(name) >= 3 and box.id.startswith(name)):
            return box
    return None


def _wanted(world: World, host: str, words: Sequence[str]) -> Box:
    if not words:
        raise RefusedError("docker: this command requires exactly 1 argument.")
    box = _named(world, host, words[0])
    if box is None:
        raise RefusedError(f"{DAEMON}No such container: {words[0]}")
    return box_of(world, box.spec)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns, three blanks between them."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
             for row in rows)  # fmt: skip
    return "".join(line.rstrip() + "\n" for line in lines)


_VERBS: dict[str, Callable[[World, Call, Sequence[str]], Said]] = {
    "ps": _ps,
    "inspect": _inspect,
    "logs": _logs,
    "start": _start,
    "restart": _restart,
    "stop": _stop,
    "exec": _exec,
    "stats": _stats,
    "version": _version,
}
