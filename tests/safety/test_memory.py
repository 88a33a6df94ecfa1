"""What nothing uses any more goes back to the system."""

from __future__ import annotations

from console.safety.memory import FreeMemory


def test_giving_memory_back_works_wherever_the_console_runs() -> None:
    memory = FreeMemory()
    kept = [str(number) * 40 for number in range(1_000)]
    memory.give_back()
    memory.give_back()
    assert kept[999] == "999" * 40
