"""Names that people type and judge by eye: equal to a reader, equal to a rule."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, where the category does not
# tell it: joiners, fillers of Hangul, vowels of Khmer, variation selectors.
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_UNVERIFIED: Final = re.compile(r" ?\(unverified[^()]*\)$")


@lru_cache(maxsize=4_096)
def folded(name: str) -> str:
    """`name` without what nobody sees or tells apart: case, width, spaces around, and
    characters that draw nothing."""
    spaced = " ".join(unicodedata.normalize("NFKC", name).split())
    seen = (one for one in _IGNORABLE.sub("", spaced) if unicodedata.category(one) not in _UNSEEN)
    # Folding the case may take apart again what was composed.
    return " ".join(unicodedata.normalize("NFKC", "".join(seen).casefold()).split())


def person(name: str) -> str:
    """`folded`, without the mark of a login that several people share: `kai (unverified)`."""
    return _UNVERIFIED.sub("", folded(name))
