"""The demo's own folder, and its own office served from it."""

from __future__ import annotations

import fcntl
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from api.app import create_app
from api.commands import Misused
from api.demo.counter import Counter, counter_at
from workflow.founding import found
from workflow.migrating import migrate
from workflow.office import Office
from workflow.settings import Settings

_MARKER = ".vanthu-demo"
_NOTE = "Thư mục của vanthu demo: mỗi lần chạy làm lại office, files và summary.json từ đầu.\n"
_MADE_HERE = (
    "office",
    "files",
    "so-dang-ky",
    "summary.json",
    "evidence.zip",
    "evidence-bi-sua.zip",
)


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make `out` ours and empty of what an earlier demo made; nothing else is ever removed.

    Raises:
        Misused: it belongs to somebody else, or another demo is at work in it.
    """
    marker = out / _MARKER
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise Misused(f"{out} không phải thư mục.")
    if out.is_dir() and any(out.iterdir()) and not marker.is_file():
        raise Misused(f"{out} có sẵn tệp không do vanthu demo tạo; hãy chọn --out khác.")
    out.mkdir(parents=True, exist_ok=True)
    with marker.open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misused(f"Một vanthu demo khác đang chạy trong {out}.") from None
        for name in _MADE_HERE:
            made = out / name
            if made.is_dir() and not made.is_symlink():
                shutil.rmtree(made)
            else:
                made.unlink(missing_ok=True)
        lock.truncate(0)
        lock.write(_NOTE)
        lock.flush()
        (out / "files").mkdir()
        yield


class _Embedded(Settings):
    """Everything in one folder. The environment may name an office of somebody's own, which the
    demo never touches."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the name is pydantic's
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@contextmanager
def served(folder: Path) -> Iterator[tuple[Counter, Office]]:
    """A fresh embedded office in `folder`, served on a free loopback port until the block ends.

    The server is a thread of this process, so that it ends with it, whatever happens.
    """
    settings = _Embedded(data_dir=folder)
    migrate(settings)
    office = Office.open(settings)
    try:
        password = found(office)[0].password
        with socket.create_server(("127.0.0.1", 0)) as listener:
            # Without it every answer waits 40 ms for a delayed acknowledgement.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            app = create_app(office)
            # FastAPI makes its routes as they are first asked for, and mutes warnings meanwhile:
            # of the whole process, so not while another thread does the same.
            app.openapi()
            config = uvicorn.Config(
                app, log_config=None, access_log=False, timeout_graceful_shutdown=5
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                address = f"http://127.0.0.1:{listener.getsockname()[1]}"
                with counter_at(address, password) as counter:
                    yield counter, office
            finally:
                server.should_exit = True
                thread.join()
    finally:
        office.close()
