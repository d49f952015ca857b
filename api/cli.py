"""The command `vanthu`: serve, migrate, validate, look after accounts, workflows and the journal.

Commands are imported when chosen: `--help` answers at once, and `validate` needs no database.
"""

from __future__ import annotations

import argparse
import io
import sys
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path

from api.commands import INTERRUPTED, OK, REFUSED, UNAVAILABLE, USAGE, Misused
from workflow.rules.errors import Refusal, Unavailable

_EXIT_CODES = """\
exit codes:
  0  done; everything asked about is in order
  1  refused, or something was found (a file that cannot be opened, a tampered row)
  2  the command or a setting cannot be meant
  3  the database, a store or a port does not answer now

settings are environment variables VANTHU_*, e.g. VANTHU_DATA_DIR, VANTHU_DATABASE_URL,
VANTHU_OBJECTS_URL, VANTHU_BROKER_URL, VANTHU_MODE; without any, everything lives in ./var.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `vanthu --help`)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Vietnamese whatever the locale; a file name that is no UTF-8 is escaped as JSON does.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    chosen = parser().parse_args(arguments)
    module, function = chosen.run.split(":")
    try:
        run: Callable[[argparse.Namespace], int] = getattr(import_module(module), function)
        return run(chosen)
    except Unavailable as down:
        sys.stderr.write(f"vanthu: {down}\n")
        return UNAVAILABLE
    except Refusal as refused:
        sys.stderr.write(f"vanthu: {refused}\n")
        return REFUSED
    except Misused as misused:
        sys.stderr.write(f"vanthu: {misused}\n")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        return OK


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    top = argparse.ArgumentParser(
        prog="vanthu",
        description="Vanthu (văn thư cơ quan): a commune's documents, signed for real.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    serve = _command(
        commands,
        "serve",
        "api.commands.serving:serve",
        "serve the API and, without a broker, do its jobs; in development found an office first",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=_port, default=8000, help="port, 0 for any (%(default)s)")

    _command(
        commands,
        "migrate",
        "api.commands.serving:migrate_database",
        "bring the database to the tables of this release",
    )

    worker = _command(
        commands, "worker", "api.commands.serving:work", "do jobs from the broker (Celery)"
    )
    worker.add_argument(
        "--concurrency", type=int, default=2, help="jobs done at once (%(default)s)"
    )

    demo = _command(
        commands, "demo", "api.demo:main", "walk the main job on a fresh office, over HTTP"
    )
    demo.add_argument(
        "--out", type=Path, default=Path("var/demo"), help="folder for its results (%(default)s)"
    )

    validate = _command(
        commands,
        "validate",
        "api.commands.checking:validate",
        "judge the signatures of PDF files; needs no office",
    )
    validate.add_argument("files", type=Path, nargs="+", metavar="FILE")
    validate.add_argument("--json", action="store_true", help="one JSON object per line and file")
    validate.add_argument("--anchors", type=Path, help="folder of trusted certificates (PEM, DER)")
    validate.add_argument(
        "--pki",
        type=Path,
        default=Path("var/pki"),
        help="development authority to trust as well, if it is there (%(default)s)",
    )
    validate.add_argument(
        "--at",
        type=_moment,
        metavar="TIME",
        help="judge as of then: ISO 8601 with an offset, or a date: its end in Vietnam (now)",
    )
    validate.add_argument(
        "--max-bytes",
        type=_size,
        default=50_000_000,
        metavar="N",
        help="the largest file that is read (%(default)s)",
    )

    _verify(commands)
    _token_sign(commands)
    _workflows(commands)
    _organisations(commands)
    _accounts(commands)
    _jobs(commands)

    _command(commands, "log", "api.commands.log:state", "say how the log above the journal stands")

    _evidence(commands)

    openapi = _command(
        commands, "openapi", "api.commands.checking:openapi", "write the API's description"
    )
    openapi.add_argument("--out", type=Path, required=True, metavar="FILE")
    openapi.add_argument("--check", action="store_true", help="only say whether it is in step")

    fsck = _command(
        commands,
        "fsck",
        "api.commands.inspecting:fsck",
        "check everything that is kept: rows, files, verdicts, numbers, journal, log",
    )
    fsck.add_argument("--json", action="store_true", help="one JSON object per finding, and a sum")

    journal = commands.add_parser("journal", help="look after the journal").add_subparsers(
        metavar="ACTION", required=True
    )
    _command(
        journal,
        "verify",
        "api.commands.inspecting:verify_journal",
        "walk every chain and compare every row with it",
    )
    return top


def _verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = _command(
        commands,
        "verify",
        "api.commands.verifying:verify",
        "check an auditor's evidence bundle; needs no office and no network",
    )
    verify.add_argument("bundle", type=Path, metavar="BUNDLE")
    verify.add_argument(
        "--pdfs", type=Path, metavar="DIR", help="folder with the files, to judge them again"
    )
    verify.add_argument(
        "--anchors",
        type=Path,
        metavar="DIR",
        help="folder of certificates to trust (PEM, DER) in place of the bundle's own",
    )
    verify.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="a checkpoint that you kept from before"
    )
    verify.add_argument("--json", action="store_true", help="the verdict as one JSON object")


def _token_sign(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    token_sign = _command(
        commands,
        "token-sign",
        "api.commands.token_sign:sign",
        "sign documents of a server with the key on a token in this computer",
    )
    token_sign.add_argument("documents", type=uuid.UUID, nargs="+", metavar="DOCUMENT_ID")
    token_sign.add_argument("--server", required=True, metavar="URL", help="https://…")
    token_sign.add_argument("--user", required=True, metavar="NAME", help="sign-in at the server")
    token_sign.add_argument(
        "--module",
        type=Path,
        required=True,
        metavar="PKCS11.so",
        help="the token's PKCS#11 library",
    )
    token_sign.add_argument("--token", metavar="LABEL", help="which token, if there are several")
    which = token_sign.add_mutually_exclusive_group()
    which.add_argument("--label", help="which key, if the token has several: its label")
    which.add_argument("--id", type=bytes.fromhex, metavar="HEX", help="or its id")
    token_sign.add_argument(
        "--step",
        choices=("sign", "seal"),
        help="take this step first; without it, only complete what waits",
    )
    for what, prompted in (("password", "password at the server"), ("pin", "PIN of the token")):
        token_sign.add_argument(
            f"--{what}-file",
            type=Path,
            metavar="FILE",
            help=f"where the {prompted} is, e.g. /dev/fd/3; without it, it is asked for",
        )


def _evidence(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    actions = commands.add_parser("evidence", help="give an auditor everything").add_subparsers(
        metavar="ACTION", required=True
    )
    export = _command(
        actions,
        "export",
        "api.commands.evidence:write",
        "write a bundle from which the indicator is computed again without this office",
    )
    export.add_argument(
        "organisations", nargs="+", metavar="ORGANISATION_CODE", help="such as H56.11.05"
    )
    export.add_argument("--period", required=True, help="2026, 2026-Q4 or 2026-11")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument(
        "--checkpoint",
        type=int,
        metavar="SIZE",
        help="as of this signed checkpoint (the newest that is time-stamped, or else the newest)",
    )
    export.add_argument(
        "--since", type=int, metavar="SIZE", help="prove that the log only grew since this one"
    )
    export.add_argument("--pdfs", action="store_true", help="with the files themselves")


def _workflows(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    actions = commands.add_parser("workflows", help="look after the definitions").add_subparsers(
        metavar="ACTION", required=True
    )
    _command(
        actions,
        "check",
        "api.commands.checking:check_workflows",
        "check every definition, with a counter-example where one fails",
    )
    kinds = commands.add_parser("kinds", help="look after kinds of dossier").add_subparsers(
        metavar="ACTION", required=True
    )
    check = _command(
        kinds,
        "check",
        "api.commands.checking:check_kinds",
        "check the kinds that ship, together with those of a folder",
    )
    check.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="see VANTHU_KINDS")
    diagram = _command(
        actions, "diagram", "api.commands.checking:draw_workflows", "draw every definition"
    )
    diagram.add_argument("--out", type=Path, required=True, metavar="DIR")
    diagram.add_argument("--check", action="store_true", help="only say whether they are in step")


def _organisations(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    actions = commands.add_parser(
        "organisations", help="begin an installation outside development"
    ).add_subparsers(metavar="ACTION", required=True)
    create = _command(
        actions,
        "create",
        "api.commands.organisations:create",
        "make an organisation above no other, and its administrator's account",
    )
    for name, help in (
        ("code", "identifier, at most 35 characters (QĐ 20/2020)"),
        ("name", "its name"),
        ("kind", "commune, province, department or office"),
        ("place", "địa danh on its documents"),
        ("administrator", "full name of the administrator"),
        ("username", "sign-in of the administrator; the password is asked for"),
    ):
        create.add_argument(f"--{name}", required=True, help=help)
    create.add_argument(
        "--resolve-days",
        type=int,
        required=True,
        help="working days to resolve an incoming document, by its working regulation",
    )


def _jobs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    actions = commands.add_parser("jobs", help="look after jobs").add_subparsers(
        metavar="ACTION", required=True
    )
    _command(actions, "list", "api.commands.jobs:list_jobs", "list jobs that wait or died")
    retry = _command(actions, "retry", "api.commands.jobs:retry", "try a dead job again")
    retry.add_argument("id", metavar="ID", help="id of the job")


def _accounts(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    actions = commands.add_parser("accounts", help="look after sign-ins").add_subparsers(
        metavar="ACTION", required=True
    )
    listing = _command(actions, "list", "api.commands.accounts:list_accounts", "list all accounts")
    listing.add_argument("--json", action="store_true", help="one JSON object per line")
    create = _command(
        actions,
        "create",
        "api.commands.accounts:create",
        "open an account for a person; asks for the password, or reads it from a pipe",
    )
    create.add_argument("username")
    create.add_argument("--person", required=True, metavar="ID", help="id of the person")
    password = _command(
        actions,
        "password",
        "api.commands.accounts:set_password",
        "set a new password and end every session",
    )
    password.add_argument("username")
    disable = _command(
        actions, "disable", "api.commands.accounts:disable", "close an account and its sessions"
    )
    disable.add_argument("username")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: str, help: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    command.set_defaults(run=run)
    return command


def _moment(text: str) -> datetime:
    """A time with its zone, or the end of a day in Vietnam."""
    from workflow.rules.deadlines import end_of_day

    try:
        if "T" not in text.upper() and " " not in text:
            return end_of_day(date.fromisoformat(text)).replace(microsecond=0)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise argparse.ArgumentTypeError(
                f"{text} has no zone: write {text}+07:00, or Z for UTC"
            )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text} is not ISO 8601, such as 2026-11-22T08:00:00+07:00 or 2026-11-22"
        ) from None


def _size(text: str) -> int:
    size = int(text)
    if size < 1:
        raise ValueError(text)
    return size


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port
