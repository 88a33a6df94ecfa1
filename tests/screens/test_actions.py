"""Every action of the registry is carried out on every screen that has it."""

from __future__ import annotations

import pytest

from console.actions.registry import ACTIONS, actions_on
from screens.app import OncallApp
from screens.books import BooksScreen
from screens.calendar import CalendarScreen
from screens.cell import CellScreen
from screens.change import ChangeScreen
from screens.detail import DetailScreen
from screens.episodes import EpisodesScreen
from screens.fleet import FleetScreen
from screens.found import FoundScreen
from screens.frame import Frame
from screens.group import GroupScreen, OldScreen
from screens.handover import HandoverScreen
from screens.host import HostScreen
from screens.incident import IncidentScreen
from screens.inspection import InspectionScreen
from screens.journal import JournalScreen
from screens.keys import handler_name
from screens.logs import LogsScreen
from screens.run import RunScreen
from screens.service_week import ServiceWeekScreen
from screens.silence import SilenceScreen
from screens.silences import SilencesScreen
from screens.source import SourceScreen
from screens.sources import SourcesScreen
from screens.step import StepScreen
from screens.summary import SummaryScreen
from screens.triage import TriageScreen
from screens.why import WhyScreen

SCREENS: tuple[type[Frame], ...] = (
    TriageScreen,
    GroupScreen,
    OldScreen,
    DetailScreen,
    CellScreen,
    HostScreen,
    SourceScreen,
    FleetScreen,
    SourcesScreen,
    SilencesScreen,
    SilenceScreen,
    LogsScreen,
    WhyScreen,
    HandoverScreen,
    JournalScreen,
    FoundScreen,
    CalendarScreen,
    IncidentScreen,
    ChangeScreen,
    BooksScreen,
    RunScreen,
    StepScreen,
    SummaryScreen,
    ServiceWeekScreen,
    EpisodesScreen,
    InspectionScreen,
)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
def test_a_screen_carries_out_every_action_it_has(screen: type[Frame]) -> None:
    missing = [
        action.id
        for action in actions_on(screen.word)
        if not hasattr(screen, handler_name(action.id))
        and not hasattr(OncallApp, handler_name(action.id))
    ]
    assert missing == []


def test_every_screen_word_in_the_registry_is_a_screen() -> None:
    words = {word for action in ACTIONS for word in action.where}
    assert words == {screen.word for screen in SCREENS}
