"""The one place that writes files, takes locks and reads files of unknown size.

A file written here is either the old one or the new one, whole, whatever kills the process or
the machine: temporary file in the same folder, fsync, rename, fsync of the folder. Modes do
not depend on the umask. A symlink in the place of a file is replaced, or refused, and never
followed.
"""

from console.safety.files.fault import FileError, LockHeldError
from console.safety.files.folders import (
    ENVIRONMENT,
    make_scratch_dir,
    private_dir,
    remove_scratch_dir,
    remove_scratch_file,
    socket_dir,
    state_dir,
)
from console.safety.files.lock import FileLock
from console.safety.files.read import read_capped, read_end
from console.safety.files.shared import SharedFolder
from console.safety.files.write import (
    append_line,
    append_lines,
    remove_plain,
    rename_beside,
    sweep_unfinished,
    write_atomic,
)

__all__ = [
    "ENVIRONMENT",
    "FileError",
    "FileLock",
    "LockHeldError",
    "SharedFolder",
    "append_line",
    "append_lines",
    "make_scratch_dir",
    "private_dir",
    "read_capped",
    "read_end",
    "remove_plain",
    "remove_scratch_dir",
    "remove_scratch_file",
    "rename_beside",
    "socket_dir",
    "state_dir",
    "sweep_unfinished",
    "write_atomic",
]
