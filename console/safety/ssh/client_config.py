"""The OpenSSH client configuration: asyncssh's parser, and what `ssh` does otherwise than it.

`ssh` reads the machine's file after the user's, the files of an `Include` by their names and
none that is hidden, takes what follows a `#` for a comment, has a second pass for `Match final`
in which `Host` is the name that was found, and a `%k`. `Match exec` runs nothing here.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, cast

from asyncssh.config import ConfigParseError, SSHClientConfig, SSHConfig
from asyncssh.pattern import WildcardPatternList

SYSTEM_FILE: Final = Path("/etc/ssh/ssh_config")
USER_FILES: Final = ("~/.ssh/known_hosts",)
GLOBAL_FILES: Final = ("/etc/ssh/ssh_known_hosts",)
_ROOT: Final = 0
_NOWHERE: Final = "/dev/null"
_KEYWORD: Final = re.compile(r"[^\s=]+")
_TO_VALUE: Final = re.compile(r"\s*=?\s*")
_CRITERION: Final = re.compile(r"!?[a-z]+=", re.IGNORECASE)

Handler = Callable[[Any, str, list[str]], None]


def system_files() -> list[Path]:
    """The configuration of this machine, where it has one that root wrote."""
    try:
        found = SYSTEM_FILE.stat()
    except OSError:
        return []
    ours = found.st_uid == _ROOT and stat.S_ISREG(found.st_mode)
    return [SYSTEM_FILE] if ours and os.access(SYSTEM_FILE, os.R_OK) else []


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
            OSError, ValueError: a file cannot be.
        """
        of_host = (local_user, () if user is None else user, host, () if port is None else port)
        config = cls(cast(SSHConfig, None), False, False, False, *cast(Any, of_host))
        config._read(paths)
        if config.has_match_final():
            # The first value wins, that of the first pass before all.
            config = cls(config, False, False, True, *cast(Any, of_host))
            config._read(paths)
        config._expand()
        return config

    def _read(self, paths: list[Path]) -> None:
        for path in paths:
            if path == SYSTEM_FILE:
                self._default_path = path.parent
            self.parse(path)
        self.loaded = bool(paths)

    def parse(self, path: Path) -> None:
        """Read one file, or one that it includes."""
        self._path, self._line_no, self._matching = path, 0, True
        self._tokens = {"%": "%"}
        with path.open(encoding="utf-8") as file:
            try:
                lines = file.readlines()
            except UnicodeDecodeError:
                raise ConfigParseError(f"{path} is not UTF-8 text") from None
        for number, line in enumerate(lines, 1):
            self._line_no = number
            self._take(line.strip())

    def _take(self, line: str) -> None:
        keyword = _KEYWORD.match(line)
        if keyword is None or line.startswith("#"):
            return
        name = keyword.group().lower()
        rest = line[keyword.end() :]
        rest = rest[cast(re.Match[str], _TO_VALUE.match(rest)).end() :]
        try:
            args = list(_words(rest))
        except ValueError as error:
            self._error(str(error))
        if (not self._matching and name not in self._conditionals) or name not in self._handlers:
            return
        option, handler = self._handlers[name]
        if not args:
            self._error(f"Missing {option} value")
        if name in self._no_split:
            args = [rest]
        handler(self, option, args)
        if args:
            self._error(f"Extra data at end: {' '.join(args)}")

    def _expand(self) -> None:
        # Once and at the end: a `%%` that was expanded must not be expanded again.
        self._set_tokens()
        for option in self._percent_expand & self._options.keys():
            value = self._options[option]
            if isinstance(value, list):
                self._options[option] = [self._expand_val(str(each)) for each in value]
            elif isinstance(value, str):
                self._options[option] = self._expand_val(value)

    def _set_tokens(self) -> None:
        super()._set_tokens()
        self._tokens["k"] = cast(str, self._options.get("HostKeyAlias", self._orig_host))

    def _match_host_found(self, _option: str, args: list[str]) -> None:
        name = self._options.get("Hostname", self._orig_host) if self._final else self._orig_host
        self._matching = WildcardPatternList(",".join(args)).matches(str(name))
        args.clear()

    def _set_way(self, option: str, args: list[str]) -> None:
        # Of a jump and a command the first one that is written is the way.
        if option == "ProxyJump":
            taken = "ProxyCommand" in self._options
        else:
            taken = self._options.get("ProxyJump") is not None
        if taken:
            args.clear()
        else:
            SSHConfig._set_string(self, option, args)

    def _match_without_exec(self, option: str, args: list[str]) -> None:
        rest: list[str] = []
        words = _criteria(args)
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
        for file in found:
            self._require_own(Path(file))
        args[:] = map(glob.escape, found)
        SSHConfig._include(self, option, args)

    def _require_own(self, file: Path) -> None:
        found = file.stat()
        if found.st_uid not in (_ROOT, os.getuid()) or found.st_mode & 0o022:
            self._error(f"others may write {file}, so ssh does not read it")

    _percent_expand = SSHClientConfig._percent_expand | {"UserKnownHostsFile"}


def _words(line: str) -> Iterator[str]:
    """As `ssh` (9.2, `argv_split`) splits a line, up to its comment.

    Raises:
        ValueError: a quote is not closed.
    """
    at = 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
            continue
        if line[at] == "#":
            return
        word, quote = "", ""
        while at < len(line) and (quote or line[at] not in " \t"):
            each, after = line[at], line[at + 1 : at + 2]
            if each == "\\" and after and (after in "'\"\\" or (after == " " and not quote)):
                word += after
                at += 1
            elif each == quote:
                quote = ""
            elif not quote and each in "'\"":
                quote = each
            else:
                word += each
            at += 1
        if quote:
            raise ValueError(f"the quote {quote} is not closed")
        yield word


def _criteria(args: list[str]) -> Iterator[str]:
    """The words of a `Match`, in which `user=kai` is two."""
    for word in args:
        criterion = _CRITERION.match(word)
        if criterion is None:
            yield word
        else:
            yield criterion.group()[:-1]
            yield word[criterion.end() :]


_OWN: Final = {
    "host": ("Host", ClientConfig._match_host_found),
    "match": ("Match", ClientConfig._match_without_exec),
    "include": ("Include", ClientConfig._include_by_name),
    "proxycommand": ("ProxyCommand", ClientConfig._set_way),
    "proxyjump": ("ProxyJump", ClientConfig._set_way),
}
ClientConfig._handlers = cast(dict[str, tuple[str, Handler]], {**SSHClientConfig._handlers, **_OWN})
