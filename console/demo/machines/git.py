"""The stand-in for `git`, for the rules of the proxies at the edge; there is no other checkout.

Without it a step that is meant for a host of the demo would reach the real machine's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from console.demo.inventory import DAY_S, SERVICES
from console.demo.machines.lives import hex_of
from console.demo.machines.said import Call, RefusedError, Said, not_in_this_world
from console.demo.world import World

FOLDERS: Final = {"nginx": "/etc/nginx", "haproxy": "/etc/haproxy", "varnish": "/etc/varnish"}
_BEFORE: Final = (
    (-3 * DAY_S, "lin", "longer time-out towards the search"),
    (-11 * DAY_S, "kai", "security.txt moves to the new folder"),
    (-26 * DAY_S, "yun", "cache pictures for a week"),
)


class Commit(msgspec.Struct, frozen=True):
    """One change of the rules."""

    at_s: float
    by: str
    subject: str

    @property
    def sha(self) -> str:
        """Its whole name."""
        return hex_of(f"rule {self.at_s} {self.subject}", 40)


def git(world: World, call: Call) -> Said:
    """`git -C FOLDER log|show|status|diff|revert --no-edit HEAD`, where there are rules."""
    words = list(call.args)
    if words[:1] == ["--version"]:
        return Said("git version 2.43.0\n")
    if words[:1] != ["-C"] or len(words) < 3:
        raise RefusedError("fatal: not a git repository (or any of the parent directories): .git",
                           128)  # fmt: skip
    folder, verb, rest = words[1], words[2], words[3:]
    service = _proxy_of(call.host, folder)
    if service is None:
        raise RefusedError(f"fatal: cannot change to '{folder}': No such file or directory", 128)
    commits = commits_of(world, service)
    if verb == "log":
        return Said(_log(world, commits, rest))
    if verb == "show":
        return Said(_told(world, commits[0], stat=True, iso=False))
    if verb == "status":
        return Said("On branch main\nnothing to commit, working tree clean\n")
    if verb == "revert":
        if "--no-edit" not in rest or rest[-1] not in ("HEAD", commits[0].sha[:7]):
            raise not_in_this_world("git revert " + " ".join(rest))
        world.revert(service)
        new = commits_of(world, service)[0]
        return Said(f"[main {new.sha[:7]}] {new.subject}\n 1 file changed, 1 insertion(+), "
                    "1 deletion(-)\n")  # fmt: skip
    raise not_in_this_world(f"git {verb}")


def commits_of(world: World, service: str) -> list[Commit]:
    """The rules' history, the newest first."""
    found = [Commit(at_s, by, subject) for at_s, by, subject in _BEFORE]
    rule = world.scenario.rule
    if rule is not None and rule.service == service:
        found.insert(0, Commit(rule.at_s, rule.by, rule.subject))
    for at_s in world.reverts(service):
        found.insert(0, Commit(at_s, "kai", _taken_back(found[0].subject)))
    return found


def _taken_back(subject: str) -> str:
    """As git words it; that of what was taken back already since 2.43."""
    if subject.startswith('Revert "'):
        return "Reapply " + subject.removeprefix("Revert ")
    return f'Revert "{subject.removeprefix("Reapply ").strip(chr(34))}"'


def _log(world: World, commits: Sequence[Commit], args: Sequence[str]) -> str:
    words, count, one_line, stat, iso = list(args), len(commits), False, False, False
    while words:
        word = words.pop(0)
        if word in ("-n", "--max-count") and words and words[0].isdigit():
            count = int(words.pop(0))
        elif word == "--oneline":
            one_line = True
        elif word == "--stat":
            stat = True
        elif word == "--date=iso":
            iso = True
        elif word[1:].isdigit() and word.startswith("-"):
            count = int(word[1:])
        else:
            raise not_in_this_world(f"git log {word}")
    shown = commits[:count]
    if one_line:
        return "".join(f"{one.sha[:7]} {one.subject}\n" for one in shown)
    return "\n".join(_told(world, one, stat=stat, iso=iso) for one in shown)


def _told(world: World, commit: Commit, *, stat: bool, iso: bool) -> str:
    at = world.wall(commit.at_s)
    form = "%Y-%m-%d %H:%M:%S +0000" if iso else "%a %b %e %H:%M:%S %Y +0000"
    text = (f"commit {commit.sha}\nAuthor: {commit.by} <{commit.by}@example.org>\n"
            f"Date:   {at.strftime(form)}\n\n    {commit.subject}\n")  # fmt: skip
    if stat:
        text += "\n conf.d/shop.conf | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n"
    return text


def _proxy_of(host: str, folder: str) -> str | None:
    for spec in SERVICES:
        kind = spec.name.rpartition("-")[0]
        if spec.place == host and FOLDERS.get(kind) == folder.rstrip("/"):
            return spec.name
    return None
