"""``tally completion``: lets a shell complete our words."""

from __future__ import annotations

from typing import ClassVar

import click
from click.shell_completion import BashComplete, ShellComplete, get_completion_class

_BASH = r"""
%(complete_func)s() {
    local line=${COMP_LINE:0:COMP_POINT} begun type value
    # bash parts words at colons, which our names have (low:email): we are given the line, and of what we
    # answer bash wants what stands behind the last colon that was typed.
    begun=${line##*[[:space:]=]}
    [[ $begun == *:* && $COMP_WORDBREAKS == *:* ]] && begun=${begun%%"${begun##*:}"} || begun=
    [[ $line == *[[:space:]] ]] && line+="''"
    while IFS=',' read -r type value; do
        if [[ $type == dir ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == file ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == plain ]]; then
            COMPREPLY+=("${value#"$begun"}")
        fi
    done < <(env COMP_WORDS="$line" COMP_CWORD=-1 %(complete_var)s=bash_complete "$1")
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    source_template: ClassVar[str] = _BASH.lstrip()


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

    kind: type[ShellComplete] | None = _Bash if shell == "bash" else get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(kind(tally, {}, "tally", "_TALLY_COMPLETE").source())
