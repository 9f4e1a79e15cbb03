import hashlib
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.errors import MissingInputError, UsageError, VerificationError
from satdesk.files.digests import (
    folder_digests,
    sha256,
    verify_sha256sums,
    write_sha256sums,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "press").mkdir()
    (tmp_path / "press" / "kəlbəcər.jpg").write_bytes(b"jpeg")
    (tmp_path / "a b.txt").write_bytes(b"text")
    (tmp_path / "back\\slash").write_bytes(b"odd")
    (tmp_path / "new\nline").write_bytes(b"odder")
    (tmp_path / "Z").write_bytes(b"")
    return tmp_path


@settings(deadline=None)
@given(content=st.binary(max_size=4096))
def test_the_digest_is_that_of_the_bytes(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match="none"):
        sha256(tmp_path / "none")


def test_paths_are_posix_and_sorted_by_their_bytes(folder):
    paths = [path for path, _ in folder_digests(folder, exclude={"Z"})]
    assert paths == ["a b.txt", "back\\slash", "new\nline", "press/kəlbəcər.jpg"]


def test_writing_twice_gives_the_same_bytes(folder):
    first = write_sha256sums(folder).read_bytes()
    assert write_sha256sums(folder).read_bytes() == first
    assert b"SHA256SUMS" not in first


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils' sha256sum is not here")
def test_coreutils_agrees(folder):
    write_sha256sums(folder)
    command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "a b.txt").write_bytes(b"Text")
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 1


def test_an_untouched_folder_verifies(folder):
    write_sha256sums(folder)
    verify_sha256sums(folder)


@pytest.mark.parametrize("name", ["a b.txt", "new\nline", "press/kəlbəcər.jpg", "back\\slash"])
def test_a_changed_or_missing_file_is_named(folder, name):
    write_sha256sums(folder)
    (folder / name).write_bytes(b"changed")
    with pytest.raises(VerificationError) as caught:
        verify_sha256sums(folder)
    assert caught.value.subject == str(folder / name)
    (folder / name).unlink()
    with pytest.raises(VerificationError, match="no such file"):
        verify_sha256sums(folder)


def test_a_file_that_is_not_listed_fails(folder):
    write_sha256sums(folder)
    (folder / "extra").write_bytes(b"")
    with pytest.raises(VerificationError, match="no such entry"):
        verify_sha256sums(folder)


def test_a_damaged_list_fails(folder):
    (folder / "SHA256SUMS").write_text("not a line\n")
    with pytest.raises(VerificationError, match="not a line"):
        verify_sha256sums(folder)
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(MissingInputError):
        verify_sha256sums(folder)


def test_links_are_no_part_of_a_release(folder):
    (folder / "link").symlink_to(folder / "Z")
    with pytest.raises(UsageError, match="not links"):
        folder_digests(folder)
