"""Signing in and out."""

from __future__ import annotations

import httpx

from tests.api.conftest import Counter, problem


def sign_in(counter: Counter, username: str, password: str) -> httpx.Response:
    return counter.http.post("/sessions", json={"username": username, "password": password})


def test_a_token_says_who_one_is_until_it_is_revoked(counter: Counter) -> None:
    clerk = counter["xa.vanthu"]
    me = clerk.get("/me").json()
    assert me["full_name"] == "Văn thư xã Mẫu"
    (membership,) = me["memberships"]
    assert membership["roles"] == ["clerk"]
    assert membership["role_labels"] == ["văn thư"]
    assert clerk("DELETE", "/sessions/current").status_code == 204
    problem(clerk.get("/me"), 401, "not-authenticated")


def test_wrong_name_and_wrong_password_are_told_alike(counter: Counter) -> None:
    wrong = problem(sign_in(counter, "xa.vanthu", "wrong"), 401, "not-authenticated")
    nobody = problem(sign_in(counter, "nobody", "wrong"), 401, "not-authenticated")
    assert wrong["detail"] == nobody["detail"]


def test_who_comes_without_a_token_is_asked_for_one(counter: Counter) -> None:
    answer = counter.stranger.get("/me")
    problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_password_is_never_repeated(counter: Counter) -> None:
    answer = counter.http.post("/sessions", json={"username": "a", "password": ["s3cret"]})
    problem(answer, 422, "invalid")
    assert "s3cret" not in answer.text
