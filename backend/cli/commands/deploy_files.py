"""``tally deploy-files``: what a deployment copies, out of the installed package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from backend.cli.input.given_text import GivenPath
from backend.cli.output.done_so_far import note_done
from backend.cli.output.folder_to_write import writing_into
from backend.cli.output.printing import tell
from backend.cli.output.whole_file import replacing
from backend.domain.errors import InvalidOption
from backend.shipped import shipped

#: Where it is among the shipped files: its place in the folder that is written.
_PLACES = {
    "deploy": ".",
    "config/prometheus": "prometheus",
    "config/grafana": "grafana",
    "config/redis.conf": "redis/redis.conf",
    "config/redis-acl.conf": "redis/redis-acl.conf",
}
#: What builds an image out of a checkout is of no use without one.
_OF_A_CHECKOUT = {"Dockerfile", "compose.yaml"}


@click.command("deploy-files")
@click.argument("folder", type=GivenPath(path_type=Path, file_okay=False))
@click.option("--force", is_flag=True, help="Write over files that are there and differ.")
def deploy_files(folder: Path, force: bool) -> None:
    """Writes what a deployment is made of to FOLDER: units for systemd, Redis' configuration and accounts,
    Prometheus' configuration and alert rules, the Grafana dashboard, examples for proxies.

    \b
    Example:
      tally deploy-files /tmp/tally && ls /tmp/tally
    """
    files = dict(_files())
    with writing_into(folder, "name a folder that is yours to write, with room in it"):
        _write(files, folder, force=force)
    note_done(f"the files are written to {folder}")
    for name in files:
        tell(str(folder / name))


def _write(files: dict[str, Path], folder: Path, *, force: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    differing = [
        name for name, source in files.items() if _differs(folder / name, source.read_bytes())
    ]
    if differing and not force:
        raise InvalidOption(
            f"{', '.join(differing)} in {folder} differ from this release's; compare them, or say --force"
        )
    for name, source in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            part.write_bytes(source.read_bytes())


def _files() -> Iterator[tuple[str, Path]]:
    for source, place in _PLACES.items():
        root = shipped(source)
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if file.is_file() and file.name not in _OF_A_CHECKOUT:
                yield str(Path(place) / file.relative_to(root)), file


def _differs(target: Path, text: bytes) -> bool:
    return target.exists() and target.read_bytes() != text
