import pytest

from pdla.data.files import PART, replacing, write_json, write_text, write_together


def test_a_write_that_fails_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "scores.csv"
    write_text(path, "old")

    def write_half():
        with replacing(path) as temporary:
            assert (temporary.suffix, PART in temporary.name) == (".csv", True)
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("scores.csv", "old")]


def test_of_files_that_are_written_together_none_is_there_if_one_fails(tmp_path):
    write_text(tmp_path / "a.csv", "old")
    with pytest.raises(OSError, match="none"):
        write_together({tmp_path / "a.csv": "new", tmp_path / "none" / "b.json": "new"})
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    write_together({tmp_path / "a.csv": "new", tmp_path / "b.json": "too"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a.csv": "new", "b.json": "too",
    }  # fmt: skip


def test_json_is_written_as_utf_8_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "options.json"
    write_json(path, {"remark": "old"})
    write_json(path, {"remark": "\u5099\u8a3b"})
    assert path.read_bytes() == '{\n  "remark": "\u5099\u8a3b"\n}\n'.encode()
