"""The commands that read a log, in the words of docker, journalctl and kubectl."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Final

import msgspec

from console.model.logs import MAX_LINES, LogRequest
from console.safety.ssh import Command
from console.sources.logs.place import Keeper, LogPlace

MAX_BYTES: Final = 2 << 20
"""Of one answer; the newest are kept."""
TRAILER: Final = b"\n\x1e"
"""What stands before the exit status, behind the last line."""

NEWEST: Final = b"""lines=$1 bytes=$2; shift 2
{ "$@" 2>&1 </dev/null; printf '\\n\\036%s\\n' "$?"; } | tail -n "$lines" | tail -c "$bytes"
"""
"""Runs its arguments from the third on and prints the end of what they print."""
OLDEST: Final = b"""lines=$1 bytes=$2; shift 2
{ "$@" 2>&1 </dev/null; printf '\\n\\036%s\\n' "$?"; } | head -n "$lines" | head -c "$bytes"
"""
"""The same for the beginning. The exit status is missing where there was more."""
FOLLOWED: Final = b'exec "$@" 2>&1 </dev/null\n'
"""docker writes a container's two streams to two of its own."""
FOLLOWED_PODS: Final = b"""pods=$1; shift
for pod in $pods; do
  { "$@" "pod/$pod" 2>&1 </dev/null
  printf '[pod/%s/] %s -- the log of %s has ended --\n' \
    "$pod" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$pod"; } &
done
wait
"""
"""Several pods at once, since kubectl follows one; none of them ends without a word."""


class Reading(msgspec.Struct, frozen=True):
    """A command with what has to be known about its output."""

    command: Command
    argv: tuple[str, ...]
    """The program that it runs, as a person would type it."""
    tail: int
    """So many lines at most were asked for; one more is read, which tells that there are."""
    from_the_end: bool
    """Where there are more, the newest are kept, not the oldest."""


def reading_of(
    place: LogPlace, request: LogRequest, *, target: str = "", previous: bool = False
) -> Reading:
    """What reads the lines of `request`, once.

    Args:
        target: for Kubernetes, the one of `place.targets`; the first where it is not said.
        previous: for Kubernetes, those of the container that ran before the present one.
    """
    tail = max(1, min(request.tail, MAX_LINES))
    argv = _words(place, request, tail + 1, target)
    if previous:
        argv = (*argv, "--previous=true")
    # kubectl knows no end: from where a stretch of the past begins, its lines come first.
    cut_short = place.keeper is Keeper.KUBERNETES and None not in (request.since, request.until)
    # Two lines more for the exit status.
    script_argv = (str(tail + 3), str(MAX_BYTES), *argv)
    script = OLDEST if cut_short else NEWEST
    return Reading(Command(script_argv, script=script), argv, tail, not cut_short)


def typed_words(place: LogPlace, request: LogRequest) -> tuple[str, ...]:
    """The program that `reading_of()` runs, for a person; of several pods one after the other."""
    argv = reading_of(place, request).argv
    if len(place.pods) < 2:
        return argv
    looped = shlex.join(argv).replace(place.targets[0], '"pod/$pod"')
    return ("sh", "-c", f"for pod in {' '.join(place.pods)}; do {looped}; done")


def following_of(place: LogPlace, since: datetime) -> Command:
    """What prints the lines after `since`, and new ones as they come, until it is ended."""
    if len(place.pods) < 2:
        return Command(following_words(place, since), script=FOLLOWED)
    first = following_words(place, since)
    every = tuple(word for word in first if word != place.targets[0])
    return Command((" ".join(place.pods), *every), script=FOLLOWED_PODS)


def following_words(place: LogPlace, since: datetime) -> tuple[str, ...]:
    """The program that `following_of()` runs; of several pods that of the first."""
    request = LogRequest("", since=since)
    match place.keeper:
        case Keeper.DOCKER:
            options = ("logs", "--timestamps", "--follow", f"--since={_rfc3339(since)}")
            return (*place.program, *options, place.name)
        case Keeper.KUBERNETES:
            return (*_words(place, request, None), "--follow=true")
        case _:
            return (*_words(place, request, None), "--follow", "--no-tail")


def unit_of(place: LogPlace) -> Command:
    """Whether systemd knows the unit: `LoadState=loaded`."""
    return Command(("systemctl", "show", "--property=LoadState", "--", place.name))


def _words(
    place: LogPlace, request: LogRequest, tail: int | None, target: str = ""
) -> tuple[str, ...]:
    # docker and kubectl count from the end before they look at the times: with an end in the
    # past they would count lines that are not wanted.
    counted = tail is not None and request.until is None
    match place.keeper:
        case Keeper.DOCKER:
            words = [*place.program, "logs", "--timestamps"]
            words += [] if request.since is None else [f"--since={_rfc3339(request.since)}"]
            words += [] if request.until is None else [f"--until={_rfc3339(request.until)}"]
            words += [f"--tail={tail}"] if counted else []
            return (*words, place.name)
        case Keeper.KUBERNETES:
            words = [*place.program, "logs", target or place.targets[0]]
            words += [f"--namespace={place.namespace}", "--all-containers=true"]
            # A container that has not started must not cost the lines of those beside it.
            words += ["--ignore-errors=true", "--prefix=true", "--timestamps=true"]
            words += [] if request.since is None else [f"--since-time={_rfc3339(request.since)}"]
            words += [f"--tail={tail}"] if counted else []
            return tuple(words)
        case _:
            what = "--priority=warning" if place.keeper is Keeper.HOST else f"--unit={place.name}"
            words = [*place.program, what, "--no-pager", "--utc", "--output=short-iso-precise"]
            words += [] if request.since is None else [f"--since={_journal(request.since)}"]
            words += [] if request.until is None else [f"--until={_journal(request.until, 1)}"]
            # systemd before 255 takes the first lines since then, not the last ones.
            words += [f"--lines={tail}"] if counted and request.since is None else []
            return tuple(words)


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _journal(at: datetime, later_s: int = 0) -> str:
    """To the second, which every systemd takes; the lines are looked at again."""
    whole = datetime.fromtimestamp(int(at.timestamp()) + later_s, UTC)
    return whole.strftime("%Y-%m-%d %H:%M:%S UTC")
