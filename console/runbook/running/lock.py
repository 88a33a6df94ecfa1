"""The advisory lock of a host: who runs a command there that a colleague should know of.

A file for each user, in a folder that all users of the host share, with who it is and what for.
It is held by an flock for as long as the command's watcher lives, so that no lock is left
behind by anything that dies. Whoever takes one takes their own first and looks at the others'
then: two at the same moment may both be told of each other, and never neither.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from console.safety.text import visible

SHOWN_CELLS: Final = 160
_HELD: Final = re.compile(rb"(\d+) (\d+)\n")

LOOK: Final = r"""
held_by() { # the files of lock $1 that somebody holds, but for $2, one a line
  for held in "${ONCALL_LOCKS:-/tmp}/oncall-$1"-*; do
    [ "$held" != "$2" ] && [ -f "$held" ] && [ ! -L "$held" ] && [ -r "$held" ] || continue
    ( flock -n -s 8 ) 8<"$held" 2>/dev/null || printf '%s\n' "$held"
  done
}
say_holders() { # of the files on standard input: user id, length, what is written there
  while IFS= read -r held; do
    [ -f "$held" ] && [ ! -L "$held" ] || continue
    size=$(head -c 400 "$held" | wc -c)
    printf '%s %s\n' "${held##*-}" "$((size))"
    head -c "$((size))" "$held"
  done
}
"""
"""`$ONCALL_LOCKS` is for hosts whose users do not share `/tmp`."""

TAKE: Final = r"""
take_lock() { # of the name $1 for $2, on descriptor 9: 0 taken, 1 held, 2 there can be none
  command -v flock >/dev/null 2>&1 || { echo noflock >>notes; return 2; }
  mine=${ONCALL_LOCKS:-/tmp}/oncall-$1-$(id -u)
  ( umask 022; set -C; : >"$mine" ) 2>/dev/null
  if [ ! -f "$mine" ] || [ -L "$mine" ] || [ ! -O "$mine" ] || [ ! -w "$mine" ]; then
    echo nolock >>notes
    return 2
  fi
  exec 9>>"$mine"
  taken=
  for pause in 10 20 30; do # who only looks holds it for a moment, too
    flock -n 9 && taken=1 && break
    nap "$pause"
  done
  if [ -z "$taken" ]; then
    holders=$mine
    return 1
  fi
  printf '%s\n' "$2" >"$mine"
  holders=$(held_by "$1" "$mine")
  [ -z "$holders" ]
}
"""


def key_of(lock: str) -> str:
    """The part of a file's name that stands for `lock`."""
    return hashlib.sha256(lock.encode(errors="surrogatepass")).hexdigest()[:16]


def holders_in(said: bytes) -> tuple[str, ...]:
    """Who holds it, as `say_holders` tells it: what strangers wrote, made safe to show."""
    found: list[str] = []
    at = 0
    while (head := _HELD.match(said, at)) is not None:
        text = said[head.end() : head.end() + int(head[2])].decode(errors="replace").strip()
        at = head.end() + int(head[2])
        shown = visible(text, cells=SHOWN_CELLS)
        found.append(shown or f"somebody (user {int(head[1])} there)")
    return tuple(found)
