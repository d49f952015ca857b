"""The token in a clerk's own computer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from signing.errors import KeyRefused, KeyUnavailable
from signing.keys import LiveKey
from signing.token import open_token
from tests.signing import openssl, tokens
from tests.signing.pki import Pki, Profile, loaded, rsa_key

DATA = b"signed attributes"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="module")
def keys(pki: Pki) -> dict[str, LiveKey]:
    return {"sign": pki.issue(Profile("Trần Thị Ngọc Ánh")), "old": pki.issue(Profile("Cũ"))}


@pytest.fixture(scope="module")
def drawer(
    pki: Pki, keys: dict[str, LiveKey], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tokens.Drawer]:
    with tokens.drawer(tmp_path_factory.mktemp("drawer")) as made:
        made.add("clerk", keys, others=(pki.issuing.certificate, b"no certificate"))
        yield made


def test_a_clerk_signs_with_a_typed_pin(
    drawer: tokens.Drawer, keys: dict[str, LiveKey], tmp_path: Path
) -> None:
    key = open_token(drawer.module, tokens.PIN, "clerk", label="sign")
    assert key.certificate == keys["sign"].certificate
    assert openssl.verifies(tmp_path, key.certificate, DATA, key.sign(DATA, "sha256"))
    assert tokens.PIN not in repr(key)


def test_the_token_tells_what_can_be_signed_with(
    drawer: tokens.Drawer, keys: dict[str, LiveKey]
) -> None:
    listed = open_token(drawer.module, tokens.PIN, "clerk", label="sign").list_certificates()
    assert {item.label: item.certificate for item in listed} == {
        name: key.certificate for name, key in keys.items()
    }  # and not those of the authorities, whose keys are elsewhere
    one = next(item for item in listed if item.label == "sign")
    assert "CN=Trần Thị Ngọc Ánh" in one.subject
    assert one.expires_at == loaded(keys["sign"]).not_valid_after_utc
    again = open_token(drawer.module, tokens.PIN, "clerk", key_id=one.key_id)
    assert again.certificate == one.certificate


def test_of_several_tokens_one_must_be_named(pki: Pki, tmp_path: Path) -> None:
    only = pki.issue(Profile(key=rsa_key(2048)))
    with tokens.drawer(tmp_path / "two") as drawer:
        drawer.add("first", {"any": only})
        drawer.add("second", {"any": only})
        assert open_token(drawer.module, tokens.PIN, "second").sign(DATA, "sha256")
        with pytest.raises(KeyUnavailable):
            open_token(drawer.module, tokens.PIN, "third")
        with pytest.raises(KeyRefused) as several:
            open_token(drawer.module, tokens.PIN)
        assert several.value.code == "key_unusable"
    with tokens.drawer(tmp_path / "one") as drawer:
        drawer.add("single", {"any": only})
        assert open_token(drawer.module, tokens.PIN).certificate == only.certificate


def test_a_wrong_pin_is_tried_once_and_the_next_one_typed_is_tried(
    keys: dict[str, LiveKey], tmp_path: Path
) -> None:
    with tokens.drawer(tmp_path / "drawer") as drawer:
        drawer.add("mistyped", keys)
        strict = drawer.strict_module()
        for _ in range(5):
            with pytest.raises(KeyRefused) as refused:
                open_token(strict.module, "642", "mistyped", label="sign")
            assert refused.value.code == "pin_refused"
        assert strict.count("logins") == 1
        with pytest.raises(KeyRefused):
            open_token(strict.module, "643", "mistyped", label="sign")
        # One try is left, and whoever types may take it.
        assert open_token(strict.module, tokens.PIN, "mistyped", label="sign").sign(DATA, "sha256")
        assert strict.count("logins") == 3
