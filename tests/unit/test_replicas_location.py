"""Where a copy may be kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from standfast.errors.replicas import RefusedLocationError, ReplicaUnreachableError
from standfast.errors.vault import NewerFormatError
from standfast.replicas.location import prepare_location


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "home/vault/holdings").mkdir(parents=True)
    return tmp_path / "home/vault"


def test_a_new_folder_is_made(tmp_path: Path, vault: Path) -> None:
    prepared = prepare_location(tmp_path / "stick", vault)
    assert prepared.folder == tmp_path / "stick"
    assert prepared.folder.is_dir()
    assert prepared.same_disk
    assert not prepared.holds_copy


@pytest.mark.parametrize("place", ["home/vault", "home/vault/copy", "home/vault/holdings", "home", "."])
def test_inside_or_around_the_vault(tmp_path: Path, vault: Path, place: str) -> None:
    with pytest.raises(RefusedLocationError, match=r"inside"):
        prepare_location(tmp_path / place, vault)
    assert not (vault / "copy").exists()


def test_a_link_into_the_vault(tmp_path: Path, vault: Path) -> None:
    (tmp_path / "link").symlink_to(vault)
    with pytest.raises(RefusedLocationError, match="inside"):
        prepare_location(tmp_path / "link/copy", vault)


def test_a_disk_that_is_not_plugged_in(tmp_path: Path, vault: Path) -> None:
    with pytest.raises(ReplicaUnreachableError):
        prepare_location(tmp_path / "media/stick/copy", vault)
    assert not (tmp_path / "media").exists()


def test_a_folder_with_other_things(tmp_path: Path, vault: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.odt").write_bytes(b"example")
    with pytest.raises(RefusedLocationError, match="other things"):
        prepare_location(tmp_path / "full", vault)


def test_a_file(tmp_path: Path, vault: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RefusedLocationError, match="not a folder"):
        prepare_location(tmp_path / "file", vault)


def test_a_copy_that_was_begun_is_taken_up(tmp_path: Path, vault: Path) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    (place / "FORMAT.unfinished").write_bytes(b"stand")
    assert not prepare_location(place, vault).holds_copy
    (place / "FORMAT").write_bytes(b"standfast vault 1\n")
    assert prepare_location(place, vault).holds_copy
    (place / "FORMAT").write_bytes(b"standfast vault 2\n")
    with pytest.raises(NewerFormatError):
        prepare_location(place, vault)
    (place / "FORMAT").write_bytes(b"something else\n")
    with pytest.raises(RefusedLocationError):
        prepare_location(place, vault)
