"""`vanthu serve`, `migrate` and `worker`."""

from __future__ import annotations

import argparse
import gc
import logging
import socket
from contextlib import suppress

import uvicorn

from api.app import create_app
from api.commands import OK, Misused, say
from api.commands.opening import settings
from workflow.founding import DevelopmentAccount, found
from workflow.migrating import migrate
from workflow.office import Office
from workflow.rules.errors import Unavailable
from workflow.rules.roles import ROLE_LABELS

#: How long a stop waits for requests at hand.
STOP_SECONDS = 10


def serve(chosen: argparse.Namespace) -> int:
    """Migrate, found the development office where there is none, and serve until stopped."""
    _log()
    chosen_settings = settings()
    migrate(chosen_settings)
    office = Office.open(chosen_settings)
    try:
        with _listening(chosen.host, chosen.port) as listener:
            address = f"http://{chosen.host}:{listener.getsockname()[1]}"
            if chosen_settings.development:
                _print_accounts(found(office))
            say(f"API {address}, tài liệu tương tác {address}/docs. Dừng: Ctrl-C.")
            app = create_app(office)
            # What is there by now stays: no collection looks at it again, and none halts a request
            # for the 150 ms that looking at all of it takes.
            gc.freeze()
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    server_header=False,
                    access_log=False,  # its lines would hold what people search for
                    timeout_graceful_shutdown=STOP_SECONDS,
                )
            )
            with suppress(KeyboardInterrupt):  # it has stopped in good order; Ctrl-C is how
                server.run(sockets=[listener])
    finally:
        office.close()
    return OK


def migrate_database(_chosen: argparse.Namespace) -> int:
    """Bring the database to this release's tables."""
    say(f"Cơ sở dữ liệu ở phiên bản {migrate(settings())}.")
    return OK


def work(chosen: argparse.Namespace) -> int:
    """Run a Celery worker with its sweep until stopped."""
    _log()
    from workflow.worker import celery_worker

    chosen_settings = settings()
    if not chosen_settings.broker:
        raise Misused("VANTHU_BROKER_URL chưa đặt: không có broker thì vanthu serve tự làm việc.")
    chosen_settings.make_data_dir()
    celery_worker(chosen_settings).worker_main(
        [
            "worker",
            "--beat",
            # The sweep's schedule needs no memory, and workers that share a folder no file.
            "--scheduler=celery.beat:Scheduler",
            f"--concurrency={chosen.concurrency}",
            "--loglevel=INFO",
        ]
    )
    return OK


def _listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on. Raises Unavailable when the port is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as taken:
        raise Unavailable(f"Địa chỉ {host}:{port} ({taken.strerror})") from taken
    # asyncio does this for sockets it makes itself. Without it, an answer's second packet waits
    # for the client's delayed acknowledgement: 40 ms in every request.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _print_accounts(accounts: list[DevelopmentAccount]) -> None:
    if not accounts:
        return
    say("Văn phòng phát triển. Chứng thư số KHÔNG có giá trị pháp lý. Tài khoản:")
    say()
    rows = [("Tên đăng nhập", "Mật khẩu", "Vai trò", "Họ tên")]
    for one in accounts:
        roles = ", ".join(ROLE_LABELS[role] for role in one.roles)
        rows.append((one.username, one.password, roles, one.full_name))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
    say()


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
