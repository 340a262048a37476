"""Code that is read: what a package may hold, and all the bad ones. Nothing of it is ever run."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from rolecall.model import Code, Function, Settings
from rolecall.sources.code import Files, Layers, Reader, UnreadableError, analysed, archive, files, folder, inline
from rolecall.sources.code.archive import open_archive
from rolecall.sources.code.folder import open_folder

CALL = 'import boto3\ndef handler(event, context):\n    boto3.client("sqs").purge_queue(QueueUrl="q")\n'
ORDERS = Function(
    "orders", "orders", "arn:orders", "arn:role", runtime="python3.13", settings=Settings(handler="app.handler")
)


def zipped(*members: tuple[str | zipfile.ZipInfo, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, data in members:
            made.writestr(name, data)
    return buffer.getvalue()


def opened(*members: tuple[str | zipfile.ZipInfo, str | bytes]) -> Files:
    return open_archive(zipped(*members), "orders.zip")


def why(data: bytes) -> str:
    with pytest.raises(UnreadableError) as raised:
        open_archive(data, "orders.zip")
    return str(raised.value)


def calls(found: Files, *layers: Files, handler: str = "app.handler") -> list[str]:
    function = Function("orders", "orders", "arn:…", "arn:…", runtime="python3.13", settings=Settings(handler=handler))
    code, _ = analysed(function, Code("archive"), found, Layers(layers))
    return [call.operation for call in code.calls]


def test_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CALL)

    assert calls(Reader().open(tmp_path, "src")) == ["PurgeQueue"]


def test_an_archive_is_read(tmp_path: Path) -> None:
    (tmp_path / "orders.zip").write_bytes(zipped(("app.py", CALL)))

    assert calls(Reader().open(tmp_path / "orders.zip", "orders.zip")) == ["PurgeQueue"]


def test_inline_code_is_the_file_index() -> None:
    assert calls(inline(CALL, "orders"), handler="index.handler") == ["PurgeQueue"]


def test_a_layer_is_read_from_its_python_folder(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "shop.py").write_text(CALL)
    layer = Reader().layer(tmp_path, "layer")

    assert calls(opened(("app.py", "from shop import handler")), layer) == ["PurgeQueue"]


def test_a_layer_that_a_build_lays_out_is_read_as_it_lies(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(CALL)
    layer = Reader().layer(tmp_path, "layer", built=True)

    assert calls(opened(("app.py", "from shop import handler")), layer) == ["PurgeQueue"]


def test_code_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef handler(event, context): pass")
    calls(Reader().open(tmp_path, "src"))

    assert not (tmp_path / "ran").exists()


def test_only_source_and_what_pip_tells_is_listed() -> None:
    found = opened(("app.py", ""), ("a.txt", ""), ("more.zip", zipped(("b.py", ""))), ("x-1.dist-info/RECORD", ""))

    assert list(found) == ["app.py", "x-1.dist-info/RECORD"]


def test_a_file_is_read_only_when_it_is_asked_for() -> None:
    found = opened(("app.py", CALL), ("broken.py", b"\xff\xff"))
    calls(found)

    assert not found.unread


def test_what_cannot_be_read_is_a_gap_and_the_code_counts_as_unread() -> None:
    found = opened(("app.py", "import broken\ndef handler(event, context): pass"), ("broken.py", b"\xff\xff"))
    code, gaps = analysed(ORDERS, Code("archive"), found)

    assert not code.read
    assert [(gap.why, gap.call, gap.mendable) for gap in gaps] == [
        ("`broken.py` is no text in UTF-8, nor in an encoding that it names", "orders.zip", False)
    ]


def test_a_handler_that_is_not_there_is_a_gap_and_the_code_counts_as_unread() -> None:
    code, gaps = analysed(ORDERS, Code("archive"), opened(("other.py", CALL)))

    assert not code.read
    assert [gap.why for gap in gaps] == ["handler `app.handler` is not in the code: there is no module `app`"]


def test_a_layer_that_is_not_read_is_named_where_an_import_may_be_in_it() -> None:
    found, layer = opened(("app.py", "import shop\ndef handler(event, context): pass")), "arn:aws:lambda:…:layer:shop:1"
    _, gaps = analysed(ORDERS, Code("archive"), found, Layers(unread=(layer,)))

    assert f"what is imported may be in `{layer}`, which is not read" in [gap.why for gap in gaps]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is no zip archive that can be read: File is not a zip file"),
        (b"PK\x05\x06 cut off", "is no zip archive that can be read: File is not a zip file"),
        (zipped(("app.py", CALL))[:-4], "is no zip archive that can be read: File is not a zip file"),
        (b"\x1f\x8b not a zip", "is no zip archive that can be read: File is not a zip file"),
    ],
)
def test_what_is_no_archive_says_so(data: bytes, says: str) -> None:
    assert why(data) == says


@pytest.mark.parametrize("name", ["../app.py", "/app.py", "a/../../app.py", "C:/app.py", "..\\app.py"])
def test_a_path_that_leaves_the_archive_is_not_read(name: str) -> None:
    found = opened((name, CALL), ("app.py", CALL))

    assert list(found) == ["app.py"]
    assert list(found.unread) == [f"`{name}` has a path that leaves the archive: not read"]


def test_a_name_cannot_command_the_terminal() -> None:
    assert next(iter(opened(("/\x1b[2J.py", CALL)).unread)).startswith("`/\\x1b[2J.py` has")


def test_a_symbolic_link_in_an_archive_is_not_followed() -> None:
    link = zipfile.ZipInfo("app.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert list(opened((link, "/etc/passwd")).unread) == ["`app.py` is a symbolic link: not followed"]


def test_an_encrypted_member_is_not_read() -> None:
    data = bytearray(zipped(("app.py", CALL)))
    start = data.rfind(b"PK\x01\x02")
    data[start + 8] |= 1

    assert list(open_archive(bytes(data), "orders.zip").unread) == ["`app.py` is encrypted: not read"]


def test_a_member_that_is_damaged_is_a_gap() -> None:
    data = bytearray(zipped(("app.py", CALL)))
    data[45:60] = bytes(15)
    found = open_archive(bytes(data), "orders.zip")

    assert found["app.py"] == ""
    assert [each[:28] for each in found.unread] == ["`app.py` cannot be unpacked:"]


def test_a_member_of_an_unknown_compression_is_a_gap() -> None:
    data = bytearray(zipped(("app.py", CALL)))
    struct.pack_into("<H", data, data.rfind(b"PK\x01\x02") + 10, 97)
    found = open_archive(bytes(data), "orders.zip")

    assert found["app.py"] == ""
    assert len(found.unread) == 1


def test_a_file_that_grows_too_much_is_not_unpacked() -> None:
    found = opened(("app.py", b"#" * 1_000_000))

    assert list(found.unread) == ["`app.py` grows more than 200 times when it is unpacked: not read"]


def test_a_size_that_lies_does_not_help() -> None:
    data = bytearray(zipped(("app.py", b"#" * 3_000_000), compression=zipfile.ZIP_STORED))
    for start, offset in ((0, 22), (data.rfind(b"PK\x01\x02"), 24)):
        struct.pack_into("<L", data, start + offset, 100)
    found = open_archive(bytes(data), "orders.zip")

    assert len(found["app.py"]) <= 100 or found.unread


def test_an_archive_that_unpacks_to_more_than_lambda_takes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_UNPACKED", 10)

    assert why(zipped(("data.bin", b"0" * 100))) == "unpacks to 0 MB, more than Lambda takes: not read"


def test_an_archive_that_is_larger_than_lambda_takes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_PACKED", 10)

    assert why(zipped(("app.py", CALL))) == "has 0 MB, more than Lambda takes: not read"


def test_a_list_of_files_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_DIRECTORY", 10)

    assert why(zipped(("app.py", CALL))) == "lists its files on 0 MB: not read"


def test_zip64_is_not_read() -> None:
    data = zipped(("app.py", CALL))
    end = data.rfind(b"PK\x05\x06")

    assert why(data[:end] + b"PK\x06\x07" + bytes(16) + data[end:]).startswith("is a ZIP64 archive")


def test_of_two_members_with_one_name_the_last_counts() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        found = opened(("app.py", "first"), ("app.py", "last"))

    assert found["app.py"] == "last"


def test_no_more_files_are_read_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 2)
    found = opened(*((f"m{number}.py", "x") for number in range(4)))

    assert [found[path] for path in found] == ["x", "x", "", ""]
    assert list(found.unread) == ["more than 2 files are needed: the rest is not read"]


def test_no_more_bytes_are_read_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 3)
    found = opened(("a.py", "1234"), ("b.py", "1234"))

    assert [found[path] for path in found] == ["1234", ""]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 3)
    (tmp_path / "app.py").write_text("1234")
    found = open_folder(tmp_path, "src")

    assert found["app.py"] == ""
    assert list(found.unread) == ["`app.py` is larger than 0 MB: not read"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é".encode(), "é"),
        (b"\xef\xbb\xbfx", "x"),
        ("# -*- coding: latin-1 -*-\né".encode("latin-1"), "# -*- coding: latin-1 -*-\né"),
        (b"# coding: punycode\nx", ""),
        (b"# coding: nonsense\nx", ""),
        (b"# coding: zip\nx", ""),
    ],
)
def test_a_file_is_decoded_as_python_does(data: bytes, text: str) -> None:
    assert opened(("app.py", data))["app.py"] == text


def test_a_link_that_leaves_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("x")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").symlink_to(tmp_path / "secret.py")
    found = open_folder(tmp_path / "src", "src")

    assert list(found) == []
    assert list(found.unread) == ["`app.py` is a link that leaves the folder: not followed"]


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("x")
    (tmp_path / "app.py").symlink_to("real.py")

    assert open_folder(tmp_path, "src")["app.py"] == "x"


def test_folders_that_lead_into_themselves_end(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "up").symlink_to("..")
    found = open_folder(tmp_path, "src")

    assert "`again/up` is a link that leaves the folder: not followed" in found.unread


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "app.py")

    assert list(open_folder(tmp_path, "src").unread) == ["`app.py` is no regular file: not read"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch(0o000)
    found = open_folder(tmp_path, "src")

    assert found["app.py"] == ""
    assert list(found.unread) == ["`app.py` permission denied"]


def test_a_file_that_went_away_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    found = open_folder(tmp_path, "src")
    (tmp_path / "app.py").unlink()

    assert found["app.py"] == ""
    assert list(found.unread) == ["`app.py` no such file or directory"]


def test_a_folder_of_very_many_files_is_read_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MOST_ENTRIES", 2)
    for name in "abc":
        (tmp_path / f"{name}.py").touch()
    found = open_folder(tmp_path, "src")

    assert (list(found), list(found.unread)) == (["a.py", "b.py"], ["it has more than 2 files: the rest is not read"])


def test_environments_and_caches_are_left_out(tmp_path: Path) -> None:
    for name in (".venv", "node_modules", "__pycache__", "shop"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").touch()

    assert list(open_folder(tmp_path, "src")) == ["shop/app.py"]
