"""Saved episodes come back as they were, and damage is said, not suffered."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.worklist import Episode
from console.triage.saved import EpisodesDamaged, episodes_from, episodes_to, merged
from tests.build import ago, at

RUNNING = Episode("aa", ago(600), ago(590), ago(500), "mei", None, ago(0))


def test_what_was_saved_comes_back() -> None:
    ended = Episode("bb", ago(600), ago(590), resolved_at=ago(60))
    assert episodes_from(episodes_to([RUNNING, ended])) == (RUNNING, ended)
    assert episodes_from(episodes_to([])) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 1}',
        b'{"version": 2, "episodes": []}',
        b'{"episodes": []}',
        b'{"version": 1, "episodes": [{"key": "a"}]}',
        b'{"version": 1, "episodes": [{"key": "a", "start": "soon", "first_seen": "soon"}]}',
        b'{"version": 1, "episodes": [{"key": "a", "start": "2026-11-22T03:00:00",'
        b' "first_seen": "2026-11-22T03:00:00"}]}',
    ],
)
def test_damage_is_said_with_what_was_expected(content: bytes) -> None:
    with pytest.raises(EpisodesDamaged, match="expected"):
        episodes_from(content)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_worse(content: bytes) -> None:
    with contextlib.suppress(EpisodesDamaged):
        episodes_from(content)


@given(st.data())
def test_a_file_that_was_cut_anywhere_is_damaged_or_whole(data: st.DataObject) -> None:
    content = episodes_to([RUNNING])
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    with pytest.raises(EpisodesDamaged):
        episodes_from(cut)


def test_a_name_in_the_file_reaches_no_terminal_as_a_command() -> None:
    evil = msgspec.structs.replace(RUNNING, responded_by="\x1b]0;x\x07")
    (episode,) = episodes_from(episodes_to([evil]))
    assert "\x1b" not in episode.responded_by


def test_of_two_consoles_the_earlier_start_and_the_first_response_count() -> None:
    mine = Episode("aa", ago(300), ago(290), ago(100), "kai")
    other = Episode("aa", ago(600), ago(590), ago(200), "mei")
    (joined,) = merged([mine], [other])
    assert (joined.start, joined.first_seen) == (ago(600), ago(590))
    assert (joined.responded_at, joined.responded_by) == (ago(200), "mei")


def test_an_episode_that_ended_is_not_joined_to_the_next_one() -> None:
    past = Episode("aa", ago(9000), ago(9000), ago(8000), "mei", resolved_at=ago(4000))
    now = Episode("aa", ago(300), ago(290))
    assert merged([now], [past]) == (now,)
    assert merged([past], [now]) == (now,)


def test_an_episode_that_ended_is_joined_to_its_refire_within_the_gap() -> None:
    past = Episode("aa", ago(9000), ago(9000), resolved_at=ago(400))
    now = Episode("aa", ago(300), ago(290))
    (joined,) = merged([now], [past])
    assert joined.start == ago(9000)


def test_what_only_the_other_console_knows_is_kept_unless_it_ended_long_ago() -> None:
    mine = [Episode("aa", ago(300), ago(290))]
    running = Episode("bb", ago(90000), ago(90000))
    ended = Episode("cc", ago(900), ago(900), resolved_at=ago(800))
    long_ago = Episode("dd", ago(90000), ago(90000), resolved_at=ago(80000))
    assert {each.key for each in merged(mine, [running, ended, long_ago])} == {"aa", "bb", "cc"}


def test_merging_is_the_same_twice() -> None:
    mine = [RUNNING, Episode("bb", ago(10), at(0).wall)]
    once = merged(mine, [RUNNING])
    assert merged(once, once) == once
