"""Help, palette, `:` and the footer, all made from the registry; colours and what is hostile."""

from __future__ import annotations

import re

import msgspec
import pytest
from textual.pilot import Pilot

from config.load import Loaded
from config.people import Person
from config.schema import Look, Settings
from console.actions.registry import ACTIONS, actions_on, commands
from console.model.action import Action
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.snapshot import Snapshot, SourceHealth
from console.model.state import State
from console.safety.text import Raw, cell_width, visible
from tests.build import ago, alert, at, cell, failure, known, resolved, service, snapshot, source
from tests.frames import strips_of
from tests.hostile import hostile_strings
from tests.screens.console import Console, console_on, typed, until
from tests.screens.worlds import EVENTS, usual
from tests.soak import trials
from widgets.footer import Footer

GO: dict[str, tuple[str, ...]] = {
    "triage": (),
    "group": ("j", "j", "j", "enter"),
    "detail": ("enter",),
    "fleet": ("2",),
    "service": ("2", "enter"),
    "handover": ("6",),
    "sources": ("7",),
    "source": ("7", "enter"),
}
"""The keys that lead to each screen from a fresh console."""


async def go(console: Console, pilot: Pilot[int], screen: str) -> None:
    """Go to a screen by its keys."""
    for key in GO[screen]:
        await pilot.press(key)
        await pilot.pause()
    await until(pilot, lambda: console.app.frame is not None and console.app.frame.word == screen)


def squeezed(text: str) -> str:
    """Without what a frame or a line break puts between two words."""
    return "".join(char for char in text if not char.isspace() and char not in "│─╭╮╰╯|-+")


@pytest.mark.parametrize("screen", GO)
async def test_the_help_lists_every_action_of_the_screen(screen: str) -> None:
    async with console_on(usual(), events=EVENTS, size=(120, 130)) as (console, pilot):
        await go(console, pilot, screen)
        await pilot.press("question_mark")
        await until(pilot, lambda: "everywhere" in console.text)
        # What lies behind the help stands beside it.
        shown = squeezed("\n".join(re.findall("│(.*)│", console.text)))
        missing = [
            action.id
            for action in actions_on(screen)
            if (action.keys or action.command) and squeezed(visible(action.help)) not in shown
        ]
        assert missing == []
        await pilot.press("escape")
        await until(pilot, lambda: "everywhere" not in console.text)


WORDS = sorted(set(commands()) - {"triage", "q"})
CONSOLES = trials(usual=6, soak=len(WORDS))
"""How many consoles share the commands: in a soak each has one of its own."""


async def back_to_triage(console: Console, pilot: Pilot[int]) -> None:
    """As if nothing had been opened, and nothing said."""
    app = console.app
    for _ in app.screen_stack[1:]:
        app.pop_screen()
    if app.current_mode != "triage":
        app.switch_mode("triage")
    await until(pilot, lambda: app.frame is not None and app.frame.word == "triage")
    assert app.frame is not None
    app.frame.query_one(Footer).say("", console.clock.now())
    console.clock.advance(5)  # what follows a refused key at once is typed blindly
    await pilot.pause()


def words_in(text: str) -> list[str]:
    """What does not change with the clock alone."""
    return re.findall(r"[^\W\d]{4,}", text)


async def does_something(console: Console, pilot: Pilot[int], word: str) -> None:
    before = words_in(console.text)
    argument = {"TEXT": " redis", "NAME": " redis"}.get(commands()[word].argument, "")
    await typed(pilot, "colon", f"{word}{argument}")
    await until(pilot, lambda: words_in(console.text) != before)
    assert "no command" not in console.text, word


@pytest.mark.parametrize("share", range(CONSOLES))
async def test_every_command_does_something_from_triage(share: int) -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        for word in WORDS[share::CONSOLES]:
            await back_to_triage(console, pilot)
            await does_something(console, pilot, word)


async def test_the_command_to_quit_leaves() -> None:
    async with console_on(usual()) as (console, pilot):
        await typed(pilot, "colon", "q")
        await until(pilot, lambda: not console.app.is_running)


def foreign_to(screen: str) -> list[Action]:
    """The commands of other screens, each on one that is not its own, in a soak on all."""
    found = []
    for number, action in enumerate(commands().values()):
        strange = [one for one in GO if action.where and one not in action.where]
        first = number % max(1, len(strange))
        most = trials(usual=1, soak=len(strange))
        if screen in (strange[first:] + strange[:first])[:most]:
            found.append(action)
    return found


@pytest.mark.parametrize("screen", GO)
async def test_a_command_of_another_screen_is_refused_with_its_name(screen: str) -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await go(console, pilot, screen)
        for action in foreign_to(screen):
            await typed(pilot, "colon", action.command)
            await until(pilot, lambda: "not for this screen" in console.lines[-1])
            assert action.where[0] in console.lines[-1]
        assert console.app.frame is not None
        assert console.app.frame.word == screen


async def test_what_is_typed_after_a_colon_is_completed() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("colon", *"sou")
        await until(pilot, lambda: "Every source, its age and error" in console.text)
        await pilot.press("tab")
        await until(pilot, lambda: ":sources" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: console.app.current_mode == "sources")


async def test_places_and_services_complete_a_host() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("colon", *"host v")
        await until(pilot, lambda: "host varnish-1" in console.text)
        assert "host varnish-2" in console.text
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: "── varnish-2" in console.text)


async def test_the_palette_finds_an_action_by_any_of_its_words() -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await pilot.press("ctrl+p", *"event log")
        await until(pilot, lambda: ">event log" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: console.app.current_mode == "sources")


async def test_the_palette_offers_what_this_screen_can_do() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("ctrl+p", *"wrong")
        await until(pilot, lambda: ">wrong" in console.text)
        assert "Show only services" not in console.text
        await pilot.press("escape", "2")
        await until(pilot, lambda: console.app.current_mode == "fleet")
        await pilot.press("ctrl+p", *"wrong")
        await until(pilot, lambda: "Show only services" in console.text)


async def test_an_action_that_does_nothing_now_says_why() -> None:
    async with console_on(snapshot(sources=(source(last_ok=at()),))) as (console, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "there is no row" in console.lines[-1])


@pytest.mark.parametrize("screen", GO)
async def test_the_footer_fits_and_has_the_ways_out(screen: str) -> None:
    async with console_on(usual(), events=EVENTS, size=(120, 24)) as (console, pilot):
        await go(console, pilot, screen)
        for width in (120, 80, 60):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            footer = console.lines[-1]
            assert cell_width(footer) <= width
            assert "? help" in footer
            assert "q quit" in footer
            if screen in ("group", "detail", "service", "source"):
                assert "esc back" in footer


async def test_remapped_keys_work_and_are_shown() -> None:
    settings = Settings(environment="test", keys={"app.fleet": ("F",)})
    async with console_on(usual(), settings=settings, size=(120, 36)) as (console, pilot):
        assert "F fleet" in console.lines[-1]
        await pilot.press("F")
        await until(pilot, lambda: console.app.current_mode == "fleet")


async def test_a_reload_takes_the_new_settings_and_says_so() -> None:
    async with console_on(usual()) as (console, pilot):
        assert console.engine is not None
        fresh = Settings(environment="staging", keys={"app.fleet": ("F",)})
        console.engine.reloaded = Loaded(fresh, Registry(), Policy(), None)
        await typed(pilot, "colon", "reload")
        await until(pilot, lambda: "settings reloaded" in console.lines[-1])
        console.publish(usual())
        await until(pilot, lambda: "oncall staging" in console.lines[0])
        await pilot.press("F")
        await until(pilot, lambda: console.app.current_mode == "fleet")


async def test_refresh_asks_every_source() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("R")
        assert console.engine is not None
        engine = console.engine
        await until(pilot, lambda: engine.wishes == ["refresh"])
        assert "asking every source" in console.lines[-1]


def colours_of(console: Console) -> set[str]:
    """Every foreground on the screen."""
    return {
        str(segment.style.color)
        for strip in strips_of(console.app)
        for segment in strip
        if segment.style is not None
    }


async def test_the_theme_is_changed_by_name() -> None:
    async with console_on(usual()) as (console, pilot):
        dark = colours_of(console)
        await typed(pilot, "colon", "theme light")
        await until(pilot, lambda: console.app.theme != "dark" and colours_of(console) != dark)
        assert "ServiceDown" in console.text


async def test_a_theme_of_no_name_is_refused_with_those_there_are() -> None:
    async with console_on(usual()) as (console, pilot):
        await typed(pilot, "colon", "theme pink")
        await until(pilot, lambda: "dark, light" in console.lines[-1])


@pytest.mark.parametrize("screen", ["triage", "detail"])
async def test_ctrl_c_tells_how_to_leave(screen: str) -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await go(console, pilot, screen)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "press q" in console.lines[-1])


@pytest.mark.parametrize("screen", ["triage", "group", "source"])
async def test_q_leaves_from_everywhere(screen: str) -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await go(console, pilot, screen)
        await pilot.press("q")
        await until(pilot, lambda: not console.app.is_running)
        assert (console.app.return_code or 0) == 0


# Hostile text


def hostile_world(seed: int) -> Snapshot:
    """Every text that comes from outside is an attack, or a wide and long one."""
    strings = [text[:400] for text in hostile_strings(150, seed=seed)]
    pick = iter(strings * 20)

    def evil() -> str:
        return next(pick)

    alerts = [
        known(
            alert(
                f"A{evil()}",
                fingerprint=f"{n:016x}",
                summary=evil(),
                severity=evil() if n % 3 else "critical",
                instance=f"{n}{evil()}",
                starts_at=ago(60 + n),
                annotations={"runbook_url": f"http://{evil()}", "description": evil()},
            ),
            why=visible(evil()),
        )
        for n in range(24)
    ]
    sick: SourceHealth = msgspec.structs.replace(
        source("prom", state=State.UNKNOWN, failing_since=ago(60)),
        failures=(failure("prom", visible(f"expected JSON, got {evil()}")),),
        version=Raw(evil()),
        warnings=(Raw(evil()),),
    )
    return snapshot(
        *alerts,
        cells=[
            cell(service(visible(f"s{n}{evil()}", cells=60), f"h{n % 3}"), because=visible(evil()))
            for n in range(9)
        ],
        sources=(sick, source("am", last_ok=at())),
        resolved=(resolved(alert(evil(), instance=evil()), ago(5)),),
    )


@pytest.mark.parametrize(("seed", "size"), [(1, (60, 15)), (2, (80, 24)), (3, (120, 36))], ids=str)
async def test_hostile_text_is_visible_and_keeps_every_line_in_its_place(
    seed: int, size: tuple[int, int]
) -> None:
    async with console_on(hostile_world(seed), events=EVENTS, size=size) as (console, pilot):
        keys = ("enter", "escape", "j", "j", "enter", "escape", "G", "2", "l", "enter", "escape",
                "7", "enter", "escape", "tab", "tab", "1", "slash", "A", "enter")  # fmt: skip
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            for line in console.lines:
                assert cell_width(line) <= size[0]
                assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in line)
        assert console.app.is_running


def test_every_action_that_a_footer_shows_has_a_key() -> None:
    assert [action.id for action in ACTIONS if action.footer and not action.keys] == []


async def test_a_reload_changes_the_person_and_the_looks() -> None:
    async with console_on(usual(), size=(120, 36), login="kc", theme=None) as (console, pilot):
        assert console.engine is not None
        fresh = Settings(
            environment="test",
            people={"kai": Person(name="Kai", level="L1", logins=("kc",))},
            look=Look(theme="light"),
        )
        console.engine.reloaded = Loaded(fresh, Registry(), Policy(), None)
        await typed(pilot, "colon", "reload")
        await until(pilot, lambda: "Kai L1" in console.lines[0])
        assert console.app.theme == "oncall-light"
