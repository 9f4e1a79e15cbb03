"""Benchmarks use scenes again only where they would come out the same."""

import pytest
from kept_scenes import kept


@pytest.fixture
def made():
    """Folders that were made, and how."""
    folders = []

    def _make(home):
        home.mkdir()
        (home / "scene").write_text("a scene", encoding="ascii")
        folders.append(home)

    return folders, _make


def test_what_is_there_is_used_again(tmp_path, made):
    folders, make = made
    for _ in range(2):
        assert kept(tmp_path / "deep" / "j1", ("--seed", 1), make) == tmp_path / "deep" / "j1"
    assert len(folders) == 1


def test_what_was_made_otherwise_or_by_another_simulator_is_made_anew(tmp_path, made, monkeypatch):
    folders, make = made
    home = tmp_path / "j1"
    make(home)  # an old folder by the same name, of which nobody knows how it came
    (home / "left over").touch()
    kept(home, 1, make)
    assert not (home / "left over").exists()
    kept(home, 2, make)
    source = tmp_path / "simulate"
    source.mkdir()
    (source / "__init__.py").write_text("other = True\n", encoding="ascii")
    monkeypatch.setattr("satdesk.simulate.__file__", str(source / "__init__.py"))
    kept(home, 2, make)
    assert len(folders) == 4


def test_what_was_left_half_made_is_made_anew(tmp_path, made):
    folders, make = made
    kept(tmp_path / "j1", 1, make)

    def broken(home):
        home.mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path / "j1", 2, broken)
    kept(tmp_path / "j1", 1, make)
    assert len(folders) == 2
