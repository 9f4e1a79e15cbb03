"""The group of commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module

import click

from satdesk._version import __version__
from satdesk.cli.failure import report_failure
from satdesk.cli.streams import flush_answer
from satdesk.errors import UsageError, exit_code

__all__ = ["COMMANDS", "Commands", "app", "run"]

COMMANDS = {
    "report": "Tell what the scenes of a recipe cover of its district.",
    "issue": "Turn scenes and a recipe into a release.",
    "review": "Say that a draft was reviewed, signed by a key.",
    "sign-off": "Sign a draft off; two different keys must before it is issued.",
    "statements": "Answer statements about the district, blind to other readers' answers.",
    "correct": "Say that a later revision takes the place of an issued release.",
    "withdraw": "Withdraw an issued release, with a kill notice.",
    "status": "Say what holds of a release now.",
    "log": "List the desk's log and check its chain.",
    "verify": "Say who released a release or a file, and whether it is unchanged.",
    "reproduce": "Make a release again from its public recipe, and compare.",
    "keys": "Make keys to sign with, for tests and closed circles.",
    "inspect": "Say what a delivery is: every fact, and what is wrong with it.",
    "locate": "Tell where on the ground a pixel is.",
    "project": "Tell in which pixel a place on the ground is.",
    "refine": "Correct a scene's models by ground control points or a reference image.",
    "adjust": "Lay overlapping scenes on each other by what they show together.",
    "ortho": "Orthorectify one scene, without a release.",
    "area": "Measure how many hectares changed between two pictures.",
    "mask": "Tell what hides the ground of one scene: cloud, shadow, snow, saturation.",
    "catalogue": "Add releases to a catalogue that pictures can be identified by.",
    "identify": "Tell from which release a picture comes, and which part of it that is.",
    "places": "Find districts and sites by any of their names.",
    "simulate": "Make a SIMULATED bundle whose truth is known.",
}
"""Every command with its one-line help; its module is loaded when it is called."""


class Commands(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command `cmd_name`, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"satdesk.cli.{cmd_name.replace('-', '_')}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an interrupt is told by us alone, where click would print a line too."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise click.Abort from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` begin with; an unknown one is told with its neighbours."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS, n=1)
            raise UsageError(
                f"there is no command {args[0]!r}",
                remedy=f"did you mean {near[0]}?" if near else "see satdesk --help",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="satdesk")
def app() -> None:
    """The satellite image desk: scenes go in, issued images of a named district come out.

    Exit codes: 0 done; 2 wrong usage; 3 input missing, unreadable, broken or undeclared; 4 a
    measured value breaks a limit (--accept RULE=REASON); 5 verification failed; 6 the machine
    failed; 1 is a bug of ours; 130 interrupted, 143 or 129 ended by SIGTERM or SIGHUP.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; nothing escapes but a bug of ours."""
    try:
        result = app.main(args=list(arguments), prog_name="satdesk", standalone_mode=False)
        flush_answer()
    except click.exceptions.NoArgsIsHelpError as nothing:
        click.echo(nothing.format_message(), err=True)
        return exit_code(UsageError("no command"))
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit:
        # so click ends where the reader of our output has gone, as in `satdesk inspect X | head`
        return 0
    except BaseException as error:  # noqa: BLE001 - the one border where errors become exit codes
        return _failed(error, as_json="--json" in arguments)
    return result if isinstance(result, int) else 0


def _failed(error: BaseException, *, as_json: bool) -> int:
    code = report_failure(error, as_json=as_json)
    with suppress(OSError):  # stderr has said it
        flush_answer()
    return code
