"""The 7-day memory: one SQLite file that whoever polls writes and everybody reads."""

from console.history.database import history_file
from console.history.fault import HistoryError, HistoryFault
from console.history.reader import Reader, open_reader
from console.history.writer import Writer, holder_of, open_writer

__all__ = [
    "HistoryError",
    "HistoryFault",
    "Reader",
    "Writer",
    "history_file",
    "holder_of",
    "open_reader",
    "open_writer",
]
