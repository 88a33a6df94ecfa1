"""Saved views: one file a user and environment, which several consoles write.

Each change is read, merged and written under a lock, so that of two consoles the last one wins
for the view that both changed, and neither loses the other's other views.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from console.model.view import View, Views
from console.safety.files import FileError, FileLock, private_dir, read_capped, write_atomic
from console.safety.text import visible

NAME: Final = "views.json"
MAX_BYTES: Final = 1024 * 1024
MOST_VIEWS: Final = 200
LONGEST_NAME: Final = 60
_LONGEST: Final = 2000
_LOCK_WAIT_S: Final = 1.0
_VERSION: Final = 1


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    version: int
    views: tuple[View, ...] = ()
    last: View = View()


_DECODER: Final = msgspec.json.Decoder(_Written)


class ViewShelf:
    """Keeps views. All it does runs in a thread, since a disk may take its time."""

    def __init__(self, folder: Path | None) -> None:
        """`folder`: that of the saved state; `None` keeps views until the console is left."""
        self._folder = folder
        self._held = Views()

    async def load(self) -> Views:
        """All that is kept. Raises nothing: what is damaged is set aside, and said."""
        return await asyncio.to_thread(self._load)

    async def keep(self, view: View) -> Views:
        """Keep `view` under its name.

        Raises:
            FileError: it cannot be written; nothing has changed.
        """
        return await asyncio.to_thread(self._change, lambda views: _with(views, view))

    async def forget(self, name: str) -> Views:
        """Forget the view of that name; nothing happens where there is none.

        Raises:
            FileError: as `keep`.
        """
        return await asyncio.to_thread(self._change, lambda views: _without(views, name))

    async def keep_last(self, columns: tuple[str, ...], sort: str) -> Views:
        """Remember columns and sort for the next start.

        Raises:
            FileError: as `keep`.
        """
        last = View(columns=columns, sort=sort)
        return await asyncio.to_thread(
            self._change, lambda views: msgspec.structs.replace(views, last=last)
        )

    def _change(self, changed: Callable[[Views], Views]) -> Views:
        if self._folder is None:
            self._held = changed(self._held)
            return self._held
        private_dir(self._folder)
        with FileLock(self._folder / "views.lock", wait_s=_LOCK_WAIT_S):
            before = self._load()
            after = changed(before)
            if (after.named, after.last) != (before.named, before.last):
                content = msgspec.json.encode(_Written(_VERSION, after.named, after.last))
                write_atomic(self._folder / NAME, msgspec.json.format(content) + b"\n")
        return after

    def _load(self) -> Views:
        if self._folder is None:
            return self._held
        path = self._folder / NAME
        try:
            if not path.exists():
                return Views()
            content = read_capped(path, MAX_BYTES)
        except (FileError, OSError) as fault:
            return Views(notices=(f"views cannot be read: {fault}",))
        try:
            return _views_from(content)
        except (msgspec.MsgspecError, ValueError, RecursionError) as damaged:
            return Views(notices=self._set_aside(content, visible(str(damaged), cells=120)))

    def _set_aside(self, content: bytes, why: str) -> tuple[str, ...]:
        assert self._folder is not None
        aside = f"{NAME}.damaged"
        said = f"{NAME} cannot be read ({why}); it is kept as {aside}, starting without views"
        try:
            write_atomic(self._folder / aside, content)
        except FileError as fault:
            return (said, str(fault))
        return (said,)


def name_fault(name: str) -> str:
    """Why a view cannot be called `name`; empty where it can."""
    if not name.strip():
        return "expected a name for the view, such as :save-view storage"
    if len(name) > LONGEST_NAME:
        return f"expected a name of at most {LONGEST_NAME} characters"
    if visible(name) != name:
        return "expected a name of plain characters"
    return ""


def _with(views: Views, view: View) -> Views:
    kept = [one for one in views.named if one.name != view.name]
    if len(kept) >= MOST_VIEWS:
        raise ValueError(f"there are {MOST_VIEWS} views already; :forget-view one first")
    named = sorted((*kept, view), key=lambda one: one.name)
    return msgspec.structs.replace(views, named=tuple(named))


def _without(views: Views, name: str) -> Views:
    named = tuple(one for one in views.named if one.name != name)
    return msgspec.structs.replace(views, named=named)


def _views_from(content: bytes) -> Views:
    """
    Raises:
        msgspec.DecodeError, ValueError: it is no file of views, or not one of ours: whoever
            can write the file must not reach the terminal through it.
    """
    written = _DECODER.decode(content)
    if written.version != _VERSION:
        raise ValueError(f"its version is {written.version}, expected {_VERSION}")
    for view in (*written.views, written.last):
        texts = (view.name, view.filter, view.sort, *(view.group_by or ()), *view.columns)
        if any(visible(text) != text or len(text) > _LONGEST for text in texts):
            raise ValueError("a text in it is not safe to show")
    if any(name_fault(view.name) for view in written.views):
        raise ValueError("a view in it has no usable name")
    # Each name once, the later one: the file may have been written by hand.
    named = {view.name: view for view in written.views}
    last = msgspec.structs.replace(written.last, filter="", group_by=None)
    return Views(tuple(named[name] for name in sorted(named)), last)
