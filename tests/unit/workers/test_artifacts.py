"""The artifact store: what it shows is whole, what is cut short is swept, nothing leads out of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.domain.errors import ArtifactError
from workers.artifacts.artifact import Artifact, ArtifactLabel
from workers.artifacts.artifact_writer import ArtifactTooLarge
from workers.artifacts.local_store import LocalStore

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
LABEL = ArtifactLabel("job-1", 2, "a.csv", "text/csv")


def store(folder: Path, *, max_bytes: int = 0) -> LocalStore:
    return LocalStore(
        folder / "artifacts", retention=timedelta(days=30), max_bytes=max_bytes, now=lambda: NOW
    )


def written(kept: LocalStore, content: bytes = b"hello", label: ArtifactLabel = LABEL) -> Artifact:
    with kept.create(label) as file:
        file.write(content)
    return file.artifact


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "artifacts").iterdir())


def test_what_was_written_is_found_with_all_that_is_known(tmp_path: Path) -> None:
    kept = store(tmp_path)

    artifact = written(kept)

    assert kept.find(artifact.id) == artifact
    assert artifact.job_id == "job-1"
    assert artifact.attempt == 2
    assert artifact.size_bytes == 5
    assert artifact.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert artifact.expires_at == NOW + timedelta(days=30)
    with kept.open(artifact.id) as file:
        assert file.read() == b"hello"
    assert list(kept.all()) == [artifact]


def test_its_result_survives_json(tmp_path: Path) -> None:
    artifact = written(store(tmp_path))

    assert Artifact.from_json(json.loads(json.dumps(artifact.to_json()))) == artifact


def test_only_its_owner_can_read(tmp_path: Path) -> None:
    written(store(tmp_path))

    folder = tmp_path / "artifacts"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_file_that_was_cut_short_does_not_appear(tmp_path: Path) -> None:
    kept = store(tmp_path)

    with pytest.raises(RuntimeError), kept.create(LABEL) as file:  # noqa: PT012 - the block is it
        file.write(b"half")
        assert list(kept.all()) == []
        raise RuntimeError

    assert names(tmp_path) == []


def test_a_file_is_not_there_before_its_block_ends(tmp_path: Path) -> None:
    with store(tmp_path).create(LABEL) as file, pytest.raises(ArtifactError, match="not whole"):
        file.artifact  # noqa: B018 - asking is the point


def test_a_job_may_say_how_long_its_file_is_kept(tmp_path: Path) -> None:
    label = ArtifactLabel("job-1", 1, "a", "text/plain", retention_days=0.5)

    artifact = written(store(tmp_path), label=label)

    assert artifact.expires_at == NOW + timedelta(hours=12)
    assert not artifact.is_expired(NOW)
    assert artifact.is_expired(NOW + timedelta(hours=12))


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactTooLarge, match=r"over 4 bytes.*artifacts\.max_mb"):
        written(store(tmp_path, max_bytes=4))

    assert names(tmp_path) == []


def test_a_deleted_file_is_gone_and_may_be_deleted_again(tmp_path: Path) -> None:
    kept = store(tmp_path)
    artifact = written(kept)

    kept.delete(artifact.id)
    kept.delete(artifact.id)

    assert names(tmp_path) == []
    with pytest.raises(ArtifactError, match="it may have expired"):
        kept.find(artifact.id)


def test_only_what_crashes_left_is_swept_and_only_when_it_is_old(tmp_path: Path) -> None:
    kept = store(tmp_path)
    artifact = written(kept)
    folder = tmp_path / "artifacts"
    for left in (".a.part", ".a.json.part", "b.data"):
        (folder / left).write_bytes(b"x")
    (folder / "somebody's notes").write_bytes(b"x")
    (folder / ".young.part").write_bytes(b"x")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for path in folder.iterdir():
        if path.name != ".young.part":
            os.utime(path, (0, 0))

    assert kept.sweep(an_hour_ago, dry_run=True) == 3
    assert kept.sweep(an_hour_ago) == 3
    assert names(tmp_path) == sorted(
        [f"{artifact.id}.data", f"{artifact.id}.json", ".young.part", "somebody's notes"]
    )


def test_a_damaged_file_is_not_handed_out(tmp_path: Path) -> None:
    kept = store(tmp_path)
    artifact = written(kept)
    (tmp_path / "artifacts" / f"{artifact.id}.data").write_bytes(b"other length")

    with pytest.raises(ArtifactError, match="is damaged"):
        kept.open(artifact.id)


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"id": 1}', "null"])
def test_a_damaged_record_is_an_error_and_hides_no_other_file(tmp_path: Path, record: str) -> None:
    kept = store(tmp_path)
    artifact = written(kept)
    (tmp_path / "artifacts" / "broken.json").write_text(record)

    with pytest.raises(ArtifactError, match="record of artifact 'broken'"):
        kept.find("broken")
    assert list(kept.all()) == [artifact]


IDS = [
    "", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\x00b", "a.b", "a b", "ä", "x" * 65, "a\n", "~",
    ".part", "*", "%2e%2e", "a;b", "CON.", "\u2025",
]  # fmt: skip


@pytest.mark.parametrize("artifact_id", IDS, ids=ascii)
def test_an_id_that_is_none_reaches_no_file(tmp_path: Path, artifact_id: str) -> None:
    kept = store(tmp_path)
    written(kept)

    for deed in (kept.find, kept.open, kept.delete):
        with pytest.raises(ArtifactError, match="an artifact id has"):
            deed(artifact_id)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    kept = store(tmp_path)
    artifact = written(kept)
    (tmp_path / "secret").write_bytes(b"12345")
    data = tmp_path / "artifacts" / f"{artifact.id}.data"
    data.unlink()
    data.symlink_to(tmp_path / "secret")

    with pytest.raises(ArtifactError, match="cannot be opened"):
        kept.open(artifact.id)


def test_threads_write_at_once(tmp_path: Path) -> None:
    kept = store(tmp_path)

    def write(number: int) -> None:
        written(kept, bytes([number]) * 1000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len({artifact.sha256 for artifact in kept.all()}) == 16


def test_a_folder_that_was_cleared_away_is_made_again(tmp_path: Path) -> None:
    kept = store(tmp_path)
    written(kept)
    shutil.rmtree(tmp_path / "artifacts")

    artifact = written(kept)

    assert list(kept.all()) == [artifact]
    assert names(tmp_path) == [f"{artifact.id}.data", f"{artifact.id}.json"]


def test_a_folder_that_took_the_place_of_the_one_before_is_used(tmp_path: Path) -> None:
    kept, other = store(tmp_path), store(tmp_path / "other")
    before, elsewhere = written(kept), written(other)
    (tmp_path / "artifacts").rename(tmp_path / "below")
    (tmp_path / "other" / "artifacts").rename(tmp_path / "artifacts")

    after = written(kept)

    assert {artifact.id for artifact in kept.all()} == {elsewhere.id, after.id}
    with pytest.raises(ArtifactError, match="there is no artifact"):
        kept.open(before.id)
