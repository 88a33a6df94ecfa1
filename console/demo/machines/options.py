"""Command lines taken apart: the flags that a stand-in knows, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.demo.machines.said import not_in_this_world


class Options:
    """Flags with their values, and the other words in order."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.words: list[str] = []

    def has(self, name: str) -> bool:
        """Whether the flag was given."""
        return name in self.values

    def get(self, name: str, default: str = "") -> str:
        """The last value of a flag."""
        return self.values.get(name, [default])[-1]

    def all(self, name: str) -> list[str]:
        """Every value of a flag that may be repeated."""
        return self.values.get(name, [])


def parsed(
    args: Sequence[str], flags: Mapping[str, bool], *, stop_at_word: bool = False
) -> Options:
    """The options in `args`.

    Args:
        flags: each flag as it is written and whether a value follows; `-t/--timestamps` are
            two names of one, known by the last.
        stop_at_word: everything from the first word on is words (`docker exec`).

    Raises:
        RefusedError: a flag that is not among them.
    """
    names = {name: (key.split("/")[-1], takes) for key, takes in flags.items()
             for name in key.split("/")}  # fmt: skip
    found, left = Options(), list(args)
    while left:
        arg = left.pop(0)
        if arg == "--":
            found.words += left
            break
        if not arg.startswith("-") or arg == "-":
            found.words.append(arg)
            if stop_at_word:
                found.words += left
                break
            continue
        name, equals, value = arg.partition("=")
        if not arg.startswith("--"):
            if arg[:2] in names and names[arg[:2]][1] and len(arg) > 2:
                found.values.setdefault(names[arg[:2]][0], []).append(arg[2:].removeprefix("="))
                continue
            if len(arg) > 2 and arg not in names:
                left[:0] = [f"-{letter}" for letter in arg[1:]]
                continue
        if name not in names:
            raise not_in_this_world(name)
        known, takes = names[name]
        if takes and not equals:
            value = left.pop(0) if left else ""
        found.values.setdefault(known, []).append(value)
    return found
