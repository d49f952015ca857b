"""The commands of `vanthu`, each imported when it is chosen."""

from __future__ import annotations

import sys

OK, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


class Misused(Exception):  # noqa: N818  it states a fact
    """The command or a setting cannot be meant as it was given."""


def say(line: str = "") -> None:
    """One line for the person at the screen."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()  # `serve` runs for weeks, and its address is wanted now, in a log file too
