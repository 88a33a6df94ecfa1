from __future__ import annotations

import copy
import pickle
from pathlib import Path

import msgspec
import pytest

from console.safety.secret import Secret, SecretError, SecretSource, resolve

CANARY = "hunter2-canary"


def test_a_secret_prints_as_stars_wherever_it_ends_up() -> None:
    secret = Secret(CANARY)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", "%s" % secret]  # noqa: UP031
    shown += [repr([secret]), repr({"token": secret}), f"{secret:>5}"]
    assert all("***" in each and CANARY not in each for each in shown)
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not written"):
            copied(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)


async def test_a_secret_comes_from_a_variable_a_file_or_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(CANARY + "\n")
    file.chmod(0o600)
    monkeypatch.setenv("ONCALL_TEST_TOKEN", CANARY)
    monkeypatch.setenv("HOME", str(tmp_path))
    for source in (
        SecretSource(env="ONCALL_TEST_TOKEN"),
        SecretSource(file=str(file)),
        SecretSource(file="~/token"),
        SecretSource(command=("printf", r"%s\r\n", CANARY)),
    ):
        assert await resolve(source) == Secret(CANARY)


def script(text: str) -> SecretSource:
    return SecretSource(command=("sh", "-c", text))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SecretSource(env="ONCALL_NOT_SET"), "environment variable 'ONCALL_NOT_SET' is not set"),
        (SecretSource(env="ONCALL_EMPTY"), "empty secret"),
        (SecretSource(file="/nonexistent/token"), "No such file"),
        (SecretSource(command=("no-such-program", CANARY)), "no program 'no-such-program'"),
        (script(f"echo {CANARY}; exit 4"), "command 'sh' ended with status 4"),
        (script(f"echo {CANARY}; sleep 60"), "no answer within 0.5 s"),
        (script(f"while :; do echo {CANARY}; done"), "more than 65,536 bytes"),
        (script(f"echo {CANARY}; echo two"), "more than one line"),
        (script(f"printf '{CANARY}\\377'"), "no UTF-8"),
    ],
)
async def test_a_secret_that_can_not_be_had_names_its_source_and_not_its_value(
    source: SecretSource, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONCALL_EMPTY", "")
    with pytest.raises(SecretError, match=words) as caught:
        await resolve(source, timeout_s=0.5)
    assert CANARY not in str(caught.value)
    assert CANARY not in str(caught.value.__cause__)


async def test_a_secret_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(CANARY)
    file.chmod(0o644)
    with pytest.raises(SecretError, match=r"mode 0644 .*chmod"):
        await resolve(SecretSource(file=str(file)))


@pytest.mark.parametrize(
    "settings", [{}, {"env": "A", "file": "b"}, {"env": ""}, {"command": []}, {"vault": "x"}]
)
def test_a_secret_has_exactly_one_source(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, SecretSource)
