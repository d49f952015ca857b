"""`vanthu token-sign`: sign at one's own desk, with the key on one's own token.

The reference client of pending signatures, and nothing that the API does not offer to others too.
The PIN goes to the token and nowhere else.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx

from api.commands import OK, REFUSED, UNAVAILABLE, Misused, say
from workflow.token_client import (
    Asked,
    HeldKey,
    KeyStopped,
    NotWhatItSays,
    check,
    open_key,
    read_secret,
)

Json = dict[str, Any]

#: While a job completes a signature.
_PASSING = frozenset({"signing", "sealing", "digitising"})
_TEXTS = {"vanthu.number": "số, ký hiệu", "vanthu.date": "nơi, ngày"}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0


class Declined(Exception):  # noqa: N818  it states a fact
    """The server says no to one document."""


def sign(chosen: argparse.Namespace) -> int:
    """Sign each document in turn. The first error of PIN, token or key stops all that follow."""
    server = _address(chosen.server)
    remaining = list(chosen.documents)
    declined = 0
    try:
        password = _secret(chosen.password_file, "Mật khẩu: ")
        with _server(server, chosen.user, password) as http:
            desk = Desk(http, chosen.step)
            for document_id in remaining:
                desk.introduce(document_id)
            pin = _secret(chosen.pin_file, "Mã PIN của thiết bị: ")
            held = open_key(
                chosen.module, pin, token=chosen.token, label=chosen.label, key_id=chosen.id
            )
            del pin
            say(f"Khóa: {held.subject} (SHA-256 {held.certificate_sha256})")
            for number, document_id in enumerate(chosen.documents, start=1):
                say(f"[{number}/{len(chosen.documents)}] {document_id}")
                try:
                    desk.sign(document_id, held)
                except Declined as no:
                    declined += 1
                    say(f"  Không ký: {no}")
                remaining.remove(document_id)
    except Declined as no:
        return _stopped(str(no), remaining, REFUSED)
    except (KeyStopped, NotWhatItSays) as stop:
        return _stopped(str(stop), remaining, REFUSED)
    except httpx.RequestError as away:
        return _stopped(f"Máy chủ không trả lời ({type(away).__name__}).", remaining, UNAVAILABLE)
    return REFUSED if declined else OK


def _stopped(why: str, remaining: list[uuid.UUID], code: int) -> int:
    sys.stderr.write(f"vanthu: {why}\n")
    for document_id in remaining:
        sys.stderr.write(f"vanthu: chưa ký: {document_id}\n")
    return code


@dataclass(frozen=True)
class Desk:
    """The signer at the counter; `step` is to be taken first, or None where it was."""

    http: httpx.Client
    step: str | None
    seen: dict[uuid.UUID, Json] = field(default_factory=dict)

    def introduce(self, document_id: uuid.UUID) -> None:
        """Say what the document is, as it was seen before the PIN was typed. Raises Declined."""
        _, seen = self._document(document_id)
        self.seen[document_id] = seen
        say(f"{document_id}: {seen['code'] or '(chưa có số)'} {seen['subject']}")
        say(f"  trạng thái: {seen['state_label']}")
        for file in seen["files"]:
            say(f"  {file['title'] or 'văn bản'}: SHA-256 {file['sha256']}")

    def sign(self, document_id: uuid.UUID, held: HeldKey) -> None:
        """Take the step if asked to, sign all that waits, and see it through.

        Raises Declined, KeyStopped, NotWhatItSays.
        """
        if self.step is not None:
            self._take_step(document_id)
        chain = [base64.b64encode(der).decode() for der in held.chain]
        address = f"/documents/{document_id}/pending-signatures"
        items = _read(self._post(address, json={"chain": chain}))["items"]
        if not items:
            raise Declined("không có chữ ký nào của văn bản này đang chờ khóa của người ký.")
        seen = {file["sha256"] for file in self.seen[document_id]["files"]}
        for item in items:
            if item["base_sha256"] not in seen:
                raise NotWhatItSays("Không ký: văn bản đã khác bản vừa xem.")
            self._complete(item, held)
        self._see_through(document_id)

    def _take_step(self, document_id: uuid.UUID) -> None:
        address, now = self._document(document_id)
        # What was seen then, whatever the document has become meanwhile: the server compares.
        said = {"trigger": self.step, "content_sha256": self.seen[document_id]["content_sha256"]}
        version = {"If-Match": f'"{now["version"]}"'}
        _read(self._post(f"{address}/transitions", json=said, headers=version))

    def _complete(self, item: Json, held: HeldKey) -> None:
        asked = Asked(
            base_sha256=item["base_sha256"],
            base_bytes=item["base_bytes"],
            byte_range=tuple(item["byte_range"]),
            certificate_sha256=item["certificate_sha256"],
            attributes=base64.b64decode(item["attributes"]),
            digest=item["digest"],
        )
        what = item["what"]
        say(f"  {what['file_title'] or 'văn bản'}, ô “{what['field']}”, hạn {item['expires_at']}")
        for name, text in what["texts"].items():
            say(f"    điền {_TEXTS.get(name, name)}: {text}")
        say(f"    văn bản đã xem: SHA-256 {asked.base_sha256}")
        say(f"    dữ liệu ký:     SHA-256 {asked.digest}")
        address = f"/pending-signatures/{item['id']}"
        with TemporaryDirectory(prefix="vanthu-") as folder:
            prepared = Path(folder) / "prepared.pdf"
            self._download(f"{address}/file", prepared)
            check(asked, held, prepared)
        value = base64.b64encode(held.sign(asked)).decode()
        said = {"token": item["token"], "value": value}
        _read(self.http.put(f"{address}/signature", json=said))
        say("    đã ký trên thiết bị, máy chủ đã nhận")

    def _download(self, address: str, target: Path) -> None:
        with self.http.stream("GET", address, params={"form": "prepared"}) as answer:
            if not answer.is_success:
                answer.read()
            _refuse(answer)
            with target.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)

    def _see_through(self, document_id: uuid.UUID) -> None:
        """Wait while a job completes what was signed, and say how it ended. Raises Declined."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        _, seen = self._document(document_id)
        while seen["state"] in _PASSING and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            _, seen = self._document(document_id)
        if seen["state"] in _PASSING:
            say("  Hệ thống đang hoàn tất chữ ký đã nhận; không phải ký lại.")
            return
        last = seen["moves"][-1]
        if last["trigger"].startswith("abandon"):
            raise Declined(last["opinion"])
        say(f"  Xong: {seen['state_label']}.")

    def _document(self, document_id: uuid.UUID) -> tuple[str, Json]:
        """A document at its address, whichever way it goes. Raises Declined."""
        address = f"/outgoing-documents/{document_id}"
        answer = self.http.get(address)
        if answer.status_code == httpx.codes.NOT_FOUND:
            address = f"/incoming-documents/{document_id}"
            answer = self.http.get(address)
        return address, _read(answer)

    def _post(self, address: str, **content: Any) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid.uuid4()), **content.pop("headers", {})}
        return self.http.post(address, headers=headers, **content)


def _read(answer: httpx.Response) -> Json:
    _refuse(answer)
    try:
        body: Json = answer.json()
    except ValueError:
        raise Declined("máy chủ trả lời điều không hiểu được.") from None
    return body


def _refuse(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        why = str(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        why = f"máy chủ trả lời {answer.status_code}."
    raise Declined(why)


@contextmanager
def _server(address: str, user: str, password: str) -> Iterator[httpx.Client]:
    """Signed in, and out again at the end. Raises Declined."""
    with httpx.Client(base_url=address, timeout=_TIMEOUT_SECONDS) as http:
        said = {"username": user, "password": password}
        token = _read(http.post("/sessions", json=said))["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        try:
            yield http
        finally:
            with suppress(httpx.RequestError):
                http.delete("/sessions/current")


def _address(text: str) -> str:
    """Where the server is; a password and a signature are not sent in clear over a network."""
    url = urlsplit(text)
    clear = url.scheme == "http" and url.hostname in _LOOPBACK
    if not url.hostname or not (clear or url.scheme == "https"):
        raise Misused("--server: phải là https://…, hoặc http:// tới chính máy này.")
    return text


def _secret(path: Path | None, prompt: str) -> str:
    """From a file, or from the keyboard without showing it: never an argument."""
    if path is not None:
        return read_secret(path)
    if not sys.stdin.isatty():
        raise Misused("Không có bàn phím để hỏi: hãy dùng --password-file và --pin-file.")
    return getpass.getpass(prompt)
