"""What happens to every request on its way in and every answer on its way out."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import fault
from workflow.records import new_id
from workflow.rules.errors import TooLarge

#: A JSON body is read into memory as a whole, so it is small; files are streamed elsewhere.
JSON_MAX_BYTES: Final = 1_000_000
#: How long an answer that came early waits for the rest of the body before it hangs up.
LINGER_SECONDS: Final = 10
log = logging.getLogger("vanthu.api")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Answering:
    """Gives every answer an id, and turns a fault into a problem that withholds what went wrong."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            log.info("request %s: the client hung up", request_id)
        except Exception:
            # The path, never the query, headers or body: a log is read by more people than a file.
            log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if started:
                raise  # the answer breaks off, so that nobody takes half of it for the whole
            await fault(request_id)(scope, receive, send_with_id)


class BoundedBody:
    """Refuses bodies above the limit, and ends the connection politely after an early answer.

    An answer may be ready before the body has come (a secret document is refused unread). Hanging
    up at once would make the network throw the answer away together with the unread bytes, so the
    rest is let run out for a while, unread and unkept.
    """

    def __init__(self, app: ASGIApp, streamed: Mapping[re.Pattern[str], int]) -> None:
        """`streamed`: addresses that take a document, and by how much it may outgrow an upload."""
        self.app = app
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = _content_length(headers)
        limit = JSON_MAX_BYTES
        for address, growth_bytes in self.streamed.items():
            if address.fullmatch(scope["path"]):
                limit = scope["app"].state.office.settings.upload_max_bytes + growth_bytes
        complete = announced == 0 and "transfer-encoding" not in headers
        received_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal received_bytes, complete
            if announced > limit:
                raise TooLarge(limit)
            message = await receive()
            received_bytes += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received_bytes > limit:
                raise TooLarge(limit)
            return message

        async def send_politely(message: Message) -> None:
            if complete:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                with anyio.move_on_after(LINGER_SECONDS):
                    while (await receive()).get("more_body", False):
                        pass
                await send({"type": "http.response.body", "body": b""})

        await self.app(scope, receive_bounded, send_politely)


def _content_length(headers: Headers) -> int:
    announced = headers.get("content-length", "0")
    return int(announced) if announced.isdigit() else 0
