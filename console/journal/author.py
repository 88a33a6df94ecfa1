"""Whose name commits carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from config.identity import identity_of
from config.schema import Journal, Settings
from console.journal.git import asked_about_person
from console.safety.text import visible

_MOST_CHARS: Final = 100


class Author(msgspec.Struct, frozen=True):
    """The author and committer of what this console writes."""

    name: str
    email: str


async def author_of(
    settings: Settings, journal: Journal, login: str, host: str, environ: Mapping[str, str]
) -> Author:
    """The person at the keyboard: the name as on acks, marked where several share the login.

    The address is that of `journal.email`, else `user.email` of the person's git settings, else
    the login at `host`.
    """
    person = identity_of(settings, login)
    name = _plain(person.name) or _plain(login) or "somebody"
    rule = journal.email
    if rule is not None:
        email = rule.replace("{login}", login).replace("{me}", settings.me or login)
    else:
        email = await asked_about_person("user.email", environ)
    at_host = _address(f"{login}@{host}") or _address(f"{login}@localhost")
    email = _address(email) or at_host or "oncall@localhost"
    return Author(name if person.verified else f"{name} (unverified)", email)


def _plain(name: str) -> str:
    # What git would take off or refuse: `<>`, line breaks, and dots and the like around it.
    cleaned = re.sub(r"[<>\x00-\x1f\x7f-\x9f\\]", " ", visible(name))
    return " ".join(cleaned.split()).strip(" .,:;\"'")[:_MOST_CHARS]


def _address(email: str) -> str:
    found = re.fullmatch(r"([A-Za-z0-9._%+-]{1,64})@([A-Za-z0-9.-]{1,100})", email)
    return email if found and not email.startswith(".") and not email.endswith(".") else ""
