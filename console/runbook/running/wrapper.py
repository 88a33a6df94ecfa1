"""What is sent to a host: the scripts that start a command there, ask after it and end it.

Every one is read by `sh` on its standard input, and whole before any of it runs: half of one,
from a connection that went, does nothing. What belongs to a command lies in a folder of its
own, `$XDG_STATE_HOME/oncall/runs/<id>`:

- `script`: for the step's shell; `watch`: for the shell that watches over it
- `go`: made by who may begin: the watcher, or who has decided that it never shall
- `pid`, `step`: the watcher and the step's shell, by number and time of birth
- `1.head` `1.tail` `1.count`, `2.…`: its output, the first and the last `KEPT_BYTES`
- `timed`, `stopped`, `void`, `notes`: what befell it
- `rc`: how it ended, written last

Needed on the host: `sh`, what POSIX asks for, `head -c`, and one of `setsid`, `perl` and `python3`. Where there is no `/proc`, `ps` tells what runs.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Final

from console.runbook.running.job import KEPT_BYTES, Job
from console.runbook.running.lock import LOOK, TAKE, key_of
from console.safety.script import word
from console.safety.text import visible

KILL_AFTER_S: Final = 5
DRAIN_S: Final = 2
MARKERS_DAYS: Final = 14

_NAP: Final = """
nap() { sleep "$1" 2>/dev/null || sleep 1; }
"""

_BASE: Final = rf"""
umask 077
unset CDPATH
state=${{XDG_STATE_HOME:-$HOME/.local/state}}/oncall/runs
d=$state/$id
{_NAP}
say() {{ printf '\n%s %s\n' "$n" "$*"; }}
"""

# The name of a program may have brackets, blanks and line breaks in it: what is asked for
# stands behind the last bracket.
_BORN: Final = r"""
born() { # sets $b: when the process $1 began; fails where there is none
  b=
  if [ -r /proc/self/stat ]; then
    { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    line=${line##*) }
    case $line in Z*|X*) return 1 ;; esac
    set -- $line
    [ "$#" -gt 20 ] || return 1
    shift 19
    boot=
    { IFS= read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
    b="$1 $boot"
  else
    b=$(ps -o lstart= -p "$1" 2>/dev/null)
  fi
  [ -n "$b" ]
}
"""

# Of the job is who is in the session or group of the step's shell, who carries the job's mark
# in the environment, and whoever descends from these. The number of the shell may be somebody
# else's by now: then it was born at another time, and its session says nothing.
_MEMBERS: Final = r"""
members() { # the living processes of the step, one number a line; `?`: nobody can tell
  s= t=
  { read -r s rest <step; } 2>/dev/null && { set -- $rest; [ "$#" -ge 20 ] && shift 19 && t=$1; }
  {
    if [ -r /proc/self/stat ]; then
      grep -lsF "ONCALL_JOB=$mark" /proc/[0-9]*/environ | sed 's|^/proc/\([0-9]*\)/.*|M \1|'
      sed -n 's/^\([0-9]*\) (.*) \([^ ]\) \([0-9]*\) \([0-9]*\) \([0-9]*\) [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* \([0-9]*\) .*/P \1 \2 \3 \4 \5 \6/p' /proc/[0-9]*/stat 2>/dev/null
    else
      ps -A -o pid= -o stat= -o ppid= -o pgid= | sed 's/^/P /;s/$/ 0 -/'
    fi
  } | awk -v s="$s" -v t="$t" '
    $1 == "M" { m[$2] = 1 }
    $1 == "P" { seen = 1 }
    $1 == "P" && $3 !~ /^[ZX]/ { up[$2] = $4; group[$2] = $5; own[$2] = $6; at[$2] = $7 }
    END {
      if (s != "" && (!(s in at) || t == "" || at[s] == t))
        for (p in up) if (p == s || group[p] == s || own[p] == s) m[p] = 1
      do {
        more = 0
        for (p in up) if (!(p in m) && up[p] > 1 && (up[p] in m)) { m[p] = 1; more = 1 }
      } while (more)
      for (p in m) if (p in up) print p
      if (!seen) print "?"
    }'
}
hit() { # signal $1 to the processes $2…; sudo, where what root runs is not ours to signal
  signal=$1
  shift
  for p in "$@"; do
    kill -s "$signal" "$p" 2>/dev/null && continue
    born "$p" && sudo -n kill -s "$signal" "$p" 2>/dev/null
  done
}
end_it() { # TERM, a while, KILL; sets $left to what lives on all the same
  left=$(members)
  [ -n "$left" ] && hit TERM $left && hit CONT $left
  for pause in 0.05 0.1 0.15 0.2 0.5 0.5 0.5 1 1 1; do
    left=$(members)
    [ -n "$left" ] || return 0
    nap "$pause"
  done
  for pause in 0.05 0.1 0.2 0.5 1; do
    left=$(members)
    [ -n "$left" ] || return 0
    hit KILL $left
    nap "$pause"
  done
  left=$(members)
  [ -z "$left" ]
}
name_left() { # what lives on, one `left NUMBER NAME` a line
  for p in $left; do
    name=
    { IFS= read -r name <"/proc/$p/comm"; } 2>/dev/null || name=$(ps -o comm= -p "$p")
    printf 'left %s %s\n' "$p" "$name"
  done
}
"""

# A process without a terminal is not hung up on, and a shell that ignored signals would have
# the step ignore them: they are caught here and are as ever there. The file of the beginning
# is cut by the limit of a file's size, which `tee` outlives where the signal for it is ignored.
_WATCH: Final = r"""
d=$1 limit=$2 keep=$3 shell=$4 mark=$5 kept=$6
cd "$d" || exit 1
trap : HUP INT TERM
born $$
echo "$$ $b" >pid
[ -s pid ] && mkdir go 2>/dev/null || exit 0
moment() { { read -r up rest </proc/uptime; } 2>/dev/null || up=$(date +%s); }
(
  timer=
  trap 'kill "${timer:-$!}" 2>/dev/null; exit 0' TERM
  sleep "$limit" &
  timer=$!
  wait "$timer"
  : >timed
  trap : TERM
  end_it || name_left >>notes
) </dev/null >/dev/null 2>&1 3<&- 9>&- &
watchdog=$!
tees= tails=
for stream in 1 2; do
  mkfifo $stream.in $stream.end $stream.size || exit 1
  tail -c "$keep" <$stream.end >$stream.tail 3<&- 9>&- &
  tails="$tails $!"
  wc -c <$stream.size >$stream.count 3<&- 9>&- &
  tails="$tails $!"
  (
    ulimit -f $((keep / 512))
    trap '' XFSZ
    exec tee $stream.head $stream.end <$stream.in >$stream.size
  ) 2>/dev/null 3<&- 9>&- &
  tees="$tees $!"
done
if command -v setsid >/dev/null; then set -- setsid
elif command -v perl >/dev/null; then
  set -- perl -e 'use POSIX (); $^F = 3; POSIX::setsid(); exec { $ARGV[0] } @ARGV; exit 127'
else
  set -- python3 -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])'
fi
moment
began=$up
(
  cd "${HOME:-/}" 2>/dev/null || cd /
  ONCALL_JOB=$mark
  export ONCALL_JOB
  exec "$@" sh -c '
    { IFS= read -r line </proc/$$/stat; } 2>/dev/null
    echo "$$ ${line##*) }" >"$0"
    exec "$@"' "$d/step" "$shell" "$d/script"
) </dev/null >1.in 2>2.in 9>&-
status=$?
moment
exec 3<&-
if [ -e timed ]; then wait "$watchdog"; else kill "$watchdog" 2>/dev/null; fi
for pause in 0.01 0.01 0.02 0.05 0.1 0.2 0.3 0.3 0.5 0.5 0; do
  [ -s 1.count ] && [ -s 2.count ] && break
  nap "$pause"
done
if [ ! -s 1.count ] || [ ! -s 2.count ]; then
  # Somebody in the background holds its output.
  if [ "$kept" = 1 ]; then left=$(members); else end_it; fi
  name_left >>notes
  kill $tees 2>/dev/null
fi
wait $tails
read -r size1 <1.count
read -r size2 <2.count
timed=0 stopped=0
[ -e timed ] && timed=1
[ -e stopped ] && stopped=1
for pause in 1 1 2 5 10 20 60; do # a full disk may have room again
  echo "$status $size1 $size2 $began $up $timed $stopped" >rc.new && mv rc.new rc && break
  nap "$pause"
done 2>/dev/null
rm -f 1.in 1.end 1.size 2.in 2.end 2.size watch
find "${d%/*}" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} + 2>/dev/null
"""

_TELL: Final = r"""
part() { # $3 bytes of the file $1 after the first $2
  [ "$3" -gt 0 ] && tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}
tell() { # what came after the first $1 of stdout and $2 of stderr; waits by the naps $4
  from1=$1 from2=$2 early=$3
  for pause in $4; do
    [ -s rc ] && break
    if [ "$early" = 1 ]; then
      set -- $(wc -c 1.head 2.head)
      [ "$1" -gt "$from1" ] && [ "$from1" -lt "$keep" ] && break
      [ "$3" -gt "$from2" ] && [ "$from2" -lt "$keep" ] && break
    fi
    nap "$pause"
  done
  p=
  { read -r p was <pid; } 2>/dev/null
  if [ -s rc ]; then how=ended
  elif [ -z "$p" ]; then how=starting
  elif born "$p" && [ "$b" = "$was" ]; then how=running
  elif [ -s rc ]; then how=ended
  else how=dead
  fi
  set -- $(wc -c 1.head 2.head 1.tail 2.tail)
  head1=$(($1 < keep ? $1 : keep)) head2=$(($3 < keep ? $3 : keep)) size1=$5 size2=$7
  status= tail1=0 tail2=0
  if [ "$how" = ended ]; then
    read -r status count1 count2 rest <rc
    [ "$count1" -gt "$keep" ] && tail1=$((count1 - keep))
    [ "$count2" -gt "$keep" ] && tail2=$((count2 - keep))
    [ "$tail1" -gt "$size1" ] && tail1=$size1
    [ "$tail2" -gt "$size2" ] && tail2=$size2
    status="$status $count1 $count2 $rest"
  fi
  more1=$((head1 > from1 ? head1 - from1 : 0)) more2=$((head2 > from2 ? head2 - from2 : 0))
  noted=$(wc -c <notes)
  say "$how" "$more1 $tail1 $more2 $tail2 $((noted))" "$status"
  part 1.head "$from1" "$more1"
  part 1.tail "$((size1 - tail1))" "$tail1"
  part 2.head "$from2" "$more2"
  part 2.tail "$((size2 - tail2))" "$tail2"
  head -c "$((noted))" notes
  if [ "$how" = ended ] && [ "$kept" = 0 ]; then
    cd / && rm -rf "$d"
  fi
}
"""

_START: Final = r"""
refuse() { # nothing was started: nothing is left
  cd / && rm -rf "$d"
  say "$@"
  exit 0
}
for tool in awk find grep head id mkfifo mv rm sed tail tee wc; do
  command -v "$tool" >/dev/null 2>&1 || { say notool "$tool"; exit 0; }
done
command -v "$shell" >/dev/null 2>&1 || { say noshell; exit 0; }
command -v setsid >/dev/null 2>&1 || command -v perl >/dev/null 2>&1 ||
  command -v python3 >/dev/null 2>&1 || { say nosession; exit 0; }
if [ "$secrets" = 1 ]; then
  case $(command -v printf) in printf) ;; *) say noprintf; exit 0 ;; esac
fi
why=$(mkdir -p "$state" 2>&1) || { say nofolder "$why"; exit 0; }
why=$(mkdir "$d" 2>&1) || { if [ -d "$d" ]; then say there; else say nofolder "$why"; fi; exit 0; }
cd "$d" || { say nofolder "cannot enter $d"; exit 0; }
why=$({
  printf '%s' "$watch" >watch && printf '%s\n' "$script" >script &&
    : >1.head && : >2.head && : >1.tail && : >2.tail && : >notes && [ -s watch ] && [ -s script ]
} 2>&1) || refuse nofolder "$why"
if [ -n "$lock" ]; then
  take_lock "$lock" "$who"
  if [ "$?" = 1 ]; then
    exec 9>&-
    cd / && rm -rf "$d"
    say busy
    printf '%s\n' "$holders" | say_holders
    exit 0
  fi
fi
launch() { # with the secrets, on descriptor 3
  exec 3<&0 </dev/null >/dev/null 2>&1
  set -- sh "$d/watch" "$d" "$limit" "$keep" "$shell" "$mark" "$kept"
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
for pause in 0.01 0.01 0.02 0.02 0.05 0.1 0.2 0.5 1 1 1 1 1; do
  [ -s pid ] && break
  nap "$pause"
done
"""

_ASK: Final = r"""
if [ ! -d "$d" ] && [ "$claim" -ge 1 ]; then
  # One that is on its way still finds its place taken.
  mkdir -p "$state" && mkdir "$d" && : >"$d/void"
fi
if [ ! -d "$d" ] || [ -e "$d/void" ]; then say none; exit 0; fi
cd "$d" || { say none; exit 0; }
if [ "$claim" = 2 ] && mkdir go; then
  : >void
  say none
  exit 0
fi
"""

_STOP: Final = r"""
if [ ! -d "$d" ]; then mkdir -p "$state" && mkdir "$d" && : >"$d/void"; fi
if [ ! -d "$d" ] || [ -e "$d/void" ]; then say none; exit 0; fi
cd "$d" || { say none; exit 0; }
if mkdir go 2>/dev/null; then
  : >void
  say none
  exit 0
fi
if [ -s rc ]; then say over; exit 0; fi
{ IFS= read -r mark <mark; } 2>/dev/null
: >stopped
for pause in 0.05 0.1 0.2 0.5 1; do [ -s step ] && break; nap "$pause"; done
end_it
for pause in 0.05 0.05 0.1 0.2 0.5 1 1 1; do [ -s rc ] && break; nap "$pause"; done
say stopped
name_left
"""

_FORGET: Final = r"""
if [ -s "$d/rc" ] || [ -e "$d/void" ]; then rm -rf "$d" && say none; else say running; fi
"""


def _plain(**values: object) -> bytes:
    """Assignments of ours."""
    return b" ".join(name.encode() + b"=" + word(str(value)) for name, value in values.items())


def _text(text: str) -> bytes:
    """A script, of several lines, as one word."""
    return shlex.quote(text).encode()


def _whole(*parts: bytes | str) -> bytes:
    lines = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"{\nexec </dev/null\n" + b"\n".join(lines) + b"\nexit 0\n}\n"


def _naps(pauses: Sequence[float]) -> str:
    return " ".join(f"{pause:g}" for pause in pauses)


START_NAPS: Final = _naps([0.01, 0.01, 0.02, 0.03, 0.05, 0.05, *[0.1] * 10])
ASK_NAPS: Final = _naps([0.02, 0.05, 0.1, 0.15, *[0.2] * 8])
WAITS_S: Final = 10.0
"""What a script may take: its naps, where the host only knows whole seconds, and some more."""


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
            secrets=int(bool(names)),
            lock=key_of(job.lock) if job.lock else "",
            who=visible(job.who, cells=300),
        ),
        b"watch=" + _text(_NAP + _BORN + _MEMBERS + _WATCH),
        b"script=" + _text(script),
        *(_BASE, _BORN, _TELL, LOOK, TAKE, _START),
        'echo "$mark" >mark',
        b"{ :\n" + lines + b"} | (\n" + exported + b"launch\n)",
        _LAUNCHED,
        f"tell 0 0 0 '{START_NAPS}'",
    )


def ask(
    job_id: str,
    nonce: str,
    seen: tuple[int, int],
    *,
    claim: int = 0,
    wait: bool = True,
    kept: bool = True,
) -> bytes:
    """Asks what came of a command since.

    Args:
        seen: How much of the beginning of each stream is here already, in bytes.
        claim: 1: one that is not there shall never be; 2: nor one that has not begun.
        wait: For its end or for output, a while.
        kept: Its marker stays.
    """
    return _whole(
        _plain(n=nonce, id=job_id, keep=KEPT_BYTES, claim=claim, kept=int(kept)),
        *(_BASE, _BORN, _TELL, _ASK),
        f"tell {seen[0]} {seen[1]} 1 '{ASK_NAPS if wait else ''}'",
    )


def stop(job_id: str, nonce: str) -> bytes:
    """Ends a command and everything that belongs to it, and says what is left."""
    return _whole(_plain(n=nonce, id=job_id, mark="-"), _BASE, _BORN, _MEMBERS, _STOP)


def forget(job_id: str, nonce: str) -> bytes:
    """Takes the marker away of a command that has ended."""
    return _whole(_plain(n=nonce, id=job_id), _BASE, _FORGET)


def look(lock: str, nonce: str) -> bytes:
    """Asks who holds a lock."""
    return _whole(
        _plain(n=nonce, id="-", lock=key_of(lock)),
        *(_BASE, LOOK),
        "command -v flock >/dev/null 2>&1 || { say noflock; exit 0; }",
        "say held",
        'held_by "$lock" "" | say_holders',
    )
