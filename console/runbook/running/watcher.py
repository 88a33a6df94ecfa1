"""What runs on the host beside a command: it ends it in time, keeps its output and its end."""

from __future__ import annotations

from typing import Final

NAP: Final = r"""
owed=
nap() { # $1 hundredths of a second; where `sleep` knows whole seconds only, once they make one
  [ -z "$owed" ] && sleep "$(($1 / 100)).$(($1 / 10 % 10))$(($1 % 10))" 2>/dev/null && return
  owed=$((${owed:-0} + $1))
  [ "$owed" -lt 100 ] || sleep "$((owed / 100))"
  owed=$((owed % 100))
}
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
# in the environment, and whoever descends from these, or did when it was last looked: who starts
# something as another user, and is ended first, leaves it an orphan with another environment.
# The number of the shell may be somebody else's by now: then it was born at another time, and
# its session says nothing.
MEMBERS: Final = r"""
known=
members() { # the living processes of the step and of $known, NUMBER:BIRTH; `?`: nobody can tell
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
  } | awk -v s="$s" -v t="$t" -v known="$known" '
    $1 == "M" { m[$2] = 1 }
    $1 == "P" { seen = 1 }
    $1 == "P" && $3 !~ /^[ZX]/ { up[$2] = $4; group[$2] = $5; own[$2] = $6; at[$2] = $7 }
    END {
      if (s != "" && (!(s in at) || t == "" || at[s] == t))
        for (p in up) if (p == s || group[p] == s || own[p] == s) m[p] = 1
      n = split(known, before, " ")
      for (i = 1; i <= n; i++) {
        split(before[i], one, ":")
        if (one[1] in at && at[one[1]] == one[2]) m[one[1]] = 1
      }
      do {
        more = 0
        for (p in up) if (!(p in m) && up[p] > 1 && (up[p] in m)) { m[p] = 1; more = 1 }
      } while (more)
      for (p in m) if (p in up) print p ":" at[p]
      if (!seen) print "?"
    }'
}
find_left() { # sets $left to the numbers of what lives
  known=$(members)
  left=
  for one in $known; do left="$left ${one%%:*}"; done
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
  find_left
  # All of them stand still first: a shell whose command is ended would begin its next one.
  [ -n "$left" ] && { hit STOP $left; hit TERM $left; hit CONT $left; }
  for pause in 5 10 15 20 50 50 50 100 100 100; do
    find_left
    [ -n "$left" ] || return 0
    nap "$pause"
  done
  for pause in 5 10 20 50 100; do
    find_left
    [ -n "$left" ] || return 0
    hit KILL $left
    nap "$pause"
  done
  find_left
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
# is cut by the limit of a file's size, which `tee` outlives where the signal for it is ignored,
# as it outlives a full disk. Where no file may grow as long, the limit cannot be set.
WATCH: Final = r"""
d=$1 limit=$2 keep=$3 shell=$4 mark=$5 kept=$6 mask=$7 shared=$8
id=${d##*/} user=$(id -u)
cd "$d" || exit 1
trap : HUP INT TERM
born $$
echo "$$ $b" 1<>pid && may go || exit 0
moment() { { read -r up rest </proc/uptime; } 2>/dev/null || up=$(date +%s); }
(
  timer=
  trap 'kill "${timer:-$!}" 2>/dev/null; exit 0' TERM
  sleep "$limit" &
  timer=$!
  wait "$timer"
  may timed
  trap : TERM
  end_it || name_left >>notes
) </dev/null >/dev/null 2>&1 3<&- 9>&- &
watchdog=$!
tees= tails=
for stream in 1 2; do
  (
    trap '' XFSZ
    exec tail -c "$keep" <$stream.end >$stream.tail
  ) 2>/dev/null 3<&- 9>&- &
  tails="$tails $!"
  wc -c <$stream.size 1<>$stream.count 3<&- 9>&- &
  tails="$tails $!"
  (
    trap '' XFSZ
    (ulimit -f $((keep / 512))) && ulimit -f $((keep / 512))
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
  umask "$mask"
  ONCALL_JOB=$mark
  export ONCALL_JOB
  exec "$@" sh -c '
    { IFS= read -r line </proc/$$/stat; } 2>/dev/null
    echo "$$ ${line##*) }" 1<>"$0"
    exec "$@"' "$d/step" "$shell" "$d/script"
) </dev/null >1.in 2>2.in 9>&-
status=$?
moment
exec 3<&-
if [ -e timed ]; then wait "$watchdog"; else kill "$watchdog" 2>/dev/null; fi
counted() { # whether all that it printed has come
  { read -r size1 <1.count; read -r size2 <2.count; } 2>/dev/null
  [ -n "$size1" ] && [ -n "$size2" ]
}
for pause in 1 1 2 5 10 20 30 30 50 50 0; do
  counted && break
  nap "$pause"
done
if ! counted; then
  # Somebody in the background holds its output.
  if [ "$kept" = 1 ]; then find_left; else end_it; fi
  name_left >>notes
  kill $tees 2>/dev/null
fi
wait $tails
counted
timed=0 stopped=0
[ -e timed ] && timed=1
[ -e stopped ] && stopped=1
end="$status ${size1:--1} ${size2:--1} $began $up $timed $stopped"
elsewhere() { # where another place will do
  for number in 1 2 3 4; do
    open_place "$number" && [ "$place/$id" != "$d" ] || continue
    echo "$end" >"$place/$id.new" && mv "$place/$id.new" "$place/$id.rc" && return
    rm -f "$place/$id.new"
  done
  return 1
}
for pause in 100 100 200 500 1000 2000 6000; do # a full disk may have room again
  echo "$end" 1<>rc.new && mv rc.new rc && break
  elsewhere && break
  nap "$pause"
done >/dev/null 2>&1
rm -f 1.in 1.end 1.size 2.in 2.end 2.size watch
# Not the newest, whose times may be from before the clock was set, and none that lives.
for number in 1 2 3 4; do
  place "$number" && mine "$place" || continue
  ls -t "$place" | tail -n +21 | while read -r id; do
    cd "$place/$id" 2>/dev/null && [ ! -s rc ] && { read -r p was <pid; } 2>/dev/null &&
      born "$p" && [ "$b" = "$was" ] && continue
    find "$place/$id" -prune -mtime +14 -exec rm -rf {} +
  done
done 2>/dev/null
"""
