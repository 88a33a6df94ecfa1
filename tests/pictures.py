"""Draw the pictures of the manual: `python -m tests.pictures`, or `make pictures`.

The console runs on the demo in a pseudo-terminal of the size that is wanted; its screen is
drawn with the fonts that a person's terminal would use. With names of pictures, only those.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import pyte
from PIL import Image, ImageDraw, ImageFont
from pyte.screens import Char

from tests.spawn import PROJECT
from tests.terminal.terminal import ONCALL, Terminal

FOLDER: Final = PROJECT / "docs" / "screens"
FONTS: Final = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf": "fonts-dejavu-core",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf": "fonts-dejavu-core",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
}
"""Each font with the Debian package that it comes in."""
FIRST_WIDE: Final = "⺀"
WIDE_COLUMNS: Final = 160
"""From here on smaller letters, so that the picture fits a page."""
BLENDS: Final = 4
"""Colours between a letter and its ground, which keep its edge smooth."""
MOST_BYTES: Final = 80_000
Rgb = tuple[int, int, int]


class Ground(NamedTuple):
    """A terminal's own colours."""

    front: str
    back: str
    named: dict[str, str]


DARK: Final = Ground(
    "d4d4d4",
    "121212",
    {
        "black": "000000", "red": "e05561", "green": "8cc265", "brown": "d18f52",
        "blue": "4aa5f0", "magenta": "c162de", "cyan": "42b3c2", "white": "d7dae0",
        "brightblack": "7f848e", "brightred": "ff616e", "brightgreen": "a5e075",
        "brightbrown": "f0a45d", "brightblue": "4dc4ff", "brightmagenta": "de73ff",
        "brightcyan": "4cd1e0", "brightwhite": "ffffff",
    },
)  # fmt: skip
LIGHT: Final = Ground("2a2c33", "fafafa", DARK.named)


NOTICES: Final = ("nothing here is real", "you took it")
"""What the console says for some seconds after it has started, over the keys."""
AWAIT: Final = "await:"
"""Among the keys: what has to stand there before the next one is pressed."""


class Picture(NamedTuple):
    """What to run, what to press, and what has to be on the screen before it is drawn."""

    size: tuple[int, int]
    scenario: str = "redis-down"
    speed: float = 1.0
    options: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    shows: tuple[str, ...] = ("NEXT STEP", "ServiceDown", "QueueBacklog")
    rest_s: float = 1.5
    """For how long it is watched once all of that is there."""
    colours: str | None = "truecolor"
    term: str = "xterm-256color"
    ground: Ground = DARK


STORM: Final = Picture(
    (80, 24), "alert-storm", 8.0, shows=("STORM", "NOT part of the storm", 'rack="r12"')
)
USUAL: Final = Picture((80, 24))
PICTURES: Final = {
    "triage-80x24": USUAL,
    "triage-120x36": USUAL._replace(size=(120, 36)),
    "triage-200x50": USUAL._replace(size=(200, 50)),
    "light-120x36": USUAL._replace(size=(120, 36), options=("--theme", "light"), ground=LIGHT),
    "ansi-80x24": USUAL._replace(colours=None, term="xterm"),
    "storm-80x24": STORM,
    "detail-80x24": USUAL._replace(keys=("t",), shows=("last hour", "fires at")),
    "fleet-80x24": USUAL._replace(keys=("2",), shows=("redis", "shop"), rest_s=4.0),
    "fleet-120x36": USUAL._replace(
        size=(120, 36), keys=("2",), shows=("redis", "shop"), rest_s=8.0
    ),
    "fleet-200x50": USUAL._replace(
        size=(200, 50), keys=("2",), shows=("redis", "shop"), rest_s=4.0
    ),
    "rack-down-120x36": Picture(
        (120, 36), "rack-down", 4.0, keys=("2", "b"), shows=("rack r10", "0 of 2 hosts OK")
    ),
    "service-120x36": USUAL._replace(
        size=(120, 36), keys=("2", ":host redis\r", "\r"), shows=("redis@data-1", "needed by")
    ),
    "host-120x36": USUAL._replace(
        size=(120, 36), keys=("2", ":host data-1\r", "\r"), shows=("host data-1", "containers")
    ),
    "logs-80x24": USUAL._replace(keys=("L",), shows=("docker redis on data-1", "began")),
    "acked-120x36": USUAL._replace(
        size=(120, 36),
        keys=("a", "looking at redis", "\r"),
        shows=("extended by kthxbye, looking at redis",),
    ),
    "silence-80x24": USUAL._replace(keys=("s",), shows=("matches now", "1 alert", "last 7 d")),
    "silences-120x36": USUAL._replace(
        size=(120, 36), keys=("S",), shows=("unused", "pending", "ended")
    ),
    "why-80x24": USUAL._replace(keys=("w",), shows=("who is told", "receiver", "timers")),
    "handover-80x24": USUAL._replace(keys=("6",), shows=("on call", "acked and still firing")),
    "journal-80x24": USUAL._replace(keys=("4",), shows=("incidents", "changes", "owed")),
    "incident-80x24": USUAL._replace(
        keys=("i", "\r", "\r"), shows=("led by Kai", "its alerts", "TTR")
    ),
    "incident-form-120x36": USUAL._replace(
        size=(120, 36), keys=("i", "\r", "\r", "e"), shows=("what", "lead", "^s save")
    ),
    "change-120x36": USUAL._replace(
        size=(120, 36),
        keys=("4", ":change m8a", "\r"),
        shows=("more memory for redis", "may it start"),
    ),
    "calendar-120x36": USUAL._replace(
        size=(120, 36), keys=("4", "C"), shows=("today", "window daily")
    ),
    "summary-80x24": USUAL._replace(keys=("5",), shows=("search@api", "MISSED", "q quit")),
    "summary-120x36": USUAL._replace(
        size=(120, 36),
        keys=("5", "await:search@api", "j"),
        shows=("search@api", "MISSED", "q quit"),
    ),
    "service-week-120x36": USUAL._replace(
        size=(120, 36),
        keys=("5", "await:search@api", "j", "j", "\r"),
        shows=("Mon", "outages: 1", "episodes of its alerts", "q quit"),
        rest_s=3.0,
    ),
    "noise-80x24": USUAL._replace(
        keys=("5", "\t", "\t", "R"), shows=("ALONE", "QueueBacklog", "q quit"), rest_s=4.0
    ),
    "inspection-80x24": USUAL._replace(keys=("I",), shows=("inspection of", "KNOWN", "q quit")),
    "runbooks-120x36": USUAL._replace(
        size=(120, 36), keys=("3",), shows=("cache-down", "PASSED", "stale"), rest_s=4.0
    ),
    "run-120x36": USUAL._replace(
        size=(120, 36),
        keys=("r", "\r", "jjjjj", "x", "\x1b[C", "\r"),
        shows=("verified by verify-ping",),
        rest_s=3.0,
    ),
    "run-80x24": USUAL._replace(keys=("r", "\r", "X"), shows=("passed  look-memory",)),
    "run-plan-80x24": USUAL._replace(
        keys=("r", "\r", "jjjjjj", "x"), shows=("to go on, type", "data-1")
    ),
    "sources-120x36": Picture(
        (120, 36), "source-lost", 20.0, keys=("7",), shows=("prom-edge", "UNKNOWN", "refused")
    ),
}


def draw(screen: pyte.Screen, ground: Ground) -> Image.Image:
    """The screen as a picture of few colours."""
    height, cell = (12, (7, 15)) if screen.columns >= WIDE_COLUMNS else (15, (9, 19))
    plain, bold, wide = (ImageFont.truetype(path, height) for path in FONTS)
    size = screen.columns * cell[0], screen.lines * cell[1]
    image = Image.new("RGB", size, _rgb(ground.back, ground))
    pairs: set[tuple[Rgb, Rgb]] = set()
    pen = ImageDraw.Draw(image)
    for y in range(screen.lines):
        cells = [(x, screen.buffer[y][x]) for x in range(screen.columns)]
        # All grounds first: a wide character reaches into the cell behind it.
        for x, char in cells:
            left, top = x * cell[0], y * cell[1]
            corner = (left + cell[0] - 1, top + cell[1] - 1)
            pairs.add(_colours(char, ground))
            pen.rectangle([(left, top), corner], fill=_colours(char, ground)[1])
        for x, char in cells:
            if not char.data.strip():
                continue
            font = wide if char.data >= FIRST_WIDE else bold if char.bold else plain
            left, top = x * cell[0], y * cell[1]
            front = _colours(char, ground)[0]
            pen.text((left, top - (3 if font is wide else 0)), char.data, font=font, fill=front)
            if char.underscore:
                under = top + cell[1] - 2
                pen.line([(left, under), (left + cell[0] - 1, under)], fill=front)
    return _indexed(image, pairs)


def _indexed(image: Image.Image, pairs: set[tuple[Rgb, Rgb]]) -> Image.Image:
    """With a palette of the screen's own colours, which a general one would mix."""
    found: dict[Rgb, None] = {}
    for step in (0, BLENDS, *range(1, BLENDS)):
        for front, back in sorted(pairs):
            mixed = [
                (a * step + b * (BLENDS - step)) // BLENDS for a, b in zip(front, back, strict=True)
            ]
            found[(mixed[0], mixed[1], mixed[2])] = None
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in list(found)[:256] for value in colour])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _colours(char: Char, ground: Ground) -> tuple[Rgb, Rgb]:
    front = _rgb(ground.front if char.fg == "default" else char.fg, ground)
    back = _rgb(ground.back if char.bg == "default" else char.bg, ground)
    return (back, front) if char.reverse else (front, back)


def _rgb(name: str, ground: Ground) -> Rgb:
    value = int(ground.named.get(name, name), 16)
    return value >> 16, value >> 8 & 255, value & 255


def take(picture: Picture, home: Path) -> pyte.Screen:
    """Run the console until the screen shows what the picture is about."""
    command = [*ONCALL, "demo", "--scenario", picture.scenario, "--speed", str(picture.speed)]
    env = {"COLORTERM": picture.colours, "TERM": picture.term, "TZ": "UTC", "LOGNAME": "kai"}
    with Terminal(
        [*command, "--no-mouse", *picture.options], home=home, size=picture.size, env=env
    ) as terminal:
        terminal.wait_for("NEXT STEP")
        terminal.wait_for("@")
        for key in picture.keys:
            if key.startswith(AWAIT):
                terminal.wait_for(key.removeprefix(AWAIT))
                continue
            terminal.type(key)
            terminal.wait_quiet()
        for text in picture.shows:
            terminal.wait_for(text)
        # The notices of the first seconds have gone, and every first answer is there.
        terminal.wait_for(lambda: not any(one in terminal.text for one in NOTICES))
        end = time.monotonic() + picture.rest_s
        while time.monotonic() < end:
            terminal.read(0.1)
        terminal.wait_for(lambda: not any(one in terminal.text for one in NOTICES))
        return terminal.screen


def main(names: list[str]) -> int:
    """Draw the pictures called `names`, or all; an exit code."""
    missing = sorted({package for path, package in FONTS.items() if not Path(path).exists()})
    if missing:
        print(f"fonts are missing; install {' '.join(missing)}", file=sys.stderr)  # noqa: T201
        return 1
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        print(f"no picture {unknown[0]}; there are: {', '.join(PICTURES)}", file=sys.stderr)  # noqa: T201
        return 2
    too_large = 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or PICTURES:
        picture = PICTURES[name]
        with tempfile.TemporaryDirectory() as home:
            image = draw(take(picture, Path(home)), picture.ground)
        path = FOLDER / f"{name}.png"
        image.save(path, optimize=True)
        size = path.stat().st_size
        print(f"{path.relative_to(PROJECT)}  {size:,} bytes")  # noqa: T201
        too_large += size > MOST_BYTES
    if too_large:
        print(f"{too_large} have more than {MOST_BYTES:,} bytes", file=sys.stderr)  # noqa: T201
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
