"""What runs on the host beside a command: it ends it in time, keeps its output and its end."""

from __future__ import annotations

from typing import Final

NAP: Final = """
nap() { sleep "$1" 2>/dev/null || sleep 1; }
"""

# The name of a program may have brackets, blanks and line breaks in it: what is asked for
# stands behind the last bracket.
BORN: Final = r"""
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
MEMBERS: Final = r"""
members() { # the living processes of the step, one number a line; `?`: nobody can tell
  s= t=
  { read -r s rest <step; } 2>/dev/null && { set -- $rest; [ "$#" -ge 20 ] && shift 19 && t=$1; }
  {
    if [ -r /proc/self/stat ]; then
      grep -lsF "ONCALL_JOB=$mark" /proc/[0-9]*/environ | sed 's|^/proc/\([0-9]*\)/.*|M \1|'
      fields='(.*) \([^ ]\) \([0-9]*\) \([0-9]*\) \([0-9]*\) '
      sed -n "s/^\([0-9]*\) $fields\([^ ]* \)\{15\}\([0-9]*\) .*/P \1 \2 \3 \4 \5 \7/p" \
        /proc/[0-9]*/stat 2>/dev/null
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
  # All of them stand still first: a shell whose command is ended would begin its next one.
  [ -n "$left" ] && { hit STOP $left; hit TERM $left; hit CONT $left; }
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
WATCH: Final = r"""
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
