"""Who sits at the keyboard, as far as settings and the login name tell."""

from __future__ import annotations

import msgspec

from config.people import Person
from config.schema import Settings

SHARED_LOGINS = frozenset({"root", "admin", "ubuntu", "debian", "ec2-user", "centos", "oncall"})
"""Logins that by their nature belong to several people."""


class Identity(msgspec.Struct, frozen=True):
    """The person whose name goes on acks and records."""

    name: str
    level: str = ""
    """`L0` to `L4`; empty where settings do not know the person."""
    verified: bool = True
    """False on a login that several people share."""


def identity_of(settings: Settings, login: str) -> Identity:
    """The person: `me` of the settings, else whoever's `logins` name `login`, else the login.

    On a shared login nobody can be sure who it is: the name is then marked as unverified.
    """
    shared = login in SHARED_LOGINS
    if settings.me is not None:
        person = settings.people.get(settings.me)
        return _of(person, shared) if person else Identity(settings.me, verified=not shared)
    known = [person for person in settings.people.values() if login in person.logins]
    if len(known) == 1:
        return _of(known[0], shared)
    return Identity(login, verified=not shared and not known)


def _of(person: Person, shared: bool) -> Identity:
    return Identity(person.name, person.level, verified=not shared)
