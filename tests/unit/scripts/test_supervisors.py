"""What scripts/_supervisors.sh tells of a process, as stop-workers.sh asks it."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SOURCED = Path(__file__).parents[3] / "scripts/_supervisors.sh"


def _run(script: str) -> str:
    told = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", f'. "{_SOURCED}"\n{script}'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stderr == ""
    return told.stdout


def test_a_process_is_still_there_until_it_is_gone() -> None:
    told = _run("""
        sleep 1000 & pid=$!
        command="$(command_of $pid)"
        is_still $pid "$command" && echo there
        is_still $pid "another command" || echo another
        { kill $pid; wait $pid; } 2> /dev/null || true
        is_still $pid "$command" || echo gone
    """)

    assert told == "there\nanother\ngone\n"


def test_one_that_has_lost_its_command_and_not_yet_its_files_is_still_there() -> None:
    """The system takes a process's memory, with its command, before it closes its files and locks."""
    told = _run("""
        sleep 1000 & pid=$!
        command="$(command_of $pid)"
        command_of() { :; }
        is_still $pid "$command" && echo there
        { kill $pid; wait $pid; } 2> /dev/null || true
        is_still $pid "$command" || echo gone
    """)

    assert told == "there\ngone\n"


def test_one_that_waits_for_its_parent_alone_is_gone() -> None:
    told = _run("""
        folder="$(mktemp -d)" && mkfifo "$folder/end"
        # Its parent never asks for it: what a shell becomes knows nothing of its children.
        bash -c "cat $folder/end & echo \\$! > $folder/pid; exec sleep 1000" > /dev/null & parent=$!
        until [ -s "$folder/pid" ]; do :; done
        pid="$(cat "$folder/pid")" command="$(command_of "$pid")"
        echo > "$folder/end"
        while is_still "$pid" "$command"; do :; done
        sed 's/.*) //' "/proc/$pid/stat" | cut -c1
        kill $parent; rm -r "$folder"
    """)

    assert told == "Z\n"
