"""The one place that starts local programs, and that signals whole groups of them.

By argument list and never by a shell; each in a process group of its own, with a deadline and
a cap on what it may print, and killed as a group, so that no grandchild outlives it. Secrets
go in by standard input: arguments can be read by every user of the host.
"""

from console.safety.process.apart import start_apart
from console.safety.process.follow import Following, following
from console.safety.process.foreground import Foreground, in_foreground
from console.safety.process.link import Link, linked
from console.safety.process.run import (
    MAX_OUTPUT_BYTES,
    ProcessResult,
    run,
    stop_own_job,
)
from console.safety.process.start import GRACE_S, ProcessError

__all__ = [
    "GRACE_S",
    "MAX_OUTPUT_BYTES",
    "Following",
    "Foreground",
    "Link",
    "ProcessError",
    "ProcessResult",
    "following",
    "in_foreground",
    "linked",
    "run",
    "start_apart",
    "stop_own_job",
]
