"""The stand-ins that tell of the machine itself: `/proc`, `df`, `free`, `uptime` and the like."""

from __future__ import annotations

from console.demo.machines.lives import hex_of
from console.demo.machines.moments import ago
from console.demo.machines.numbers import Numbers
from console.demo.machines.options import parsed
from console.demo.machines.said import Call, RefusedError, Said, not_in_this_world
from console.demo.world import World

KERNEL = "6.1.0-28-amd64"

PROC = (
    "/proc/stat", "/proc/loadavg", "/proc/meminfo", "/proc/uptime", "/proc/net/dev",
    "/proc/mounts", "/proc/cpuinfo", "/proc/version", "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/hostname", "/etc/hostname",
)  # fmt: skip
"""The files whose content is the world's."""


def cat(world: World, call: Call) -> Said:
    """`cat` of files of `/proc`; of others the real one is run."""
    return Said("".join(proc_file(world, call.host, path) for path in call.args))


def proc_file(world: World, host: str, path: str) -> str:
    """The content of one of `PROC`.

    Raises:
        RefusedError: it is none of them.
    """
    numbers = Numbers(world, host)
    if path == "/proc/stat":
        return _stat(numbers)
    if path == "/proc/meminfo":
        return _meminfo(numbers)
    if path == "/proc/loadavg":
        one, five, fifteen = numbers.load
        return f"{one:.2f} {five:.2f} {fifteen:.2f} 2/812 {40000 + int(numbers.at_s) % 9000}\n"
    if path == "/proc/uptime":
        return f"{numbers.uptime_s:.2f} {numbers.ticks()[1] / 100:.2f}\n"
    if path == "/proc/net/dev":
        return _net(numbers)
    if path == "/proc/mounts":
        mounts = [f"{disk.device} {disk.path} ext4 rw,relatime 0 0" for disk in numbers.disks()]
        return "\n".join([*mounts, "proc /proc proc rw,nosuid 0 0",
                          "tmpfs /run tmpfs rw,nosuid 0 0", ""])  # fmt: skip
    if path == "/proc/cpuinfo":
        return "".join(f"processor\t: {number}\nmodel name\t: demo\n\n"
                       for number in range(numbers.cpus))  # fmt: skip
    if path == "/proc/version":
        return f"Linux version {KERNEL} (demo)\n"
    if path == "/proc/sys/kernel/osrelease":
        return KERNEL + "\n"
    if path in ("/proc/sys/kernel/hostname", "/etc/hostname"):
        return host + "\n"
    raise RefusedError(f"cat: {path}: No such file or directory")


def df(world: World, call: Call) -> Said:
    """`df [-P] [-k|-h|-i|-T|-l] [PATH…]`."""
    options = parsed(call.args, {"-P/--portability": False, "-k": False, "-h/--human-readable":
                                 False, "-i/--inodes": False, "-T/--print-type": False,
                                 "-l/--local": False, "-a/--all": False, "-m": False,
                                 "-x/--exclude-type": True, "-t/--type": True})  # fmt: skip
    disks = Numbers(world, call.host).disks()
    if options.words:
        wanted = {_mount_of(path, [disk.path for disk in disks]) for path in options.words}
        disks = [disk for disk in disks if disk.path in wanted]
    human, inodes = options.has("--human-readable"), options.has("--inodes")
    typed = options.has("--print-type")
    unit = "Inodes" if inodes else ("Size" if human else "1024-blocks")
    heads = ["Filesystem", *(["Type"] if typed else []), unit,
             *(("IUsed", "IFree", "IUse%") if inodes else ("Used", "Available", "Capacity")),
             "Mounted on"]  # fmt: skip
    rows = [heads]
    for disk in disks:
        size, free = (disk.inodes, disk.inodes_free) if inodes else (disk.size_kib, disk.free_kib)
        share = -(-100 * (size - free) // size) if inodes else disk.used_percent
        shown = [_human(value) if human and not inodes else str(value)
                 for value in (size, size - free, free)]  # fmt: skip
        rows.append([disk.device, *(["ext4"] if typed else []), *shown, f"{share}%", disk.path])
    widths = [max(len(row[place]) for row in rows) for place in range(len(heads))]
    lines = (" ".join(cell.ljust(width) if place in (0, len(heads) - 1) else cell.rjust(width)
                      for place, (cell, width) in enumerate(zip(row, widths, strict=True)))
             for row in rows)  # fmt: skip
    return Said("".join(line.rstrip() + "\n" for line in lines))


def du(world: World, call: Call) -> Said:
    """`du -sh PATH…` and `du -x -d1 PATH` below `/var`: who fills the disk."""
    options = parsed(call.args, {"-s/--summarize": False, "-h/--human-readable": False,
                                 "-x/--one-file-system": False, "-k": False, "-a/--all": False,
                                 "-d/--max-depth": True, "-c/--total": False})  # fmt: skip
    numbers = Numbers(world, call.host)
    disk = next(disk for disk in numbers.disks() if disk.path == "/var/lib")
    used = disk.size_kib - disk.free_kib
    culprit = dict(world.scenario.remedies)
    big = next((name for name, cause in culprit.items() if cause == "disk"), "")
    usual = int(disk.size_kib * 0.5)
    log = max(0, used - usual) if big else used // 40
    box = hex_of("container " + (big or "redis"))
    log_path = f"/var/lib/docker/containers/{box}/{box}-json.log"
    rows = [(log_path, log), ("/var/lib/docker/containers", log + used // 50),
            ("/var/lib/docker/overlay2", used // 6), ("/var/lib/docker", log + used // 4),
            ("/var/lib/data", used - log - used // 4), ("/var/lib", used)]  # fmt: skip
    below = [path.rstrip("/") for path in options.words] or ["/var/lib"]
    if options.has("--summarize"):
        rows = [(path, size) for path, size in rows if path in below]
    else:
        rows = [(path, size) for path, size in rows
                if any(path == top or path.startswith(top + "/") for top in below)]  # fmt: skip
    if not rows:
        raise RefusedError(f"du: cannot access '{below[0]}': No such file or directory")
    shown = _human if options.has("--human-readable") else str
    return Said("".join(f"{shown(size)}\t{path}\n" for path, size in rows))


def truncate(world: World, call: Call) -> Said:
    """`truncate -s 0 FILE` of the log of a container: what it wrote too much of is gone."""
    options = parsed(call.args, {"-s/--size": True, "-c/--no-create": False})
    for path in options.words:
        box = path.rpartition("/")[2].removesuffix("-json.log")
        writer = next((name for name, cause in world.scenario.remedies
                       if cause == "disk" and hex_of("container " + name) == box), "")  # fmt: skip
        if options.get("--size") != "0" or not path.startswith("/var/lib/docker/containers/"):
            raise not_in_this_world(f"truncate -s {options.get('--size')} {path}")
        if not writer:
            raise RefusedError(f"truncate: cannot open '{path}' for writing: No such file")
        world.restore("disk")
    return Said()


def free(world: World, call: Call) -> Said:
    """`free [-m|-g|-h|-k|-b]`."""
    options = parsed(call.args, {"-m": False, "-g": False, "-h": False, "-k": False, "-b": False})
    total, available = Numbers(world, call.host).memory_kib
    divisor = 1024 if options.has("-m") else 1048576 if options.has("-g") else 1
    cells = [total, total - available, available // 3, 0, available * 2 // 3, available]
    shown = [_human(cell) if options.has("-h") else str(cell // divisor) for cell in cells]
    heads = ("total", "used", "free", "shared", "buff/cache", "available")
    lines = ["       " + "".join(head.rjust(12) for head in heads),
             "Mem:   " + "".join(cell.rjust(12) for cell in shown),
             "Swap:  " + "".join("0".rjust(12) for _ in range(3))]  # fmt: skip
    return Said("\n".join(lines) + "\n")


def uptime(world: World, call: Call) -> Said:
    """`uptime [-p|-s]`."""
    numbers = Numbers(world, call.host)
    if "-p" in call.args:
        return Said(f"up {ago(numbers.uptime_s)}\n")
    days, rest = divmod(int(numbers.uptime_s), 86400)
    one, five, fifteen = numbers.load
    clock = world.now().strftime("%H:%M:%S")
    return Said(f" {clock} up {days} days, {rest // 3600:2}:{rest % 3600 // 60:02},  1 user,  "
                f"load average: {one:.2f}, {five:.2f}, {fifteen:.2f}\n")  # fmt: skip


def uname(world: World, call: Call) -> Said:
    """`uname` with any of its flags."""
    del world
    letters = "".join(arg.removeprefix("-") for arg in call.args) or "s"
    parts = {"s": "Linux", "n": call.host, "r": KERNEL, "v": "#1 SMP PREEMPT_DYNAMIC demo",
             "m": "x86_64", "o": "GNU/Linux"}  # fmt: skip
    if "a" in letters:
        letters = "snrvmo"
    unknown = set(letters) - set(parts)
    if unknown:
        raise not_in_this_world(f"uname -{min(unknown)}")
    return Said(" ".join(parts[letter] for letter in parts if letter in letters) + "\n")


def ipmitool(world: World, call: Call) -> Said:
    """`ipmitool -H NAME chassis power status|on|cycle|reset`: how a dark machine is reached."""
    options = parsed(call.args, {"-H/--host": True, "-I": True, "-U": True, "-P": True})
    name, wish = options.get("--host").removesuffix("-bmc"), options.words[-1:]
    causes = {trouble.cause for trouble in world.troubles_of(name)} or {name}
    if wish in (["on"], ["cycle"], ["reset"]):
        for cause in causes & {name}:
            world.restore(cause)
        return Said(f"Chassis Power Control: {wish[0].title()}\n")
    if wish == ["status"]:
        return Said(f"Chassis Power is {'on' if world.listens(name) else 'off'}\n")
    raise not_in_this_world("ipmitool " + " ".join(options.words))


def hostname(world: World, call: Call) -> Said:
    """The machine's name."""
    del world
    return Said(call.host + "\n")


def nproc(world: World, call: Call) -> Said:
    """How many processors it has."""
    return Said(f"{Numbers(world, call.host).cpus}\n")


def getconf(world: World, call: Call) -> Said:
    """`getconf _NPROCESSORS_ONLN` and `CLK_TCK`."""
    if call.args == ("_NPROCESSORS_ONLN",):
        return nproc(world, call)
    if call.args == ("CLK_TCK",):
        return Said("100\n")
    raise not_in_this_world("getconf " + " ".join(call.args))


def _stat(numbers: Numbers) -> str:
    busy, idle = numbers.ticks()
    user, system = busy * 7 // 10, busy - busy * 7 // 10
    lines = [f"cpu  {user} 0 {system} {idle} 0 0 0 0 0 0"]
    count = numbers.cpus
    lines += [f"cpu{number} {user // count} 0 {system // count} {idle // count} 0 0 0 0 0 0"
              for number in range(count)]  # fmt: skip
    lines += [f"btime {int(numbers.at_s - numbers.uptime_s)}", "processes 8123456",
              "procs_running 2", "procs_blocked 0"]  # fmt: skip
    return "\n".join(lines) + "\n"


def _meminfo(numbers: Numbers) -> str:
    total, available = numbers.memory_kib
    rows = (("MemTotal", total), ("MemFree", available // 3), ("MemAvailable", available),
            ("Buffers", available // 20), ("Cached", available // 2), ("SwapTotal", 0),
            ("SwapFree", 0))  # fmt: skip
    return "".join(f"{name + ':':<16}{value:>8} kB\n" for name, value in rows)


def _net(numbers: Numbers) -> str:
    received, sent = numbers.traffic()
    head = ("Inter-|   Receive                                                |  Transmit\n"
            " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets "
            "errs drop fifo colls carrier compressed\n")  # fmt: skip
    rows = (("lo", received // 9, received // 9), ("eth0", received, sent))
    return head + "".join(
        f"{name:>6}: {into} {into // 900} 0 0 0 0 0 0 {out} {out // 900} 0 0 0 0 0 0\n"
        for name, into, out in rows
    )


def _mount_of(path: str, mounts: list[str]) -> str:
    return max((mount for mount in mounts if path == mount or path.startswith(
        mount.rstrip("/") + "/")), key=len, default="/")  # fmt: skip


def _human(kib: int) -> str:
    value, unit = float(kib), "K"
    for larger in "MGT":
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f}{unit}" if value < 10 else f"{value:.0f}{unit}"
