import errno
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.errors import MachineError, UsageError
from satdesk.files.store import check_target, new_file, new_folder, scratch_beside


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_whole_at_the_end(tmp_path):
    out = tmp_path / "release"
    with new_folder(out) as work:
        (work / "a.txt").write_text("a")
        assert work.parent == tmp_path
        assert not out.exists()
    assert (out / "a.txt").read_text() == "a"
    assert names(tmp_path) == ["release"]


def test_a_folder_has_the_usual_permissions(tmp_path):
    with new_folder(tmp_path / "release"):
        pass
    (tmp_path / "usual").mkdir()
    assert (tmp_path / "release").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_interrupts_the_work_nothing_is_left(tmp_path, error):
    def interrupted():
        with new_folder(tmp_path / "release") as work:
            (work / "deep").mkdir()
            (work / "deep" / "a").write_text("a")
            raise error

    with pytest.raises(error):
        interrupted()
    assert names(tmp_path) == []


def test_what_is_there_is_refused_before_any_work(tmp_path):
    (tmp_path / "release").mkdir()
    with pytest.raises(UsageError, match="--overwrite"), new_folder(tmp_path / "release"):
        pytest.fail("the work began")


def test_overwrite_swaps_the_whole_folder(tmp_path):
    out = tmp_path / "release"
    out.mkdir()
    (out / "old").write_text("old")
    with new_folder(out, overwrite=True) as work:
        (work / "new").write_text("new")
        assert names(out) == ["old"]
    assert names(out) == ["new"]
    assert names(tmp_path) == ["release"]


def test_failed_overwriting_keeps_the_old(tmp_path):
    out = tmp_path / "release"
    out.mkdir()
    (out / "old").write_text("old")

    def failing():
        with new_folder(out, overwrite=True) as work:
            (work / "new").write_text("new")
            raise ValueError

    with pytest.raises(ValueError):
        failing()
    assert names(tmp_path) == ["release"]
    assert names(out) == ["old"]


def test_the_old_comes_back_if_the_last_rename_fails(tmp_path, monkeypatch):
    out = tmp_path / "release"
    out.mkdir()
    (out / "old").write_text("old")
    rename = type(out).rename

    def failing(self, target):
        if self.name.endswith(".partial"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    monkeypatch.setattr(type(out), "rename", failing)
    with pytest.raises(MachineError), new_folder(out, overwrite=True):
        pass
    assert names(tmp_path) == ["release"]
    assert names(out) == ["old"]


def test_a_full_disk_names_the_path_and_leaves_nothing(tmp_path):
    def full():
        with new_folder(tmp_path / "release") as work:
            (work / "half").write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(MachineError, match="No space left") as caught:
        full()
    assert caught.value.subject == str(tmp_path / "release")
    assert names(tmp_path) == []


def test_an_error_of_ours_is_not_blamed_on_the_machine(tmp_path):
    with pytest.raises(FileNotFoundError), new_folder(tmp_path / "release") as work:
        (work / "missing").read_text()


def test_the_output_may_not_overlap_an_input(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    image = bundle / "image.tif"
    image.write_text("pixels")
    for out, given_input in [
        (bundle, image),
        (bundle / "release", bundle),
        (tmp_path / "bundle", bundle),
        (image, image),
    ]:
        with pytest.raises(UsageError, match="overlaps an input"):
            check_target(out, overwrite=True, inputs=[given_input])
    assert check_target(bundle / "release", overwrite=False, inputs=[image])


def test_an_input_behind_a_link_is_found(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="overlaps an input"):
        check_target(tmp_path / "real" / "out", overwrite=False, inputs=[tmp_path / "link"])


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_are_never_replaced(tmp_path, overwrite):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(UsageError):
            check_target(tmp_path / name, overwrite=overwrite)


def test_kinds_are_not_mixed(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="another kind"):
        check_target(tmp_path / "file", overwrite=True, folder=True)
    with pytest.raises(UsageError, match="another kind"):
        check_target(tmp_path / "folder", overwrite=True, folder=False)


def test_the_working_folder_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="working folder"):
        check_target(tmp_path, overwrite=True)


def test_a_missing_parent_is_named(tmp_path):
    with pytest.raises(UsageError, match="parent folder") as caught:
        check_target(tmp_path / "no" / "release", overwrite=False)
    assert caught.value.subject == str(tmp_path / "no")


@settings(deadline=None)
@given(overwrite=st.booleans(), there=st.booleans(), fails=st.booleans())
def test_a_file_is_the_old_or_the_new_never_a_half(tmp_path_factory, overwrite, there, fails):
    out = tmp_path_factory.mktemp("files") / "a.tif"
    if there:
        out.write_text("old")

    def write():
        with new_file(out, overwrite) as partial:
            assert partial.suffix == ".tif"
            partial.write_text("new")
            if fails:
                raise ValueError

    if (there and not overwrite) or fails:
        with pytest.raises((UsageError, ValueError)):
            write()
        assert names(out.parent) == (["a.tif"] if there else [])
        assert not there or out.read_text() == "old"
    else:
        write()
        assert names(out.parent) == ["a.tif"]
        assert out.read_text() == "new"


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    out = tmp_path / "a.tif"

    def write():
        with new_file(out) as partial:
            partial.write_text("mine")
            out.write_text("theirs")

    with pytest.raises(UsageError, match="already there"):
        write()
    assert out.read_text() == "theirs"
    assert names(tmp_path) == ["a.tif"]


def test_a_scratch_folder_is_gone_afterwards(tmp_path):
    with scratch_beside(tmp_path / "a.tif") as scratch:
        (scratch / "b").write_text("b")
        assert scratch.parent == tmp_path
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a /proc, where nobody can write")
def test_a_place_where_no_folder_can_be_made_is_named():
    with (
        pytest.raises(MachineError, match="/proc: no folder can be made there"),
        new_folder(Path("/proc/satdesk-cannot-be-here")),
    ):
        pytest.fail("a folder was made under /proc")


@pytest.mark.parametrize("name", ["x" * 255, "ə" * 127, "x" * 251 + ".tif"])
def test_the_longest_name_that_a_disk_takes_is_taken(tmp_path, name):
    with new_folder(tmp_path / name) as work, scratch_beside(work) as scratch:
        (scratch / "a").write_text("a")
    with new_file(tmp_path / ("f" + name[1:])) as partial:
        partial.write_text("b")
    assert len(names(tmp_path)) == 2


def test_a_longer_name_is_refused_before_the_work(tmp_path):
    with pytest.raises(UsageError, match="too long"):
        check_target(tmp_path / ("x" * 256), overwrite=False)


@pytest.mark.parametrize("make", [new_folder, new_file, scratch_beside])
def test_a_folder_that_is_removed_meanwhile_is_named(tmp_path, make):
    above = tmp_path / "above"
    above.mkdir()

    def write():
        with make(above / "out") as work:
            shutil.rmtree(above)
            (work / "a" if work.suffix == ".work" else work).write_text("a")

    with pytest.raises(MachineError, match="removed while it was being written"):
        write()
    assert names(tmp_path) == []


def test_a_release_that_another_process_issues_meanwhile_stays(tmp_path, monkeypatch):
    out = tmp_path / "release"
    rename = Path.rename

    def overtaken(path, target):
        if path.name.endswith(".partial") and not out.exists():
            out.mkdir()
            (out / "theirs").write_text("theirs")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    with pytest.raises(UsageError, match="already there"), new_folder(out) as work:
        (work / "mine").write_text("mine")
    assert names(tmp_path) == ["release"]
    assert names(out) == ["theirs"]


def test_of_two_that_replace_a_release_the_last_one_stays(tmp_path, monkeypatch):
    out = tmp_path / "release"
    out.mkdir()
    (out / "old").write_text("old")
    rename, overtakes = Path.rename, iter([True])

    def overtaken(path, target):
        renamed = rename(path, target)
        if path == out and next(overtakes, False):
            out.mkdir()
            (out / "theirs").write_text("theirs")
        return renamed

    monkeypatch.setattr(Path, "rename", overtaken)
    with new_folder(out, overwrite=True) as work:
        (work / "mine").write_text("mine")
    assert names(tmp_path) == ["release"]
    assert names(out) == ["mine"]


def test_a_signal_while_work_is_removed_does_not_leave_it(tmp_path, monkeypatch):
    rmtree, interrupts = shutil.rmtree, iter([True])

    def interrupted(folder, **options):
        if next(interrupts, False):
            raise KeyboardInterrupt
        rmtree(folder, **options)

    monkeypatch.setattr("satdesk.files.store.shutil.rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt), scratch_beside(tmp_path / "a.tif") as scratch:
        (scratch / "b").write_text("b")
    assert names(tmp_path) == []


def test_a_signal_between_the_two_renames_leaves_the_old_release(tmp_path, monkeypatch):
    out = tmp_path / "release"
    out.mkdir()
    (out / "old").write_text("old")
    rename, interrupts = Path.rename, iter([True])

    def interrupted(path, target):
        renamed = rename(path, target)
        if path == out and next(interrupts, False):
            raise KeyboardInterrupt  # after the rename, before anything else
        return renamed

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), new_folder(out, overwrite=True) as work:
        (work / "mine").write_text("mine")
    assert names(tmp_path) == ["release"]
    assert names(out) == ["old"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_device_or_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="a device or a pipe"):
        check_target(tmp_path / "pipe", overwrite=True, folder=False)


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes there alone")
def test_a_folder_whose_files_could_not_be_read_back_is_refused(tmp_path):
    odd = tmp_path / os.fsdecode(b"r\xff")
    with pytest.raises(UsageError, match=r"no UTF-8"):
        check_target(odd, overwrite=False)
    check_target(odd, overwrite=False, folder=False)
    deep = tmp_path.joinpath(*["d" * 200] * 8)
    deep.mkdir(parents=True)
    with pytest.raises(UsageError, match="too long for a folder"):
        check_target(deep / "r", overwrite=False)
