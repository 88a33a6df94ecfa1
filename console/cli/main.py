"""The `oncall` command itself: global options, and commands loaded when they are named."""

from __future__ import annotations

import atexit
import importlib
import sys
import traceback

import click

from console import __version__
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Chosen,
    OutputError,
    look_options,
    narrate,
    source_options,
)

COMMANDS = {
    "ack": ("console.cli.ack", "Take the alerts that a filter matches."),
    "unack": ("console.cli.ack", "Give acks up."),
    "silence": ("console.cli.silence", "Silence whatever some matchers match."),
    "unsilence": ("console.cli.silence", "End silences."),
    "silences": ("console.cli.silences", "Every silence, what it holds and when it ends."),
    "alerts": ("console.cli.alerts", "What fires, in the order in which to work on it."),
    "audit": ("console.cli.audit", "What was done from here; --check finds what was changed."),
    "change": ("console.cli.change", "Change requests, their approval, and a gate for pipelines."),
    "check": ("console.cli.settings", "Check the settings; every fault with file:line:column."),
    "demo": ("console.cli.demo", "Open the console on an embedded fleet where things break."),
    "doctor": ("console.cli.doctor", "Try every source, secret and tool; say what to do."),
    "fleet": ("console.cli.fleet", "Services and their states."),
    "handover": ("console.cli.handover", "What the next shift takes over, as Markdown."),
    "history": ("console.cli.history", "What is remembered; check, compact, export, import."),
    "incident": ("console.cli.incident", "Incidents: open, tell, close, export."),
    "init": ("console.cli.settings", "Write a settings folder to start from."),
    "inspection": ("console.cli.inspection", "The daily inspection: show it, tick its items."),
    "journal": ("console.cli.journal", "How the journal stands; search, sync, verify."),
    "record": ("console.cli.record", "Remember the seven days with no screen."),
    "report": ("console.cli.report", "Reports: a day, seven days, the key figures."),
    "runbook": ("console.cli.runbook", "Runbooks: list, show, lint, run, runs, new."),
    "schema": ("console.cli.settings", "Print the JSON Schema of the settings, for editors."),
    "sources": ("console.cli.sources", "Every source, its age and its error."),
    "status": ("console.cli.status", "One screen of text; the exit code tells the rest."),
}
"""Command to the module that holds it under its own name, and its one-line help."""


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@source_options
@look_options
@click.version_option(__version__, "--version", message="oncall %(version)s")
@click.pass_context
def oncall(ctx: click.Context, chosen: Chosen) -> None:
    """A terminal console for the engineer who holds the pager.

    Without a command it opens the console: on the settings that it finds, on
    --prometheus URL with no settings at all, or with a welcome that says how to begin.
    """
    ctx.obj = chosen
    if ctx.invoked_subcommand is None:
        from console.cli.open import open_console

        sys.exit(open_console(chosen))


def main() -> None:
    """The entry point of the `oncall` command."""
    # What is registered first runs last: something may be written on the way out.
    atexit.register(_let_go_of_output)
    try:
        code = oncall.main(prog_name="oncall", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        # Ended by the person's own ctrl+c, who needs no traceback to know it.
        sys.exit(EXIT_INTERRUPTED)
    except OutputError as error:
        narrate(f"standard output cannot be written: {error}")
        sys.exit(EXIT_FAILED)
    except Exception:
        # Python would end with 1, which of `oncall status` says that something fires.
        traceback.print_exc()
        sys.exit(EXIT_FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _let_go_of_output() -> None:
    """Write what is left; where the terminal has gone Python would end with 120 for it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            setattr(sys, name, None)
