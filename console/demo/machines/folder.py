"""The folder that a demo's shells live in: the stand-ins, the home, the socket's place."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from importlib.resources import files
from pathlib import Path

from console.demo.inventory import USER
from console.demo.machines.cgroups import ROOT as CGROUPS
from console.demo.machines.kernel import PROC
from console.demo.machines.numbers import HOST
from console.demo.machines.programs import SOMEWHERE, programs_on
from console.demo.world import World
from console.safety.files import private_dir, write_atomic

RUNNABLE = 0o700

REFUSED = ("reboot", "shutdown", "poweroff", "halt", "init", "telinit", "service", "crontab")
"""Programs of the real machine that nobody means who types them on a host of the demo."""

_HEAD = "#!/bin/sh\n"

_MOTD = """\
demo `{scenario}`: this is not {host}. docker, systemctl, journalctl, kubectl and the like speak
of the demo's world; every other program and every file is your own machine's.
"""


class ShellFolder:
    """What is written for the shells of all five machines, below one private folder."""

    def __init__(self, folder: Path, world: World) -> None:
        """
        Raises:
            FileError: the folder cannot be written.
        """
        self._folder = folder
        self.socket = folder / "s"
        self.home = private_dir(folder / "home")
        self.shell = shutil.which("bash") or "/bin/sh"
        for kind in ("state", "run", "tmp"):
            private_dir(folder / kind)
            for host in HOST:
                private_dir(folder / kind / host)
        self._write_home(world)
        self._write_stand_ins()

    def environment(self, host: str) -> dict[str, str]:
        """The whole environment of a shell on `host`."""
        real = os.environ.get("PATH", os.defpath)
        return {
            "PATH": os.pathsep.join([str(self._folder / host), str(self._folder / "bin"), real]),
            "HOME": str(self.home),
            # Five machines on one: what each keeps and locks must not meet the others'.
            "XDG_STATE_HOME": str(self._folder / "state" / host),
            "XDG_RUNTIME_DIR": str(self._folder / "run" / host),
            "TMPDIR": str(self._folder / "tmp" / host),
            "ONCALL_LOCKS": str(self._folder / "tmp" / host),
            "USER": USER,
            "LOGNAME": USER,
            "SHELL": self.shell,
            "LANG": "C.UTF-8",
            "HOSTNAME": host,
            "ENV": str(self.home / ".shrc"),
            "HISTFILE": "/dev/null",
            "ONCALL_DEMO_HOST": host,
            "ONCALL_DEMO_SOCKET": str(self.socket),
        }

    def argv(self, command: str | None) -> tuple[str, ...]:
        """The words of a shell: for one command, or for a person."""
        if command is not None:
            return ("/bin/sh", "-c", command)
        if self.shell.endswith("bash"):
            return (self.shell, "--noprofile", "--rcfile", str(self.home / ".shrc"), "-i")
        return (self.shell, "-i")

    def _write_home(self, world: World) -> None:
        # A shell inside a container reads this file too, and has a prompt already.
        prompt = r"\w" if self.shell.endswith("bash") else "~"
        text = [
            "if [ -n \"$ONCALL_DEMO_PROMPT\" ]; then PS1=$ONCALL_DEMO_PROMPT; else",
            f"PS1=\"{USER}@$ONCALL_DEMO_HOST:{prompt}\\$ \"",
            "cd \"$HOME\" && cat \"$HOME/.motd-$ONCALL_DEMO_HOST\"; fi",
        ]  # fmt: skip
        write_atomic(self.home / ".shrc", ("\n".join(text) + "\n").encode())
        for host in HOST:
            said = _MOTD.format(scenario=world.scenario.name, host=host)
            write_atomic(self.home / f".motd-{host}", said.encode())

    def _write_stand_ins(self) -> None:
        launcher = self._folder / "launcher.py"
        write_atomic(launcher, files("console.demo.machines").joinpath("launcher.py").read_bytes())
        ask = " ".join(["exec", *map(shlex.quote, (sys.executable, "-I", "-S", str(launcher)))])
        common = set.intersection(*(set(programs_on(host)) for host in HOST))
        shared = private_dir(self._folder / "bin")
        for name in sorted(common - {"awk", "cat"}):
            _write(shared / name, f'{ask} {name} "$@"\n')
        real = shutil.which("cat") or "/bin/cat"
        _write(
            shared / "cat",
            f'for path do case $path in {"|".join(PROC)}) {ask} cat "$@" ;; '
            # The limit of a container in which the demo runs is not one of its hosts.
            "/sys/fs/cgroup/*) exit 1 ;; esac; done\n"
            f'exec {shlex.quote(real)} "$@"\n',
        )
        real = shutil.which("awk") or "/usr/bin/awk"
        _write(
            shared / "awk",
            f'for word do case $word in {CGROUPS}) {ask} awk "$@" ;; esac; done\n'
            f'exec {shlex.quote(real)} "$@"\n',
        )
        _write(shared / "sudo", '[ "$1" = -n ] && shift\nexec "$@"\n')
        for name in REFUSED:
            _write(
                shared / name, f'echo "demo: {name} would be for your own machine" >&2\nexit 1\n'
            )
        for host in HOST:
            own = private_dir(self._folder / host)
            here = set(programs_on(host)) - common
            for name in sorted(here):
                _write(own / name, f'{ask} {name} "$@"\n')
            for name in sorted(SOMEWHERE - here):
                # A real one of this machine must not be taken for the host's.
                if shutil.which(name):
                    _write(own / name, f'echo "sh: {name}: not found" >&2\nexit 127\n')


def _write(path: Path, script: str) -> None:
    write_atomic(path, (_HEAD + script).encode(), mode=RUNNABLE)
