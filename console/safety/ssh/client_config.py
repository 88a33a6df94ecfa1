"""The OpenSSH client configuration: asyncssh's parser, and what `ssh` does otherwise than it.

`ssh` reads the files of an `Include` by their names and none that is hidden, takes what follows
a `#` for a comment, has a second pass for `Match final`, and a `%k`. `Match exec` runs nothing
here.
"""

from __future__ import annotations

import glob
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

from asyncssh.config import SSHClientConfig, SSHConfig

USER_FILES: Final = ("~/.ssh/known_hosts",)
GLOBAL_FILES: Final = ("/etc/ssh/ssh_known_hosts",)
_NOWHERE: Final = "/dev/null"

Handler = Callable[[Any, str, list[str]], None]


def words_of(config: SSHConfig, keyword: str) -> tuple[str, ...]:
    """The values of a keyword that may stand more than once, each once."""
    found = config.get(keyword) or ()
    assert isinstance(found, list | tuple)
    return tuple(dict.fromkeys(str(each) for each in found))


def files_of(config: SSHConfig) -> tuple[str, ...]:
    """The files of host keys that it names; empty where it names none.

    `none` and `/dev/null` stand where somebody wants no key checked: then it is the usual
    files that say which ones are known.
    """
    found: list[str] = []
    named = False
    for keyword, usual in (
        ("UserKnownHostsFile", USER_FILES),
        ("GlobalKnownHostsFile", GLOBAL_FILES),
    ):
        files = [each for each in words_of(config, keyword) if each != _NOWHERE]
        named = named or bool(files)
        found += files or usual
    return tuple(found) if named else ()


class ClientConfig(SSHClientConfig):
    """What the files say of one host."""

    @classmethod
    def read(
        cls, paths: list[Path], local_user: str, host: str, user: str | None, port: int | None
    ) -> SSHConfig:
        """Read `paths` for `host`; a `user` and a `port` that are given win.

        Raises:
            ConfigParseError: a line cannot be read, or wants a program run.
            OSError, UnicodeDecodeError, ValueError: a file cannot be.
        """
        of_host = (local_user, () if user is None else user, host, () if port is None else port)
        config = cls.load(None, paths, False, False, False, *of_host)
        if config.has_match_final():
            # The first value wins, that of the first pass before all.
            config = cls.load(config, paths, False, False, True, *of_host)
        return config

    def _set_tokens(self) -> None:
        super()._set_tokens()
        self._tokens["k"] = cast(str, self._options.get("HostKeyAlias", self._orig_host))

    def _match_without_exec(self, option: str, args: list[str]) -> None:
        rest: list[str] = []
        words = iter(args)
        runs = False
        for word in words:
            if word.lower().lstrip("!") == "exec":
                next(words, None)
                runs = True
            else:
                rest.append(word)
        args.clear()
        SSHConfig._match(self, option, rest)
        # Where another condition fails the command would not decide anything.
        if runs and self._matching:
            self._error("`Match exec` would run a command on this machine, which is not done")

    def _include_by_name(self, option: str, args: list[str]) -> None:
        patterns = [str(self._default_path / Path(each).expanduser()) for each in args]
        # `Path.glob` finds hidden ones, too.
        found = [file for each in patterns for file in sorted(glob.glob(each))]  # noqa: PTH207
        args[:] = map(glob.escape, found)
        SSHConfig._include(self, option, args)

    _percent_expand = SSHClientConfig._percent_expand | {"UserKnownHostsFile"}


def _without_comment(handler: Handler) -> Handler:
    def handle(config: ClientConfig, option: str, args: list[str]) -> None:
        comment = next((n for n, word in enumerate(args) if n and word.startswith("#")), None)
        if comment is not None:
            del args[comment:]
        handler(config, option, args)

    return handle


_OWN: Final = {
    "match": ("Match", ClientConfig._match_without_exec),
    "include": ("Include", ClientConfig._include_by_name),
}
ClientConfig._handlers = {
    keyword: (
        (option, handler)
        if keyword in SSHClientConfig._no_split
        else (option, _without_comment(handler))
    )
    for keyword, (option, handler) in {**SSHClientConfig._handlers, **_OWN}.items()
}
