"""The 7-day memory: one SQLite file that whoever polls writes and everybody reads."""

from console.history.check import Checked, Compacted, check, compact
from console.history.database import history_file
from console.history.exchange import export
from console.history.fault import HistoryError, HistoryFault
from console.history.importing import Imported, import_lines
from console.history.intake import take_in
from console.history.reader import Reader, open_reader
from console.history.writer import Writer, holder_of, open_writer

__all__ = [
    "Checked",
    "Compacted",
    "HistoryError",
    "HistoryFault",
    "Imported",
    "Reader",
    "Writer",
    "check",
    "compact",
    "export",
    "history_file",
    "holder_of",
    "import_lines",
    "open_reader",
    "open_writer",
    "take_in",
]
