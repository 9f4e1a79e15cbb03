"""An option that takes all the words that follow it: ``--dem A B C``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

__all__ = ["SpreadCommand", "spread"]

_LOOSE = {"--pan", "--ms"}
"""Where one of these stands, the command needs no argument."""


class SpreadCommand(click.Command):
    """A command whose option ``--dem`` may be given once with several files."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write ``--dem A B`` as ``--dem A --dem B`` before click reads the words."""
        arity = {
            name: 0 if option.is_flag else option.nargs
            for option in self.params
            if isinstance(option, click.Option)
            for name in option.opts
        }
        return super().parse_args(ctx, spread(args, "--dem", arity))


def spread(words: Sequence[str], option: str, arity: Mapping[str, int]) -> list[str]:
    """Repeat `option` before every word of the run that follows it.

    Where that leaves the command without its argument (``--dem A B BUNDLE``, and no loose files are
    named), the last word of the last run with more than one is the argument.

    Args:
        words: The command line after the command's name.
        option: The option that takes runs.
        arity: How many words each option takes.
    """
    before, runs, after = _parted(list(words), option, arity)
    arguments = [word for word, free in before + after if free]
    if not arguments and not _LOOSE & set(words) and runs and len(runs[-1]) > 1:
        after = [*after, (runs[-1].pop(), True)]
    spreaded = [part for run in runs for word in run for part in (option, word)]
    return [*(word for word, _ in before), *spreaded, *(word for word, _ in after)]


Parts = list[tuple[str, bool]]
"""Words, each with whether it is an argument of the command."""


def _parted(
    words: list[str], option: str, arity: Mapping[str, int]
) -> tuple[Parts, list[list[str]], Parts]:
    """Words before the first run, the runs, and all other words."""
    before: Parts = []
    after: Parts = []
    runs: list[list[str]] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        run = _run(words, place) if word == option else []
        if run:
            runs.append(run)
            place += len(run)
            continue
        taken = words[place : place + arity.get(word, 0)]
        place += len(taken)
        kept = after if runs else before
        kept.append((word, not word.startswith("-")))
        kept.extend((value, False) for value in taken)
    return before, runs, after


def _run(words: list[str], start: int) -> list[str]:
    run: list[str] = []
    for word in words[start:]:
        if word.startswith("-"):
            break
        run.append(word)
    return run
