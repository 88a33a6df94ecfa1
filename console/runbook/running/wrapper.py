"""What is sent to a host: the scripts that start a command there, ask after it and end it.

Every one is read by `sh` on its standard input, and whole before any of it runs: half of one,
from a connection that went, does nothing. What belongs to a command lies in a folder of its
own (`marker` says where):

- `script`: for the step's shell; `watch`: for the shell that watches over it
- `go`: had by who may begin: the watcher, or who has decided that it never shall
- `pid`, `step`: the watcher and the step's shell, by number and time of birth
- `1.head` `1.tail` `1.count`, `2.…`: its output, the first and the last `KEPT_BYTES`
- `timed`, `stopped`, `void`, `notes`: what befell it
- `rc`: how it ended, written last

A file that is there before it says anything holds blanks.

Needed on the host: `sh`, what POSIX asks for, `head -c`, and one of `setsid`, `perl` and
`python3`. Where there is no `/proc`, `ps` tells what runs.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Final

from console.runbook.running import marker
from console.runbook.running.job import KEPT_BYTES, Job
from console.runbook.running.lock import LOOK, TAKE, key_of
from console.runbook.running.marker import CLAIM, FIND, PLACES, SETTLE
from console.runbook.running.watcher import BORN, MEMBERS, NAP, WATCH
from console.safety.script import word
from console.safety.text import visible

_BASE: Final = rf"""
mask=$(umask)
umask 077
unset CDPATH
user=$(id -u)
{NAP}
say() {{ printf '\n%s %s\n' "$n" "$*"; }}
"""

_TELL: Final = r"""
part() { # $3 bytes of the file $1 after the first $2
  [ "$3" -gt 0 ] && tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}
fate() { # of one whose end is not there: its watcher lives, or was cut off
  p=
  { read -r p was <pid; } 2>/dev/null
  if [ -z "$p" ]; then how=starting
  elif born "$p" && [ "$b" = "$was" ]; then how=running
  elif [ -s rc ]; then how=ended
  elif find_file .rc; then how=ended rc=$found
  else
    how=dead boot=
    { IFS= read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
    case $was in *" $boot") ;; *) [ -z "$boot" ] || how=rebooted ;; esac
    { IFS= read -r mark <mark; } 2>/dev/null
    find_left
    more=$(name_left)
  fi
}
after() { # of $1 bytes that it printed $2 are in the head: sets $skip, of the tail's $3, and $rest
  skip=$(($2 - ($1 > keep ? $1 - keep : 0)))
  skip=$((skip > 0 ? skip : 0))
  rest=$(($1 > $2 && $3 > skip ? $3 - skip : 0))
}
tell() { # what came after the first $1 of stdout and $2 of stderr
  # Waits for its end by the naps $4, and after $3 of them for output, too.
  from1=$1 from2=$2 early=$3
  for pause in $4; do
    [ -s rc ] && break
    early=$((early - 1))
    if [ "$early" -lt 0 ]; then
      set -- $(wc -c 1.head 2.head)
      [ "$1" -gt "$from1" ] && [ "$from1" -lt "$keep" ] && break
      [ "$3" -gt "$from2" ] && [ "$from2" -lt "$keep" ] && break
    fi
    nap "$pause"
  done
  rc=rc more=
  if [ -s rc ]; then how=ended; else fate; fi
  set -- $(wc -c 1.head 2.head 1.tail 2.tail)
  head1=$(($1 < keep ? $1 : keep)) head2=$(($3 < keep ? $3 : keep)) size1=$5 size2=$7
  status= rest1=0 rest2=0
  if [ "$how" = ended ]; then
    read -r status count1 count2 times <"$rc"
    after "$count1" "$head1" "$size1"
    skip1=$skip rest1=$rest
    after "$count2" "$head2" "$size2"
    skip2=$skip rest2=$rest
    status="$status $count1 $count2 $times"
  fi
  more1=$((head1 > from1 ? head1 - from1 : 0)) more2=$((head2 > from2 ? head2 - from2 : 0))
  noted=$(echo "$more" | sed '/^ *$/d' notes -)
  say "$how" "$more1 $rest1 $more2 $rest2 ${#noted}" "$status"
  part 1.head "$from1" "$more1"
  part 1.tail "$skip1" "$rest1"
  part 2.head "$from2" "$more2"
  part 2.tail "$skip2" "$rest2"
  printf '%s' "$noted"
  [ "$how" != ended ] || [ "$kept" = 1 ] || drop_marker
}
"""

_START: Final = r"""
for tool in awk find grep head id ls mkfifo mv rm sed tail tee wc; do
  command -v "$tool" >/dev/null 2>&1 || { say notool "$tool"; exit 0; }
done
command -v "$shell" >/dev/null 2>&1 || { say noshell; exit 0; }
command -v setsid >/dev/null 2>&1 || command -v perl >/dev/null 2>&1 ||
  command -v python3 >/dev/null 2>&1 || { say nosession; exit 0; }
if [ "$secrets" = 1 ]; then
  case $(command -v printf) in printf) ;; *) say noprintf; exit 0 ;; esac
fi
settle
case $? in 1) say nofolder "$why"; exit 0 ;; 2) say there; exit 0 ;; esac
if [ -n "$lock" ]; then
  take_lock "$lock" "$who"
  if [ "$?" = 1 ]; then
    exec 9>&-
    drop_marker
    say busy
    printf '%s\n' "$holders" | say_holders
    exit 0
  fi
fi
launch() { # with the secrets, on descriptor 3
  exec 3<&0 </dev/null >/dev/null 2>&1
  set -- sh "$d/watch" "$d" "$limit" "$keep" "$shell" "$mark" "$kept" "$mask" "$shared"
  # What `&` starts ignores SIGINT, and so would the step.
  setsid -f "$@" 3<&3 && return
  if command -v setsid; then setsid "$@" 3<&3 &
  elif command -v perl; then
    perl -e 'use POSIX (); $^F = 9; fork and exit; POSIX::setsid(); exec { $ARGV[0] } @ARGV' \
      "$@" 3<&3
  else
    python3 -c 'import os, sys
os.fork() and os._exit(0)
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])' "$@" 3<&3
  fi
}
"""

_LAUNCHED: Final = r"""
exec 9>&-
# Until it is out of our session it would be ended with it.
for pause in 1 1 2 2 5 10 20 50 100 100 100 100 100; do
  p=
  { read -r p was <pid; } 2>/dev/null
  [ -n "$p" ] && break
  nap "$pause"
done
"""

_ASK: Final = r"""
find_marker
if { [ -z "$d" ] || [ -e "$d/void" ]; } && find_file .away; then say gone; exit 0; fi
# One that is on its way still finds its place taken.
[ -n "$d" ] || [ "$claim" = 0 ] || claim
if [ -z "$d" ] || [ -e "$d/void" ]; then say none; exit 0; fi
cd "$d" || { say none; exit 0; }
[ -e 2.tail ] || { say starting 0 0 0 0 0; exit 0; }
if [ "$claim" = 2 ] && may go; then
  may void
  drop_files
  say none
  exit 0
fi
"""

_STOP: Final = r"""
find_marker || claim
if [ -z "$d" ] || [ -e "$d/void" ]; then say none; exit 0; fi
cd "$d" || { say none; exit 0; }
if may go; then
  may void
  drop_files
  say none
  exit 0
fi
if [ -s rc ]; then say over; exit 0; fi
{ IFS= read -r mark <mark; } 2>/dev/null
may stopped
for pause in 5 10 20 50 100; do
  p=
  { read -r p rest <step; } 2>/dev/null
  [ -n "$p" ] && break
  nap "$pause"
done
end_it
{ read -r watcher was <pid; } 2>/dev/null
for pause in 5 5 10 20 50 100 100 100; do
  [ -s rc ] || ! born "$watcher" && break
  nap "$pause"
done
say stopped
name_left
"""

_FORGET: Final = r"""
if ! find_marker || [ -s "$d/rc" ] || [ -e "$d/void" ] || find_file .rc; then
  drop_marker && say none
else say running
fi
"""


def _plain(**values: object) -> bytes:
    """Assignments of ours."""
    return b" ".join(name.encode() + b"=" + word(str(value)) for name, value in values.items())


def _text(text: str) -> bytes:
    """A script, of several lines, as one word."""
    return shlex.quote(text).encode()


def _naps(hundredths: Sequence[int]) -> str:
    return " ".join(map(str, hundredths))


def _whole(*parts: bytes | str) -> bytes:
    lines = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"{\nexec </dev/null\n" + b"\n".join(lines) + b"\nexit 0\n}\n"


STARTNAPS: Final = (1, 1, 2, 3, 5, 5, *[10] * 10)
"""Hundredths of a second, between which it is looked whether there is anything to tell."""
ASKNAPS: Final = (2, 5, 10, 15, *[20] * 8)
IDLENAPS: Final = (20, 30, 50, 100, 100, 100)
"""Of a command that has been silent for long."""


def begun(nonce: str) -> bytes:
    """The first line that a start prints: without it nothing of the script ran."""
    return f"{nonce}-begun".encode()


def start(job: Job, nonce: str, mark: str) -> bytes:
    """Starts a command, apart from the session, and waits a moment for its end.

    Raises:
        ScriptError: a value cannot be a variable.
    """
    names = [name for name, _ in job.secrets]
    # On its first line, so that the shell's complaints name the lines as they are written. A
    # variable that was in the environment would put the secret there.
    secrets = "".join(f"unset {name}; IFS= read -r {name} <&3; " for name in names)
    script = f"{secrets}exec 3<&-; {job.script}"
    exported = b"".join(
        name.encode() + b"=" + word(value) + b"\nexport " + name.encode() + b"\n"
        for name, value in job.values
    )
    lines = b"".join(b"printf '%s\\n' " + word(value) + b"\n" for _, value in job.secrets)
    return _whole(
        _plain(
            n=nonce,
            id=job.id,
            keep=KEPT_BYTES,
            limit=max(1, math.ceil(job.timeout_s)),
            shell=job.shell,
            mark=mark,
            kept=int(job.keeps_marker),
            shared=marker.SHARED,
            secrets=int(bool(names)),
            lock=key_of(job.lock) if job.lock else "",
            who=visible(job.who, cells=300),
        ),
        b"watch=" + _text(NAP + BORN + MEMBERS + PLACES + FIND + WATCH),
        b"script=" + _text(script),
        _BASE,
        f"printf '\\n{begun(nonce).decode()}\\n'",
        *(BORN, MEMBERS, PLACES, FIND, SETTLE, _TELL, LOOK, TAKE, _START),
        b"{ :\n" + lines + b"} | (\n" + exported + b"launch\n)",
        _LAUNCHED,
        f"tell 0 0 0 '{_naps(STARTNAPS)}'",
    )


def ask(
    job_id: str,
    nonce: str,
    seen: tuple[int, int],
    *,
    claim: int = 0,
    naps: Sequence[int] = ASKNAPS,
    kept: bool = True,
) -> bytes:
    """Asks what came of a command since.

    Args:
        seen: How much of the beginning of each stream is here already, in bytes.
        claim: 1: one that is not there shall never be; 2: nor one that has not begun.
        naps: How it waits there for its end or for output.
        kept: Its marker stays.
    """
    return _whole(
        _plain(
            n=nonce,
            id=job_id,
            keep=KEPT_BYTES,
            claim=claim,
            kept=int(kept),
            shared=marker.SHARED,
        ),
        *(_BASE, BORN, MEMBERS, PLACES, FIND, CLAIM, _TELL, _ASK),
        f"tell {seen[0]} {seen[1]} 0 '{_naps(naps)}'",
    )


def stop(job_id: str, nonce: str) -> bytes:
    """Ends a command and everything that belongs to it, and says what is left."""
    return _whole(
        _plain(n=nonce, id=job_id, mark="-", shared=marker.SHARED),
        *(_BASE, BORN, MEMBERS, PLACES, FIND, CLAIM, _STOP),
    )


def forget(job_id: str, nonce: str) -> bytes:
    """Takes the marker away of a command that has ended."""
    return _whole(_plain(n=nonce, id=job_id, shared=marker.SHARED), _BASE, PLACES, FIND, _FORGET)


def look(lock: str, nonce: str) -> bytes:
    """Asks who holds a lock."""
    return _whole(
        _plain(n=nonce, id="-", lock=key_of(lock)),
        *(_BASE, LOOK),
        "command -v flock >/dev/null 2>&1 || { say noflock; exit 0; }",
        "say held",
        'held_by "$lock" "" | say_holders',
    )
