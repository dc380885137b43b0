"""Words that are given to scripts: none is dropped, and files are where the caller is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_SHOW = """
. "$0/scripts/_environment.sh"
words_from_here "$@"
printf '%s\\n' "$PWD" "$STATE" ${WORDS[@]+"${WORDS[@]}"}
"""


def _seen(folder: Path, *words: str, **variables: str) -> list[str]:
    shown = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", _SHOW, str(ROOT), *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.splitlines()


def test_scripts_work_in_the_checkout_on_a_state_of_its_own(tmp_path: Path) -> None:
    assert _seen(tmp_path, "--payload", "@") == [str(ROOT), str(ROOT / ".tally")]


def test_a_state_folder_that_is_named_is_the_callers(tmp_path: Path) -> None:
    assert _seen(tmp_path, "--x", "", TALLY_STATE_DIR="mine")[1] == str(tmp_path / "mine")
    assert _seen(tmp_path, "--x", "", TALLY_STATE_DIR="/var/mine")[1] == "/var/mine"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (["--payload", "@right.json"], ["--payload", "@{here}/right.json"]),
        (["--payload=@a b.json"], ["--payload=@{here}/a b.json"]),
        (["--payload", "@/tmp/right.json"], ["--payload", "@/tmp/right.json"]),
        (["--payload", "@-", "id"], ["--payload", "@-", "id"]),
        (["--payload", "-"], ["--payload", "-"]),
        (["--payload", '{"a": 1}'], ["--payload", '{"a": 1}']),
        (["--reason", "@ada asked", "*"], ["--reason", "@ada asked", "*"]),
        (["--payload", ""], ["--payload", ""]),
        (["--payload"], ["--payload"]),
    ],
)
def test_files_that_are_named_are_the_callers(
    tmp_path: Path, given: list[str], seen: list[str]
) -> None:
    wanted = [word.replace("{here}", str(tmp_path)) for word in seen]

    assert _seen(tmp_path, "--payload", "@", *given)[2:] == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("release.sh", "9.9.9", "--dry-run"), "there is nothing to say beside the version"),
        (("test-last-release.sh", "v0.2.0", "-k", "some"), "and nothing else"),
        (("build-store.sh", "valkey", "9.0.0"), "build-store.sh valkey 9.0.0 ~/store"),
        (("build-store.sh", "valkey", "9.0.0", "here", "more"), "build-store.sh valkey"),
    ],
)
def test_words_that_a_script_does_not_know_are_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    refused = subprocess.run(
        [ROOT / "scripts" / words[0], *words[1:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 2
    assert said in refused.stderr
