"""docs/configuration.md, made from the settings class."""

from __future__ import annotations

from itertools import groupby

from backend.api.config.settings import Settings
from backend.cli.reference.setting_rows import SettingRow, setting_rows

_HEAD = """# Configuration

<!-- Made by `tally config reference > docs/configuration.md`. Edit the settings classes, not this page. -->

A setting is looked for in the environment, then in one file, then at its default. The file is the one
that `TALLY_CONFIG` names, else what is in the working folder or the nearest folder above it, up to the
root of the repository:

| file | with | `worker.lease` in it |
|---|---|---|
| `tally.toml` | the settings | `lease = 90` below `[worker]` |
| `pyproject.toml` | the settings in its table `[tool.tally]` | `lease = 90` below `[tool.tally.worker]` |
| `config/queue-config.yaml` | the settings | `lease:` below `worker:` |

They are the same names in three forms. Two files in one folder are an error that names both. Packages
under `job_packages` are found beside the file, wherever a process is started. Processes say at their start
which file they read (`settings.read`).

Stores that nobody names are those of the `tally dev` that runs in the project, if one does and `TALLY_ENV`
is not `production`.

In the environment `worker.lease` is `TALLY_WORKER__LEASE`. Lists and mappings are JSON there
(`TALLY_WORKER__WEIGHTS='{"high": 7, "normal": 2, "low": 1}'`); lists of words may have commas between. A
name that does not exist is refused, with the nearest one that does, and so is a wrong value; the error says
which variable it was, or which line of which file.

- `tally config show` prints what holds now, secrets masked, and where each value came from.
- `tally config check` says whether the settings can be used.
- `tally doctor` says whether they fit the servers.

Durations are seconds.
"""


def configuration_page() -> str:
    """The whole page."""
    sections = [_HEAD, "\n## General\n"]
    rows = sorted(setting_rows(), key=_group)
    order = ["", *Settings.model_fields]
    groups = {name: list(found) for name, found in groupby(rows, key=_group)}
    for name in sorted(groups, key=order.index):
        if name:
            meaning = (Settings.model_fields[name].annotation.__doc__ or "").partition("\n")[0]
            sections.append(f"\n## {name}\n\n{meaning}\n")
        sections.append(_table(groups[name]))
    return "".join(sections)


def _group(row: SettingRow) -> str:
    return row.name.partition(".")[0] if "." in row.name else ""


def _table(rows: list[SettingRow]) -> str:
    lines = ["\n| setting | variable | kind | default | meaning |\n|---|---|---|---|---|\n"]
    for row in rows:
        variables = ", ".join(f"`{name}`" for name in row.variables)
        default = f"`{row.default}`" if row.default else ""
        cells = (f"`{row.name}`", variables, row.kind, default, row.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join(lines)
