"""Asks before something is lost."""

from __future__ import annotations

import sys

import click


def confirm(question: str, *, yes: bool) -> None:
    """Returns when the person agrees or said ``--yes``; ends the command otherwise.

    Without a terminal nobody can agree: then ``--yes`` is needed, and its lack is a usage error.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody is there to be asked: add --yes.")
    if not click.confirm(question, err=True):
        raise click.Abort
