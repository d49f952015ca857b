"""What is retained stays, on every store; on S3 not even its administrator removes it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from storage.errors import ObjectMissing, ObjectRetained, StoreUnavailable
from storage.objects import ObjectRef, ObjectStore, open_store
from tests import servers

LOG = UUID(int=0)
#: S3 keeps whole seconds.
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
TOMORROW = NOW + DAY


@pytest.fixture
def locked_url(s3_server: str) -> str:
    """A bucket with object lock. It stays on the server: that is what it is for."""
    return servers.locked_bucket(s3_server)


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """A place of each kind that can retain."""
    if request.param == "file":
        return open_store(f"file:{tmp_path / 'objects'}")
    return open_store(request.getfixturevalue("locked_url"))


def put(store: ObjectStore, data: bytes, until: datetime | None) -> ObjectRef:
    return store.put(LOG, io.BytesIO(data), max_bytes=100, retain_until=until)


def test_what_is_retained_is_not_removed(store: ObjectStore) -> None:
    ref = put(store, b"a head", TOMORROW)
    free = put(store, b"another", None)
    with pytest.raises(ObjectRetained) as refused:
        store.delete(ref)
    assert refused.value.until == TOMORROW
    with store.open(ref) as stored:
        assert stored.read() == b"a head"
    store.delete(free)
    assert not store.exists(free)
    assert [one.ref for one in store.each()] == [ref]  # and nothing of ours beside it


def test_a_retention_grows_and_never_shrinks(store: ObjectStore) -> None:
    ref = put(store, b"a head", TOMORROW)
    for until, kept in ((NOW + timedelta(hours=1), TOMORROW), (None, TOMORROW)):
        assert put(store, b"a head", until) == ref
        with pytest.raises(ObjectRetained) as refused:
            store.delete(ref)
        assert refused.value.until == kept
    later = TOMORROW + timedelta(days=365)
    put(store, b"a head", later)
    with pytest.raises(ObjectRetained) as refused:
        store.delete(ref)
    assert refused.value.until == later


def test_what_lay_there_without_retention_gets_it(store: ObjectStore) -> None:
    ref = put(store, b"a head", None)
    put(store, b"a head", TOMORROW)
    with pytest.raises(ObjectRetained):
        store.delete(ref)


def test_a_retention_that_is_over_holds_nothing(tmp_path: Path) -> None:
    store = open_store(f"file:{tmp_path / 'objects'}")
    ref = put(store, b"a head", NOW - timedelta(seconds=1))
    store.delete(ref)
    assert not store.exists(ref)


def test_nobody_with_the_keys_of_a_bucket_removes_or_shortens(locked_url: str) -> None:
    ref = put(open_store(locked_url), b"a head", TOMORROW)
    client, bucket = servers.s3_client(locked_url), urlsplit(locked_url).path.strip("/")
    version = client.stat_object(bucket, ref.key).version_id
    with pytest.raises(S3Error, match="AccessDenied"):
        client.remove_object(bucket, ref.key, version_id=version)
    with pytest.raises(S3Error, match="AccessDenied"):
        client.set_object_retention(bucket, ref.key, Retention(COMPLIANCE, TOMORROW - DAY / 2))
    # Hidden it can be; the version stays, and the next writer shows it again.
    client.remove_object(bucket, ref.key)
    with pytest.raises(ObjectMissing):
        open_store(locked_url).open(ref)
    with client.get_object(bucket, ref.key, version_id=version) as kept:
        assert kept.read() == b"a head"
    assert put(open_store(locked_url), b"a head", TOMORROW) == ref
    with open_store(locked_url).open(ref) as shown:
        assert shown.read() == b"a head"


def test_a_bucket_without_lock_says_so(s3_url: str) -> None:
    store = open_store(s3_url)
    with pytest.raises(StoreUnavailable, match="was not made with object lock"):
        put(store, b"a head", TOMORROW)
