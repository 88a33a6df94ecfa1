"""Where a host keeps what it knows of a command, also when its disk is full or cannot be written.

A marker is a folder of the job's name in the first of these places that takes it whole:

1. `${XDG_STATE_HOME:-$HOME/.local/state}/oncall/runs`
2. `${TMPDIR:-/tmp}/oncall-runs-<user id>`
3. `$XDG_RUNTIME_DIR/oncall-runs-<user id>`
4. `/dev/shm/oncall-runs-<user id>`

Whoever asks later looks in all of them, and believes none that another user could have made or
could write to. The third and the fourth go with the last session of their user where logind
keeps house: a marker in any but the first leaves `<id>.away` in the others, an empty file for
which a full disk has room, so that what was forgotten is never taken for what never began.

Whatever a command's end needs is there before it begins, and is written over in place: the
host's disk may fill meanwhile. Where it cannot even be written over, the end is kept as
`<id>.rc` in another place.
"""

from __future__ import annotations

from typing import Final

SHARED: Final = "/dev/shm"
"""The folder in memory that all users of a host share."""

PLACES: Final = r"""
place() { # sets $place to place number $1; fails where this host has none
  case $1 in
    1) place=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
      place=${place:+$place/oncall/runs} ;;
    2) place=${TMPDIR:-/tmp}/oncall-runs-$user ;;
    3) place=${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/oncall-runs-$user} ;;
    4) place=$shared/oncall-runs-$user ;;
  esac
  case $place in /*) ;; *) return 1 ;; esac
}
mine() { # whether nobody else made the folder $1 or can write to it
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] || return 1
  case $(ls -ld "$1") in d????[!w]??[!w]*) ;; *) return 1 ;; esac
}
open_place() { # place number $1, made where it is not there yet
  place "$1" || return 1
  if [ "$1" = 1 ]; then mkdir -p "$place" || return 1
  elif [ ! -e "$place" ] && [ ! -L "$place" ]; then mkdir "$place" || return 1
  fi
  mine "$place" && return
  echo "it is somebody else's"
  return 1
}
"""

FIND: Final = r"""
find_marker() { # sets $d to the folder of $id; fails where there is none
  void=
  for number in 1 2 3 4; do
    place "$number" && mine "$place" && [ -d "$place/$id" ] && [ ! -L "$place/$id" ] || continue
    d=$place/$id
    [ -e "$d/void" ] || return 0
    void=$d
  done
  d=$void
  [ -n "$d" ]
}
find_file() { # sets $found to the file $id$1 beside where a marker may be
  for number in 1 2 3 4; do
    place "$number" && mine "$place" || continue
    found=$place/$id$1
    [ -f "$found" ] && [ ! -L "$found" ] && return 0
  done
  return 1
}
drop_files() { # what is beside where a marker may be
  for number in 1 2 3 4; do
    place "$number" && mine "$place" && rm -f "$place/$id.away" "$place/$id.rc"
  done
}
drop_marker() {
  cd /
  rm -rf "$d"
  drop_files
}
may() { # of all who want to do $1, the one who gets here first may
  mv "no.$1" "$1" 2>/dev/null
}
"""

CLAIM: Final = r"""
claim() { # takes the place of a command that is not there, and looks for it once more
  for number in 1 2 3 4; do
    open_place "$number" && mkdir "$place/$id" && : >"$place/$id/void" && break
  done >/dev/null 2>&1
  find_marker
}
"""
"""Who starts a command makes its folder and looks for this one then; who claims does both the
other way about. So at the same moment one of them at least sees the other."""

SETTLE: Final = r"""
fill() { # all that the command and its end need
  cd "$1" || return 1
  printf '%s' "$watch" >watch && printf '%s\n' "$script" >script && echo "$mark" >mark || return 1
  for file in pid step rc.new 1.count 2.count notes; do printf '%400s\n' '' >$file || return 1; done
  for file in 1.head 2.head 1.tail 2.tail no.go no.timed no.stopped no.void; do
    : >$file || return 1
  done
  mkfifo 1.in 1.end 1.size 2.in 2.end 2.size
}
settle() { # makes the folder of $id: 0, else 1 with $why not, or 2: there is one
  why=
  find_marker && return 2
  for number in 1 2 3 4; do
    said=$(open_place "$number" 2>&1 && mkdir "$place/$id" 2>&1) || {
      place "$number" && mine "$place" && [ -d "$place/$id" ] && return 2
      place "$number" && why="$why${why:+; }$place: ${said##*: }"
      continue
    }
    place "$number"
    at=$number d=$place/$id
    fill "$d" >/dev/null 2>&1 && break
    said=$(echo why | tee "$d/why" 2>&1 >/dev/null) # not every shell says more than `I/O error`
    why="$why${why:+; }$place: ${said##*: }"
    cd /
    rm -rf "$d"
    d=
  done
  [ -n "$d" ] || return 1
  for number in 1 2 3 4; do
    [ "$number" != "$at" ] && place "$number" && mine "$place" && [ -d "$place/$id" ] || continue
    rm -rf "$d"
    return 2
  done
  cd "$d" || { why="cannot enter $d"; return 1; }
  [ "$at" = 1 ] && return
  echo "elsewhere $d: $why" >>notes
  [ "$kept" = 0 ] || for number in 1 2 3 4; do
    [ "$number" != "$at" ] && open_place "$number" && : >"$place/$id.away"
  done >/dev/null 2>&1
  return 0
}
"""
