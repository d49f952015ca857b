"""The contract of an object store, run on every adapter."""

from __future__ import annotations

import io
import re
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import (
    ObjectCorrupt,
    ObjectMissing,
    ObjectTooLarge,
    StoreUnavailable,
)
from storage.objects import CHUNK_BYTES, ObjectRef, ObjectStore, open_store, verify
from storage.s3 import PART_BYTES
from tests.servers import s3_client

COMMUNE, PROVINCE = uuid4(), uuid4()
MEGABYTE = 1024 * 1024
Tamper = Callable[[ObjectRef, bytes], None]


@pytest.fixture
def tamper(object_store_url: str) -> Tamper:
    """Replaces an object behind the store's back."""
    address = urlsplit(object_store_url)

    def in_folder(ref: ObjectRef, data: bytes) -> None:
        path = Path(address.path) / ref.key
        path.chmod(0o600)
        path.write_bytes(data)

    def in_bucket(ref: ObjectRef, data: bytes) -> None:
        s3_client(object_store_url).put_object(
            address.path.strip("/"), ref.key, io.BytesIO(data), len(data)
        )

    return in_folder if address.scheme == "file" else in_bucket


def put(
    store: ObjectStore, data: bytes, organisation: UUID = COMMUNE, max_bytes: int = 100 * MEGABYTE
) -> ObjectRef:
    return store.put(organisation, io.BytesIO(data), max_bytes=max_bytes)


def get(store: ObjectStore, ref: ObjectRef) -> bytes:
    with store.open(ref) as stored:
        return stored.read()


def name_of(data: bytes, organisation: UUID = COMMUNE) -> ObjectRef:
    return ObjectRef(organisation, sha256(data).hexdigest(), len(data))


class Stream(io.RawIOBase):
    """A long stream that is never whole in memory."""

    def __init__(self, size_bytes: int) -> None:
        self.left = size_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        count = min(len(buffer), self.left)
        buffer[:count] = b"v" * count
        self.left -= count
        return count


class HungUp(io.RawIOBase):
    """A client that leaves in the middle of its upload."""

    def __init__(self) -> None:
        self.pieces: Iterator[bytes] = iter([b"first piece"])

    def read(self, _: int = -1) -> bytes:
        for piece in self.pieces:
            return piece
        raise ConnectionResetError("client hung up")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.binary(max_size=4096))
def test_what_goes_in_comes_out_under_the_name_of_its_bytes(
    object_store: ObjectStore, data: bytes
) -> None:
    ref = put(object_store, data)
    assert ref == name_of(data)
    assert get(object_store, ref) == data


@pytest.mark.parametrize(
    "size_bytes",
    [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, PART_BYTES, PART_BYTES + 1],
)
def test_sizes_at_which_something_changes(object_store: ObjectStore, size_bytes: int) -> None:
    data = bytes(range(256)) * (size_bytes // 256) + bytes(size_bytes % 256)
    ref = put(object_store, data)
    assert ref == name_of(data)
    assert get(object_store, ref) == data
    assert object_store.stat(ref).size_bytes == size_bytes


def test_a_file_and_a_stream_of_the_same_bytes_are_one_object(
    object_store: ObjectStore, tmp_path: Path
) -> None:
    source = tmp_path / "source.pdf"
    source.write_bytes(b"%PDF-1.7")
    expected = sha256(b"%PDF-1.7").hexdigest()
    ref = object_store.put(COMMUNE, source, max_bytes=8, expected_sha256=expected)
    assert ref == put(object_store, b"%PDF-1.7")


def test_the_same_bytes_again_change_nothing(object_store: ObjectStore) -> None:
    ref = put(object_store, b"once")
    stored = object_store.stat(ref)
    assert put(object_store, b"once") == ref
    assert object_store.stat(ref) == stored


def test_many_at_once_store_one_object(object_store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        refs = set(threads.map(lambda _: put(object_store, b"together" * 10_000), range(16)))
    assert refs == {name_of(b"together" * 10_000)}
    verify(object_store, refs.pop())


def test_each_lists_what_lies_there_in_order(object_store: ObjectStore) -> None:
    refs = [put(object_store, b"%d" % n, whose) for n in range(6) for whose in (COMMUNE, PROVINCE)]
    gone = put(object_store, b"gone")
    object_store.delete(gone)
    listed = list(object_store.each())
    keys = [one.key for one in listed]
    assert {one.ref for one in listed} >= set(refs)
    assert gone.key not in keys
    assert keys == sorted(keys)
    assert all(object_store.stat(one.ref) == one.stat for one in listed if one.ref in refs)
    for place in (keys[0], keys[len(keys) // 2], keys[2][:40], keys[-1], "", "~"):
        assert [one.key for one in object_store.each(place)] == [k for k in keys if k > place]


def test_each_names_what_no_office_put_there(
    object_store: ObjectStore, object_store_url: str
) -> None:
    known = put(object_store, b"known")
    address = urlsplit(object_store_url)
    strange = f"{known.organisation}/zz/{known.sha256}"
    if address.scheme == "file":
        (Path(address.path) / strange).parent.mkdir(parents=True)
        (Path(address.path) / strange).write_bytes(b"known")
    else:
        bucket = address.path.strip("/")
        s3_client(object_store_url).put_object(bucket, strange, io.BytesIO(b"known"), 5)
    found = {one.key: one.ref for one in object_store.each()}
    assert found[known.key] == known
    assert found[strange] is None  # a digest in the wrong place is no object


def test_memory_stays_bounded(object_store: ObjectStore) -> None:
    size_bytes = 6 * PART_BYTES
    tracemalloc.start()
    try:
        ref = object_store.put(COMMUNE, Stream(size_bytes), max_bytes=size_bytes)  # type: ignore[arg-type]
        verify(object_store, ref)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ref.size_bytes == size_bytes
    assert peak_bytes < 3 * PART_BYTES


def test_too_many_bytes_are_refused_and_not_kept(object_store: ObjectStore) -> None:
    with pytest.raises(ObjectTooLarge) as refusal:
        put(object_store, b"123456", max_bytes=5)
    assert refusal.value.limit_bytes == 5
    assert not object_store.exists(name_of(b"123456"))
    put(object_store, b"12345", max_bytes=5)


def test_a_source_that_is_not_what_it_announced_is_not_kept(object_store: ObjectStore) -> None:
    announced = sha256(b"announced").hexdigest()
    with pytest.raises(ObjectCorrupt):
        object_store.put(COMMUNE, io.BytesIO(b"sent"), max_bytes=9, expected_sha256=announced)
    assert not object_store.exists(name_of(b"sent"))


def test_a_client_that_hangs_up_is_the_callers_affair(object_store: ObjectStore) -> None:
    with pytest.raises(ConnectionResetError):
        object_store.put(COMMUNE, HungUp(), max_bytes=100)  # type: ignore[arg-type]
    assert not object_store.exists(name_of(b"first piece"))


def test_organisations_do_not_see_each_others_objects(object_store: ObjectStore) -> None:
    ours = put(object_store, b"ours", COMMUNE)
    theirs = name_of(b"ours", PROVINCE)
    assert not object_store.exists(theirs)
    put(object_store, b"ours", PROVINCE)
    object_store.delete(theirs)
    assert get(object_store, ours) == b"ours"


def test_what_is_missing_is_said_to_be_missing(object_store: ObjectStore) -> None:
    ref = name_of(b"never stored")
    assert not object_store.exists(ref)
    with pytest.raises(ObjectMissing):
        object_store.stat(ref)
    with pytest.raises(ObjectMissing):
        object_store.open(ref)


def test_deleting_is_final_and_may_be_repeated(object_store: ObjectStore) -> None:
    ref = put(object_store, b"short-lived")
    object_store.delete(ref)
    object_store.delete(ref)
    assert not object_store.exists(ref)
    assert put(object_store, b"short-lived") == ref


DATA = bytes(range(256)) * (3 * CHUNK_BYTES // 256)


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"\x01" + DATA[1:], id="first byte"),
        pytest.param(DATA[:-1] + b"\x00", id="last byte"),
        pytest.param(DATA[:-1], id="one byte short"),
        pytest.param(DATA + b"\x00", id="one byte more"),
        pytest.param(b"", id="emptied"),
    ],
)
def test_damaged_bytes_never_pass_for_the_object(
    object_store: ObjectStore, tamper: Tamper, damaged: bytes
) -> None:
    ref = put(object_store, DATA)
    tamper(ref, damaged)
    handed_over = bytearray()

    def read_on() -> None:
        with object_store.open(ref) as stored:
            while piece := stored.read(1000):
                handed_over.extend(piece)

    with pytest.raises(ObjectCorrupt):
        read_on()
    assert len(handed_over) < ref.size_bytes
    with pytest.raises(ObjectCorrupt):
        get(object_store, ref)
    # Storing the good bytes does not pretend to have mended it, nor does it overwrite.
    with pytest.raises(ObjectCorrupt):
        put(object_store, DATA)


def test_reading_may_stop_early(object_store: ObjectStore) -> None:
    ref = put(object_store, DATA)
    with object_store.open(ref) as stored:
        assert stored.read(5) == DATA[:5]
    assert get(object_store, ref) == DATA


def test_ping_names_the_place(object_store: ObjectStore) -> None:
    assert re.match(r"(folder|S3 bucket) ", object_store.ping())


def refusals(store: ObjectStore) -> None:
    """Every question to a store that is not there is answered StoreUnavailable."""
    ref = name_of(b"x")
    questions: list[Callable[[], object]] = [
        lambda: put(store, b"x"),
        lambda: store.open(ref),
        lambda: store.stat(ref),
        lambda: store.exists(ref),
        lambda: store.delete(ref),
        store.ping,
    ]
    for question in [*questions, lambda: list(store.each())]:
        with pytest.raises(StoreUnavailable):
            question()


def test_a_folder_that_is_not_mounted_has_not_lost_its_objects(tmp_path: Path) -> None:
    store = open_store(f"file:{tmp_path / 'objects'}")
    (tmp_path / "objects").rename(tmp_path / "unmounted")
    refusals(store)
    (tmp_path / "unmounted").rename(tmp_path / "objects")
    put(store, b"x")


def test_no_s3_server_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refusals(open_store(f"s3://key:secret@127.0.0.1:{unused.getsockname()[1]}/vanthu?secure=0"))


def test_a_wrong_secret_is_unavailable(s3_url: str) -> None:
    address = urlsplit(s3_url)
    netloc = f"{address.username}:wrong@{address.netloc.rpartition('@')[2]}"
    refusals(open_store(address._replace(netloc=netloc).geturl()))


def test_a_missing_bucket_is_unavailable_when_stored_to(s3_url: str) -> None:
    store = open_store(urlsplit(s3_url)._replace(path="/absent-bucket").geturl())
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        put(store, b"x")
    with pytest.raises(StoreUnavailable, match="absent-bucket"):
        store.ping()


def test_an_s3_server_that_hangs_is_reported_within_five_seconds() -> None:
    # A stopped process looks like this: the kernel accepts, nobody answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_store(f"s3://key:secret@127.0.0.1:{silent.getsockname()[1]}/vanthu?secure=0")
        asked = time.monotonic()
        with pytest.raises(StoreUnavailable):
            put(store, b"x")
        assert time.monotonic() - asked < 5


@pytest.mark.parametrize(
    "sha", ["", "a" * 63, "A" * 64, "g" * 64, "../" * 21 + "a", "a" * 64 + "\n"]
)
def test_only_a_digest_names_an_object(sha: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        ObjectRef(COMMUNE, sha, 1)


def test_sizes_are_not_negative() -> None:
    with pytest.raises(ValueError, match="size_bytes"):
        ObjectRef(COMMUNE, "a" * 64, -1)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/var/objects",
        "http://host/bucket",
        "file:",
        "file://host/x",
        "s3://host/bucket",
        "s3://key:secret@host/No_Bucket",
        "s3://key:secret@host:1",
    ],
)
def test_addresses_that_name_no_store_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="store"):
        open_store(url)
