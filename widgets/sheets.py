"""The style sheets of the console, parsed no more often than they have to be."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class Sheets(Stylesheet):
    """Parses everything again only for other variables: a theme, and not the first frame."""

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parsed_with = variables
        self._is_outdated = False

    def set_variables(self, variables: dict[str, str]) -> None:
        """What the next parse goes by. Equal ones leave what is parsed as it is."""
        if variables != self._parsed_with:
            super().set_variables(variables)
            self._parsed_with = variables
            self._is_outdated = True

    def reparse(self) -> None:
        """Parse all again where variables have changed since; sheets that came are no reason,
        since those are parsed when they are first looked at."""
        if self._is_outdated:
            super().reparse()
            self._is_outdated = False
