"""What is installed from a wheel has everything that a checkout has."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.spawn import PROJECT, python

SHIPPED = ("console", "screens", "widgets", "config", "runbooks")
"""The packages; a file beside their code that is no Python is package data."""
DATA = {".tcss", ".yaml", ".md", ".json", ".service"}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The names in a wheel built from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    _copy(source)
    built = python(
        "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet",
        "--disable-pip-version-check", "--wheel-dir", str(folder), str(source),
        cwd=folder,
    )  # fmt: skip
    assert built.exit_code == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return frozenset(opened.namelist())


def _copy(source: Path) -> None:
    import shutil

    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    for name in SHIPPED:
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))


def test_the_wheel_has_every_file_that_the_packages_have(contents: frozenset[str]) -> None:
    wanted = {
        str(path.relative_to(PROJECT))
        for name in SHIPPED
        for path in (PROJECT / name).rglob("*")
        if path.suffix in DATA | {".py"} and path.is_file()
    }
    assert wanted - contents == set()


def test_the_wheel_has_the_style_sheets_the_starter_and_the_licence(
    contents: frozenset[str],
) -> None:
    assert any(name.startswith("screens/") and name.endswith(".tcss") for name in contents)
    assert "config/starter/oncall.yaml" in contents
    assert any(name.endswith("licenses/LICENSE") for name in contents)


def test_the_wheel_brings_no_tests(contents: frozenset[str]) -> None:
    assert not [name for name in contents if name.startswith(("tests/", "docs/"))]
