from __future__ import annotations

import os
import random
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.safety.files import (
    FileError,
    FileLock,
    LockHeldError,
    append_line,
    make_scratch_dir,
    private_dir,
    read_capped,
    read_end,
    remove_plain,
    remove_scratch_dir,
    remove_scratch_file,
    rename_beside,
    socket_dir,
    state_dir,
    sweep_unfinished,
    write_atomic,
)
from tests.soak import trials


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def in_child(work: Callable[[], int]) -> int:
    """The exit status of `work` in a forked child."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_after(acknowledgements: int, work: Callable[[int], None]) -> int:
    """Run `work(0)`, `work(1)`, … in a child, kill it with SIGKILL while it works.

    Returns how many calls had returned, and said so, when it died.
    """
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(heard)
            for number in range(1_000_000):
                work(number)
                os.write(said, b".")
        finally:
            os._exit(1)
    os.close(said)
    got = 0
    while got < acknowledgements:
        part = os.read(heard, acknowledgements - got)
        assert part, "the child ended before it was killed"
        got += len(part)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while part := os.read(heard, 65_536):
        got += len(part)
    os.close(heard)
    return got


def generation(number: int) -> bytes:
    return f"{number:06d}".encode() * 20_000


def test_a_killed_writer_leaves_the_old_file_or_the_new_one_whole(tmp_path: Path) -> None:
    chance = random.Random(7)
    target = tmp_path / "state"
    for _ in range(trials(usual=30, soak=1_000)):
        target.unlink(missing_ok=True)
        acknowledged = killed_after(
            chance.randint(1, 4), lambda number: write_atomic(target, generation(number))
        )
        content = target.read_bytes()
        number = int(content[:6])
        assert content == generation(number)
        assert acknowledged - 1 <= number <= acknowledged
        sweep_unfinished(tmp_path)
        assert list(tmp_path.iterdir()) == [target]


def test_a_killed_append_loses_no_line_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(8)
    log = tmp_path / "events.jsonl"
    for _ in range(trials(usual=30, soak=1_000)):
        log.unlink(missing_ok=True)
        acknowledged = killed_after(
            chance.randint(1, 6), lambda number: append_line(log, generation(number))
        )
        append_line(log, b"after")
        lines = log.read_bytes().splitlines()
        assert lines[:acknowledged] == [generation(number) for number in range(acknowledged)]
        assert lines[-1] == b"after"


def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: None) -> None:
    write_atomic(tmp_path / "private", b"x")
    write_atomic(tmp_path / "shared", b"x", mode=0o644)
    append_line(tmp_path / "log", b"x")
    with FileLock(tmp_path / "lock"):
        pass
    private_dir(tmp_path / "a" / "b")
    assert mode_of(tmp_path / "private") == 0o600
    assert mode_of(tmp_path / "shared") == 0o644
    assert mode_of(tmp_path / "log") == 0o600
    assert mode_of(tmp_path / "lock") & 0o077 == 0
    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "a" / "b") == 0o700


def test_a_planted_symlink_is_never_followed(tmp_path: Path, umask: None) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    victim.chmod(0o600)
    for name in ("state", "log", "lock", "secret"):
        (tmp_path / name).symlink_to(victim)
    (tmp_path / "folder").symlink_to(tmp_path)
    write_atomic(tmp_path / "state", b"new")
    assert not (tmp_path / "state").is_symlink()
    with pytest.raises(FileError, match="symbolic link"):
        append_line(tmp_path / "log", b"x")
    with pytest.raises(FileError, match="symbolic link"):
        FileLock(tmp_path / "lock").acquire()
    with pytest.raises(FileError, match="symbolic link"):
        read_capped(tmp_path / "secret", 100, follow=False)
    with pytest.raises(FileError):
        private_dir(tmp_path / "folder")
    assert victim.read_bytes() == b"precious"
    assert read_capped(tmp_path / "secret", 100) == b"precious"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "state"
    log = tmp_path / "log"
    write_atomic(target, b"old")
    append_line(log, b"first")

    def write_on_a_full_disk() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        refused = 0
        attempts: tuple[Callable[[Path, bytes], None], ...] = (write_atomic, append_line)
        for attempt, path in zip(attempts, (target, log), strict=True):
            try:
                attempt(path, b"n" * 50_000)
            except FileError as error:
                refused += "File too large" in str(error)
        return refused

    assert in_child(write_on_a_full_disk) == 2
    assert target.read_bytes() == b"old"
    assert log.read_bytes() == b"first\n"
    assert {each.name for each in tmp_path.iterdir()} == {"state", "log"}


def test_a_file_that_must_be_new_does_not_replace_one_that_is_there(tmp_path: Path) -> None:
    target = tmp_path / "oncall.yaml"
    write_atomic(target, b"mine", replace=False)
    with pytest.raises(FileError, match="File exists"):
        write_atomic(target, b"theirs", replace=False)
    assert target.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere.*No such file.*expected"):
        write_atomic(tmp_path / "nowhere" / "x", b"")


def test_a_line_that_was_torn_spoils_no_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b'{"a":1}\n{"b":')
    append_line(log, b'{"c":3}')
    assert log.read_bytes() == b'{"a":1}\n{"b":\n{"c":3}\n'
    with pytest.raises(ValueError, match="line break"):
        append_line(log, b"two\nlines")


def test_what_is_too_big_or_no_plain_file_is_refused_in_words(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 1_001)
    os.mkfifo(tmp_path / "pipe")
    assert read_capped(big, 1_001) == b"x" * 1_001
    with pytest.raises(FileError, match=r"has 1,001 bytes \(expected at most 1,000 bytes\)"):
        read_capped(big, 1_000)
    with pytest.raises(FileError, match="pipe"):
        read_capped(tmp_path / "pipe", 10)
    with pytest.raises(FileError, match="is a folder"):
        read_capped(tmp_path, 10)
    with pytest.raises(FileError, match="pipe"):
        append_line(tmp_path / "pipe", b"x")
    with pytest.raises(FileError, match="No such file"):
        read_capped(tmp_path / "missing", 10)
    with pytest.raises(FileError, match="null byte"):
        read_capped(tmp_path / "a\0b", 10)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o666])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "token"
    secret.write_bytes(b"hunter2")
    secret.chmod(0o640)
    assert read_capped(secret, 100, trusted=True) == b"hunter2"
    secret.chmod(mode)
    with pytest.raises(FileError, match=f"mode {mode:04o}") as caught:
        read_capped(secret, 100, trusted=True)
    assert "hunter2" not in str(caught.value)


def test_what_another_user_owns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.geteuid()
    (tmp_path / "token").write_bytes(b"x")
    (tmp_path / "token").chmod(0o600)
    os.chown(tmp_path / "token", mine, -1)
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(FileError, match=f"belongs to user {mine}"):
        private_dir(tmp_path)
    if mine != 0:
        with pytest.raises(FileError, match=f"belongs to user {mine}"):
            read_capped(tmp_path / "token", 10, trusted=True)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(FileError, match="others may write"):
        private_dir(folder)
    folder.chmod(0o755)
    assert mode_of(private_dir(folder)) == 0o700


def test_state_lives_under_the_environment_s_name(tmp_path: Path) -> None:
    folder = state_dir("prod", {"XDG_STATE_HOME": str(tmp_path / "state")})
    assert folder == tmp_path / "state" / "oncall" / "prod"
    assert mode_of(folder) == 0o700
    at_home = state_dir("prod", {"XDG_STATE_HOME": "relative", "HOME": str(tmp_path)})
    assert at_home == tmp_path / ".local" / "state" / "oncall" / "prod"
    with pytest.raises(FileError, match="HOME"):
        state_dir("prod", {})


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "-x", ".git", "a\0b", "x" * 65, "a\n", "\u202eprod"]
)
def test_an_environment_can_not_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="cannot name an environment"):
        state_dir(name, {"XDG_STATE_HOME": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_writer_works_on_is_not_swept_away(tmp_path: Path) -> None:
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)

        def wait_before_the_rename(*args: object, **kwargs: object) -> None:
            os.write(said, b".")
            signal.pause()

        os.rename = wait_before_the_rename
        write_atomic(tmp_path / "state", b"x")
    assert os.read(heard, 1) == b"."
    assert sweep_unfinished(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert sweep_unfinished(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_lock_has_one_holder_and_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path):
        with pytest.raises(LockHeldError, match=f"locked by process {os.getpid()}"):
            FileLock(path).acquire()

        def take() -> int:
            try:
                FileLock(path).acquire()
            except LockHeldError:
                return 3
            return 0

        assert in_child(take) == 3
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        lock = FileLock(path)
        lock.acquire()
        os.write(said, b".")
        signal.pause()
    os.read(heard, 1)
    with pytest.raises(LockHeldError, match=f"process {child}"):
        FileLock(path).acquire()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with FileLock(path):
        pass


def test_a_scratch_folder_is_private_and_only_such_a_one_is_removed(tmp_path: Path) -> None:
    folder = make_scratch_dir("oncall-test-")
    (folder / "x").write_bytes(b"x")
    assert mode_of(folder) == 0o700
    remove_scratch_dir(folder)
    assert not folder.exists()
    for other in (tmp_path, folder):
        with pytest.raises(FileError, match="scratch"):
            remove_scratch_dir(other)
    assert tmp_path.exists()


def test_a_scratch_file_is_removed_and_no_other(tmp_path: Path) -> None:
    folder = make_scratch_dir("oncall-test-")
    try:
        (folder / "x").write_text("")
        remove_scratch_file(folder / "x")
        remove_scratch_file(folder / "x")
        assert list(folder.iterdir()) == []
        (tmp_path / "x").write_text("")
        with pytest.raises(FileError, match="in no scratch folder"):
            remove_scratch_file(tmp_path / "x")
        assert (tmp_path / "x").exists()
    finally:
        remove_scratch_dir(folder)


def test_the_folder_of_sockets_is_the_same_every_time_short_and_private(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    folder = socket_dir(environ, 4096)
    assert folder == tmp_path / "oncall-ssh" == socket_dir(environ, 4096)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert socket_dir(environ, 5) is None
    folder.chmod(0o777)
    elsewhere = socket_dir(environ, 4096)
    assert elsewhere is None or elsewhere.parent != tmp_path


def test_the_end_of_a_file_is_read_without_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"0123456789")
    assert read_end(log, 4) == (b"6789", 10)
    assert read_end(log, 100) == (b"0123456789", 10)
    (tmp_path / "link").symlink_to(log)
    with pytest.raises(FileError, match="symbolic link"):
        read_end(tmp_path / "link", 4)
    with pytest.raises(FileError, match="No such file"):
        read_end(tmp_path / "none", 4)
    with pytest.raises(FileError, match="is a folder"):
        read_end(tmp_path, 4)


def test_a_file_that_is_renamed_takes_no_others_place(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"old")
    (tmp_path / "taken").write_bytes(b"precious")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for taken in ("taken", "dangling"):
        with pytest.raises(FileError, match="is there already"):
            rename_beside(tmp_path / "log", taken)
    assert (tmp_path / "taken").read_bytes() == b"precious"
    rename_beside(tmp_path / "log", "log-1")
    assert (tmp_path / "log-1").read_bytes() == b"old"
    assert not (tmp_path / "log").exists()
    with pytest.raises(FileError, match="No such file"):
        rename_beside(tmp_path / "log", "log-2")


def test_only_a_plain_file_is_removed_and_a_missing_one_is_gone_already(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(victim)
    (tmp_path / "folder").mkdir()
    for name in ("link", "folder"):
        with pytest.raises(FileError, match="is no plain file"):
            remove_plain(tmp_path / name)
    remove_plain(tmp_path / "missing")
    remove_plain(victim)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "link"]
