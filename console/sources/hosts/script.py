"""The one command that gathers a host's facts: a script for any POSIX `sh`, read on stdin.

Every part stands between two marks that begin with a token, another one for every look, so
that nothing that a container or a file system is called can pass for a part. The marks are
on stdout and on stderr alike, which keeps the words of a failed part with that part. The
token is never an argument, since every user of the host can read those.

The script only reads. Its arguments: 1 to measure the processors twice, the seconds that one
slow part may take, 1 where docker is expected, and the names of systemd units.
"""

from __future__ import annotations

import secrets
from typing import Final

from console.safety.ssh import Command
from console.sources.hosts.settings import Wanted

INSPECT_FORMAT: Final = (
    '{"name":{{json .Name}},"id":{{json .Id}},"image":{{json .Config.Image}},'
    '"state":{{json .State.Status}},"exit":{{json .State.ExitCode}},'
    '"oom":{{json .State.OOMKilled}},"error":{{json .State.Error}},'
    '"started":{{json .State.StartedAt}},"finished":{{json .State.FinishedAt}},'
    '"restarts":{{json .RestartCount}},"policy":{{json .HostConfig.RestartPolicy.Name}},'
    '"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}}}'
)
"""One JSON line a container. Without the log of its health check, which can be 20 kB."""

UNIT_PROPERTIES: Final = (
    "Id,Names,LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts,StateChangeTimestamp,"
    "ControlGroup"
)
"""`NRestarts` came with systemd 235; older ones leave out what they do not know."""

MAX_FAILED: Final = 50
"""Failed units of which more than their names is asked."""

MAX_CGROUPS: Final = 500
"""Containers and units of which is read what they take."""

CGROUPS: Final = "/sys/fs/cgroup"
"""Where a host has its cgroups, of either version."""

# One program for all of them: 500 files cost it 3 ms, and the `read` of a small shell, which asks
# the kernel for every byte, 15. A file that is not there is passed over without a word.
_USES: Final = r"""
function first(file, line) {
  if ((getline line < file) < 1) return "-"
  close(file)
  return line
}
function told(file, key, line, found) {
  found = "-"
  while (found == "-" && (getline line < file) > 0)
    if (index(line, key " ") == 1) found = substr(line, length(key) + 2)
  close(file)
  return found
}
function use(place, name, in_memory, in_cpu, memory, cpu) {
  in_cpu = in_memory = root "/" place "/"
  memory = first(in_memory "memory.current")
  cpu = told(in_cpu "cpu.stat", "usage_usec")
  if (memory cpu != "--") {
    print 2, memory, first(in_memory "memory.max"), \
      told(in_memory "memory.stat", "inactive_file"), cpu, first(in_cpu "cpu.max"), name
    return 1
  }
  in_memory = root "/memory/" place "/"
  in_cpu = root "/cpu/" place "/"
  memory = first(in_memory "memory.usage_in_bytes")
  cpu = first(root "/cpuacct/" place "/cpuacct.usage")
  if (memory cpu == "--") return 0
  print 1, memory, first(in_memory "memory.limit_in_bytes"), \
    told(in_memory "memory.stat", "total_inactive_file"), cpu, \
    first(in_cpu "cpu.cfs_quota_us"), first(in_cpu "cpu.cfs_period_us"), name
  return 1
}
BEGIN {
  root = ARGV[1]
  print "up", first("/proc/uptime")
  for (at = 2; at < ARGC && at < @MAX_CGROUPS@ + 2; at++) {
    name = ARGV[at]
    if (index(name, "/") == 1)
      use(substr(name, 2), name)
    else if (!use("system.slice/docker-" name ".scope", name) && !use("docker/" name, name))
      use("machine.slice/libpod-" name ".scope", name)
  }
}"""
"""What containers, by their ids, and units, by the paths of their cgroups, take: a line each."""

_TIMED_OUT: Final = "124|137|143"
"""How the `timeout` of coreutils and that of busybox say that they ended a program."""

# `main` is read whole before it runs, and no program in it has stdin: that is the script.
# `/proc` and cgroups are read by `cat` and `awk` alone, and every program is found by PATH, as on
# a small busybox.
# The outermost cgroup has no `memory.max`: of version 2 only a container is asked.
# Times are printed in UTC, because abbreviations of time zones have no one meaning and
# `systemctl --timestamp` is unknown before systemd 247.
_SCRIPT: Final = r"""
main() {
  LC_ALL=C TZ=UTC PATH=$PATH:/usr/sbin:/sbin:/snap/bin
  export LC_ALL TZ PATH
  set -f
  twice=$1 seconds=$2 docker=$3
  shift 3
  limited=
  timeout -s KILL "$seconds" true 2>/dev/null && limited=1

  part now date +%s.%N
  part stat cat /proc/stat
  part load cat /proc/loadavg
  part memory cat /proc/meminfo
  look_cgroup /sys/fs/cgroup memory.max memory.current
  look_cgroup /sys/fs/cgroup/memory memory.limit_in_bytes memory.usage_in_bytes
  part uptime cat /proc/uptime
  part network cat /proc/net/dev
  part kernel uname -sr
  part cpus look_cpus
  [ -r /proc/uptime ] || part plain uptime

  part mounts cat /proc/mounts
  part disks limit df -P -k
  if ended_by_limit; then
    part near limit df -P -k -l
  else
    part inodes limit df -P -i
  fi

  ids= groups=
  if has docker || [ "$docker" = 1 ]; then part docker look_docker; fi
  if has systemctl || [ "$#" -gt 0 ]; then
    failed=
    part failed look_failed
    ended_by_limit || part units look_units "$@" $(first_words "$failed")
  fi
  [ -z "$ids$groups" ] || part uses look_uses
  if [ "$twice" = 1 ]; then
    sleep 0.3 2>/dev/null || sleep 1
    part again cat /proc/stat
    [ -z "$ids$groups" ] || part usesagain look_uses
  fi
  part then date +%s.%N
  return 0
}

mark() {
  printf '\n%s %s\n' "$token" "$1"
  printf '\n%s %s\n' "$token" "$1" >&2
}

part() {
  part=$1
  shift
  mark "+$part"
  "$@"
  status=$?
  mark "-$part $status"
}

has() { command -v "$1" >/dev/null 2>&1; }

limit() {
  if [ -n "$limited" ]; then timeout -s KILL "$seconds" "$@"; else "$@"; fi
}

ended_by_limit() {
  case $status in @TIMED_OUT@) return 0 ;; esac
  return 1
}

look_cgroup() {
  [ ! -r "$1/$2" ] || part cgroup cat "$1/$2" "$1/$3" "$1/memory.stat"
}

look_cpus() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; }

look_docker() {
  has docker || return 127
  ids=$(limit docker ps -a -q --no-trunc) || return
  [ -n "$ids" ] || return 0
  limit docker inspect --type container --format '@INSPECT@' -- $ids
}

look_failed() {
  has systemctl || return 127
  failed=$(limit systemctl list-units --failed --full --plain --no-legend --no-pager) || return
  [ -z "$failed" ] || printf '%s\n' "$failed"
}

first_words() {
  printf '%s\n' "$1" |
    sed -n -e 's/^[^-[:alnum:]_:.\\@]*//' -e 's/[[:space:]].*//' -e '/./p' | sed '@MAX_FAILED@q'
}

look_units() {
  [ "$#" -gt 0 ] || return 0
  units=$(limit systemctl show --no-pager -p @PROPERTIES@ -- "$@") || return
  printf '%s\n' "$units"
  for word in $units; do
    case $word in ControlGroup=/?*) groups="$groups ${word#ControlGroup=}" ;; esac
  done
}

look_uses() { awk '@USES@' @CGROUPS@ $ids $groups; }

main "$@" </dev/null
"""
SCRIPT: Final = (
    _SCRIPT.replace("@TIMED_OUT@", _TIMED_OUT)
    .replace("@USES@", _USES)
    .replace("@CGROUPS@", CGROUPS)
    .replace("@MAX_CGROUPS@", str(MAX_CGROUPS))
    .replace("@INSPECT@", INSPECT_FORMAT)
    .replace("@MAX_FAILED@", str(MAX_FAILED))
    .replace("@PROPERTIES@", UNIT_PROPERTIES)
)

_SHARES: Final = 5
"""How many parts of a look may each be slow without the look missing its own deadline."""


class Look(Command, frozen=True):
    """One look at a host, ready to be sent."""

    token: str = ""
    """What its marks begin with."""
    part_s: int = 1
    """The seconds that one slow part of it may take."""


def look_at(wanted: Wanted, *, twice: bool, timeout_s: float, sudo: bool) -> Look:
    """A look that asks for `wanted` too.

    Args:
        wanted: the registry's services of the host.
        twice: measure the processors twice, because no earlier look is known.
        timeout_s: the deadline of the whole look.
        sudo: run all of it by `sudo -n`.
    """
    token = f"oncall-{secrets.token_hex(12)}"
    part_s = max(1, int(timeout_s / _SHARES))
    words = ("1" if twice else "0", str(part_s), "1" if wanted.docker else "0")
    return Look(
        argv=(*words, *wanted.units),
        script=f"token={token}\n{SCRIPT}".encode(),
        sudo=sudo,
        token=token,
        part_s=part_s,
    )
