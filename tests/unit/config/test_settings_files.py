"""Settings are found in one file, in one of three forms, and a wrong line of it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend.api.config import settings_file
from backend.api.config.settings import load_settings
from backend.api.config.settings_file import find_file
from backend.domain.errors import ConfigurationError

YAML, OWN, SHARED = "config/queue-config.yaml", "tally.toml", "pyproject.toml"
FORMS = [YAML, OWN, SHARED]
_HEADS = {YAML: "", OWN: "", SHARED: "[tool.tally]\n"}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to start in, nothing shipped beside us, and an environment without settings."""
    import os

    for name in list(os.environ):
        if name.startswith(("TALLY_", "REDIS_", "DATABASE_", "JOB_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(settings_file, "_CHECKOUT", tmp_path / "nowhere")
    return folder


def _write(folder: Path, form: str, **settings: Any) -> Path:
    """Top-level settings, which JSON writes as YAML and, with another sign between, as TOML."""
    sign = ":" if form == YAML else " ="
    lines = [f"{name}{sign} {json.dumps(value)}\n" for name, value in settings.items()]
    return _text(folder, form, "".join(lines))


def _text(folder: Path, form: str, text: str) -> Path:
    file = folder / form
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_HEADS[form] + text)
    return file


def _refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_holds_settings(project: Path, form: str) -> None:
    _write(project, form, max_payload_bytes=777)

    assert load_settings().max_payload_bytes == 777


@pytest.mark.parametrize("form", FORMS)
def test_an_argument_goes_before_the_environment_and_that_before_the_file(
    project: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project, form, max_payload_bytes=777, max_result_bytes=777, job_packages=["a"])
    monkeypatch.setenv("TALLY_MAX_RESULT_BYTES", "888")
    monkeypatch.setenv("TALLY_JOB_PACKAGES", "b")

    settings = load_settings(job_packages=["c"])

    assert settings.max_payload_bytes == 777
    assert settings.max_result_bytes == 888
    assert settings.job_packages == ("c",)
    assert settings.redis_url == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize("form", FORMS)
def test_one_name_of_a_group_may_come_from_the_environment_and_the_others_from_the_file(
    project: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {YAML: "worker: {grace: 7, concurrency: 3}", OWN: "[worker]", SHARED: ""}
    text = tables[form] or "[tool.tally.worker]"
    _text(project, form, text if form == YAML else f"{text}\ngrace = 7\nconcurrency = 3\n")
    monkeypatch.setenv("TALLY_WORKER__CONCURRENCY", "4")

    worker = load_settings().worker

    assert (worker.grace, worker.concurrency) == (7, 4)


@pytest.mark.parametrize("form", FORMS)
def test_stores_are_named_as_in_the_environment(project: Path, form: str) -> None:
    _write(project, form, redis_url="redis://file/3", database_url="postgresql://file/jobs")

    settings = load_settings()

    assert settings.redis_url == "redis://file/3"
    assert settings.database_url == "postgresql+psycopg2://file/jobs"


@pytest.mark.parametrize("form", FORMS)
def test_settings_are_found_from_below(
    project: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _write(project, form, max_payload_bytes=777)
    below = project / "shop" / "api"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    found = find_file({})

    assert found is not None
    assert found.path == file
    assert found.project == project
    assert load_settings().max_payload_bytes == 777


def test_the_nearest_file_counts_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(project, OWN, max_payload_bytes=777, max_result_bytes=888)
    _write(project / "shop", SHARED, max_payload_bytes=555)
    monkeypatch.chdir(project / "shop")

    settings = load_settings()

    assert settings.max_payload_bytes == 555
    assert settings.max_result_bytes == 1024**2


def test_nothing_is_looked_for_above_a_repository(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project, OWN, max_payload_bytes=777)
    (project / "shop" / ".git").mkdir(parents=True)
    monkeypatch.chdir(project / "shop")

    assert find_file({}) is None


def test_a_folder_above_in_which_anybody_may_write_says_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project, OWN, max_payload_bytes=777)
    project.chmod(0o1777)
    (project / "shop").mkdir()
    monkeypatch.chdir(project / "shop")

    assert find_file({}) is None


@pytest.mark.parametrize(("one", "other"), [(OWN, YAML), (OWN, SHARED), (YAML, SHARED)])
def test_of_two_files_in_a_folder_both_are_named(project: Path, one: str, other: str) -> None:
    _write(project, one, max_payload_bytes=777)
    _write(project, other, max_payload_bytes=777)

    assert _refusal() == (
        f"settings are both in {one} and in {other}: keep one, or say which in TALLY_CONFIG"
    )


def test_a_file_that_is_named_is_read_whatever_lies_about(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project, OWN, max_payload_bytes=777)
    _write(project, YAML, max_payload_bytes=777)
    monkeypatch.setenv("TALLY_CONFIG", str(_write(tmp_path / "etc", SHARED, max_payload_bytes=5)))

    assert load_settings().max_payload_bytes == 5


def test_a_pyproject_without_our_table_holds_no_settings(project: Path) -> None:
    (project / SHARED).write_text('[project]\ndependencies = ["tally-queue"]\n')

    assert find_file({}) is None


@pytest.mark.parametrize(
    ("form", "text", "line"),
    [
        (YAML, "redis_url: redis://h\n\nworker:\n  # slots\n  concurency: 3\n", 5),
        (OWN, 'redis_url = "redis://h"\n\n[worker]\n# slots\nconcurency = 3\n', 5),
        (SHARED, "[tool.tally.worker]\nconcurency = 3\n", 3),
        (OWN, "worker.concurency = 3\n", 1),
        (OWN, "worker = {grace = 7, concurency = 3}\n", 1),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_its_line(
    project: Path, form: str, text: str, line: int
) -> None:
    _text(project, form, text)

    assert _refusal() == (
        f"{form}, line {line}: there is no setting 'worker.concurency', did you mean 'concurrency'?"
    )


@pytest.mark.parametrize(
    ("form", "text", "line"),
    [
        (YAML, "job_packages:\n  - a\nmax_payload_bytes: 0\n", 3),
        (OWN, 'job_packages = [\n  "a",\n]\nmax_payload_bytes = 0\n', 4),
        (SHARED, '[tool.tally.retry]\n[project]\nname = "max_payload_bytes"\n', None),
    ],
)
def test_a_wrong_value_is_told_with_its_line(
    project: Path, form: str, text: str, line: int | None
) -> None:
    if line is None:
        (project / form).write_text(text + "[tool.tally]\nmax_payload_bytes = 0\n")
    else:
        _text(project, form, text)

    assert _refusal() == (
        f"{form}, line {line or 5}: setting 'max_payload_bytes': Input should be greater than or equal to 1"
    )


def test_a_wrong_value_of_several_lines_is_told_with_its_first(project: Path) -> None:
    _text(project, OWN, "# delays\n\nretry.delays = [\n  1,\n  -1,\n]\n")

    assert _refusal().startswith("tally.toml, line 3: setting 'retry.delays")


def test_of_a_variable_that_is_wrong_its_name_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project, OWN, max_payload_bytes=777)
    monkeypatch.setenv("TALLY_MAX_PAYLOAD_BYTES", "0")

    assert _refusal().startswith("TALLY_MAX_PAYLOAD_BYTES: setting 'max_payload_bytes': Input")


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        (YAML, "worker: [\n", "config/queue-config.yaml cannot be read: while parsing"),
        (OWN, "worker = [\n", "tally.toml cannot be read: Invalid value (at end of"),
        (OWN, "a = 1\na = 2\n", "tally.toml cannot be read: Cannot overwrite a value (at line 2"),
        (
            YAML,
            "a: 1\na: 2\n",
            "queue-config.yaml cannot be read: 'a' is given twice\n  in \"<unicode string>\", line 2",
        ),
        (YAML, "on: true\n", "queue-config.yaml cannot be read: a name must be text, in quotes"),
        (YAML, "a: 1\n123: x\n", 'as on or 123\n  in "<unicode string>", line 2'),
        (YAML, "? [a, b]\n: c\n", "queue-config.yaml cannot be read: a name must be text"),
        (YAML, "worker:\n  ? [a, b]\n  : c\n", "a name cannot be a list or a mapping\n"),
        (SHARED, "=\n", "pyproject.toml cannot be read: Invalid"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_line(
    project: Path, form: str, text: str, said: str
) -> None:
    _text(project, form, text)

    assert said in _refusal()


def test_names_below_the_first_may_be_numbers(project: Path) -> None:
    _text(
        project, YAML, "schedules:\n  s: {job_type: t, cron: '0 0 * * *', payload: {a: {1: x}}}\n"
    )

    assert load_settings().schedules["s"].payload == {"a": {1: "x"}}


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_before_the_first_line_is_passed_over(project: Path, form: str) -> None:
    file = _write(project, form, max_payload_bytes=777)
    file.write_text("\ufeff" + file.read_text())

    assert load_settings().max_payload_bytes == 777

    file.write_text(file.read_text().replace("777", "0"))
    assert "max_payload_bytes': Input should be" in _refusal()


def test_what_is_no_table_is_refused(project: Path) -> None:
    (project / SHARED).write_text("[tool]\ntally = 3\n")

    assert _refusal().endswith("pyproject.toml: tool.tally must be a table of names and values")
