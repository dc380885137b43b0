"""``tally completion``: lets a shell complete our words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Prints the completion script of a shell.

    \b
    Examples:
      tally completion bash > ~/.local/share/bash-completion/completions/tally
      tally completion zsh > "${fpath[1]}/_tally"
      tally completion fish > ~/.config/fish/completions/tally.fish
    """
    from backend.cli.main import tally

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(kind(tally, {}, "tally", "_TALLY_COMPLETE").source())
