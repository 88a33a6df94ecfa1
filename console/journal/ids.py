"""Ids and names of documents: unique without a server, and safe whatever a title holds."""

from __future__ import annotations

import enum
import re
import secrets
import unicodedata
from collections.abc import Container
from datetime import UTC, datetime
from typing import Final

LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: none is taken for another when it is read out over the phone."""
MAX_SLUG: Final = 60
_SHORTEST: Final = 3
_TRIES: Final = 20


class Kind(enum.StrEnum):
    """What a document is; the beginning of its id."""

    INCIDENT = "INC"
    CHANGE = "CHG"
    RUN = "RUN"
    """A transcript: the console alone writes it."""


_FORM: Final = r"-(?P<day>[0-9]{8})-(?P<mark>[0-9a-z]{3,8})"
ID: Final = re.compile(rf"(?P<kind>INC|CHG){_FORM}")
"""`INC-20261122-7f3`: of what people write."""
ANY_ID: Final = re.compile(rf"(?P<kind>INC|CHG|RUN){_FORM}")
"""Of transcripts too: `RUN-20261123-7f3`."""


def new_id(kind: Kind, at: datetime, taken: Container[str]) -> str:
    """An id of the UTC day of `at` that is not in `taken`.

    Three random letters: of five incidents that consoles open on one day without knowing of
    each other two get the same once in 3,000 such days; a folder that is crowded gets longer
    ones.
    """
    day = at.astimezone(UTC).strftime("%Y%m%d")
    letters = _SHORTEST
    while True:
        for _ in range(_TRIES):
            mark = "".join(secrets.choice(LETTERS) for _ in range(letters))
            if (found := f"{kind}-{day}-{mark}") not in taken:
                return found
        letters += 1


def slug(title: str, longest: int = MAX_SLUG) -> str:
    """`title` as a part of a file name: `a-z`, `0-9` and single `-` between; empty where none
    of it can be written so."""
    # Folding a megabyte that was pasted takes its time, and no name is that long.
    plain = unicodedata.normalize("NFKD", title[: 16 * longest]).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if len(words) <= longest:
        return words
    cut = words[: longest + 1].rpartition("-")[0]
    return (cut or words)[:longest].strip("-")
