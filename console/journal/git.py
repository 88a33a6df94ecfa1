"""git's plumbing, so that nothing runs but git: no hook, no filter, no monitor, no helper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from console.journal.errors import GitError, said_by
from console.safety.process import ProcessError, run
from console.safety.text import visible

PROGRAM: Final = "git"
DEADLINE_S: Final = 30.0
"""Of one step on this machine, which takes milliseconds."""
MAX_BYTES: Final = 64 * 1024 * 1024

_SETTINGS: Final = (
    # What a repository's own configuration could start.
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "protocol.ext.allow=never",
    "log.showSignature=false",
    "commit.gpgSign=false",
    "push.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    # What it could change in what is written.
    "core.preferSymlinkRefs=false",
    "core.logAllRefUpdates=true",
    "core.quotePath=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    # On disk before it is said to be done.
    "core.fsync=all",
    "core.fsyncMethod=fsync",
)
_FIXED: Final = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
}
_ALONE: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    # A repository that was cloned in part would fetch what is missing, by a program of its own.
    "GIT_ALLOW_PROTOCOL": "none",
}
_ABROAD: Final = {
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "SSH_ASKPASS_REQUIRE": "never",
}
_OWN_WAYS: Final = frozenset({"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS"})
"""What of git's variables a person sets in the shell to reach a remote."""


class Git(msgspec.Struct, frozen=True):
    """One repository, by its two folders; whatever else is around them is not looked at."""

    git_dir: Path
    work_tree: Path
    environ: Mapping[str, str]
    """The person's; only what reaches a remote sees more of it than PATH."""
    algorithm: str = "sha1"
    """How it names what it keeps: `sha1` or `sha256`."""

    @property
    def no_object(self) -> str:
        """The name that git has for nothing."""
        return "0" * (64 if self.algorithm == "sha256" else 40)

    async def ask(
        self,
        *words: str,
        stdin: bytes | None = None,
        index: Path | None = None,
        more: Mapping[str, str] | None = None,
    ) -> bytes:
        """What git answers to a plumbing command that stays on this machine.

        Args:
            words: The command and its arguments; a path never as an option.
            index: In place of the repository's own.
            more: Further environment: author, committer, dates.

        Raises:
            GitError: it ended with another status than 0.
        """
        env = {name: self.environ[name] for name in ("PATH",) if name in self.environ}
        env |= _FIXED | _ALONE | dict(more or {})
        if index is not None:
            env["GIT_INDEX_FILE"] = str(index)
        return await self._run(words, env, DEADLINE_S, stdin)

    async def without_filters(self) -> dict[str, str]:
        """Environment under which the filters of the repository's configuration do nothing.

        For what writes the repository's own index: git then looks again at files that changed
        in the second of the last write, and would pass them through their filter.

        Raises:
            GitError: the configuration cannot be read.
        """
        try:
            told = await self.ask("config", "--null", "--name-only", "--get-regexp", r"^filter\.")
        except GitError as error:
            if error.exit_status != 1:  # 1: there is none
                raise
            return {}
        env: dict[str, str] = {}
        count = 0
        for key in told.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            # By environment: a name may hold a `=`, at which `-c` would end it.
            env[f"GIT_CONFIG_KEY_{count}"] = key
            env[f"GIT_CONFIG_VALUE_{count}"] = "false" if key.endswith(".required") else ""
            count += 1
        return env | {"GIT_CONFIG_COUNT": str(count)}

    async def ask_abroad(self, *words: str, timeout_s: float) -> bytes:
        """The same for a command that reaches a remote, with the person's own git settings.

        Raises:
            GitError: it ended with another status than 0, or not in time.
        """
        env = {
            name: value
            for name, value in self.environ.items()
            if not name.startswith("GIT_") or name in _OWN_WAYS
        }
        return await self._run(words, env | _FIXED | _ABROAD, timeout_s, None)

    async def _run(
        self, words: Sequence[str], env: dict[str, str], timeout_s: float, stdin: bytes | None
    ) -> bytes:
        env |= {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.work_tree)}
        return await _ended(words, env, timeout_s, stdin, self.work_tree)


async def make_repository(git_dir: Path, environ: Mapping[str, str]) -> None:
    """Make `git_dir`, which is called `.git`, a repository; what is there already stays.

    Without a template, so that no hooks come with it.

    Raises:
        GitError: it could not be made.
    """
    env = {name: environ[name] for name in ("PATH",) if name in environ}
    env |= _FIXED | _ALONE | {"GIT_DIR": str(git_dir)}
    words = ("init", "--quiet", "--template=", "--initial-branch=main")
    await _ended(words, env, DEADLINE_S, None, git_dir.parent)


async def asked_about_person(key: str, environ: Mapping[str, str]) -> str:
    """A value of the person's own git settings, `user.email` for instance; empty: none."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    env |= _FIXED | {"GIT_DIR": "/dev/null"}
    words = ("config", "--global", "--get", key)
    try:
        return (await _ended(words, env, DEADLINE_S, None, None)).decode("utf-8", "replace").strip()
    except GitError:
        return ""


async def _ended(
    words: Sequence[str],
    env: Mapping[str, str],
    timeout_s: float,
    stdin: bytes | None,
    cwd: Path | None,
) -> bytes:
    settings = [word for one in _SETTINGS for word in ("-c", one)]
    argv = [PROGRAM, "--no-pager", *settings, *words]
    verb = words[0]
    try:
        ended = await run(
            argv, stdin=stdin, timeout_s=timeout_s, max_bytes=MAX_BYTES, env=env, cwd=cwd
        )
    except ProcessError as error:
        raise GitError(verb, visible(str(error)), None) from error
    if ended.succeeded:
        return ended.stdout
    said = said_by(ended.stderr)
    if ended.timed_out:
        said = f"no answer within {timeout_s:g} s" + (f"; {said}" if said else "")
    elif ended.truncated:
        said = f"more than {MAX_BYTES:,} bytes came"
    elif not said and ended.exit_status is not None and ended.exit_status < 0:
        said = f"ended by signal {-ended.exit_status}"
    raise GitError(verb, said, ended.exit_status)
