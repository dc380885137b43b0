"""Folders that are made whole or not at all."""

from __future__ import annotations

import pytest

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.template import copy_template, make_whole, template_in


def test_a_template_is_made_once(tmp_path):
    made = []

    def make(folder, lock):
        made.append(folder)
        folder.mkdir()

    templates = [template_in(tmp_path / "cache", "key", make=make) for _ in range(2)]

    assert templates == [tmp_path / "cache" / "key"] * 2
    assert len(made) == 1


def test_a_folder_whose_making_failed_is_made_anew(tmp_path):
    def fail(folder):
        folder.mkdir()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_whole(tmp_path / "data", make=fail)
    assert not (tmp_path / "data").exists()

    make_whole(tmp_path / "data", make=lambda folder: folder.mkdir())

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_copy_keeps_the_modes(tmp_path):
    (tmp_path / "template").mkdir(mode=0o700)

    copy_template(tmp_path / "template", tmp_path / "copy")

    assert (tmp_path / "copy").stat().st_mode == (tmp_path / "template").stat().st_mode


def test_a_template_that_cannot_be_copied_is_an_error(tmp_path):
    with pytest.raises(EmbeddedServerError, match="cannot be copied"):
        copy_template(tmp_path / "nothing", tmp_path / "copy")
