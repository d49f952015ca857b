"""Walls that import contracts cannot build: patterns that code may hold only in named places.

Each wall looks at the syntax tree, so text in a string or comment never breaches it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PRODUCT = ("workflow", "signing", "storage", "api")

#: What the law may import: types and pure functions, no clock, no randomness, no input or output.
PURE = frozenset(
    """__future__ base64 bisect calendar collections contextlib dataclasses datetime decimal enum
    fractions functools hashlib heapq itertools json math operator re string textwrap tomllib types
    typing unicodedata uuid""".split()  # noqa: SIM905  a list would be 25 lines
)


@dataclass(frozen=True)
class Wall:
    """A promise about code below some folders, the files excepted from it, and what breaches it."""

    promise: str
    breach: Callable[[ast.AST], bool]
    within: tuple[str, ...]
    planted: tuple[str, ...]  # one breach each; together every way the wall knows
    gates: frozenset[str] = frozenset()

    def breaches(self, source: str) -> list[int]:
        """The lines of Python source that breach the wall."""
        found = (node for node in ast.walk(ast.parse(source)) if self.breach(node))
        return sorted({getattr(node, "lineno", 0) for node in found})

    def breached_in(self, root: Path) -> Iterator[str]:
        """`file:line` of each breach in the project at `root`."""
        for folder in self.within:
            for path in sorted((root / folder).rglob("*.py")):
                name = path.relative_to(root).as_posix()
                if name not in self.gates:
                    source = path.read_text(encoding="utf-8")
                    yield from (f"{name}:{line}" for line in self.breaches(source))


def mentions(*names: str) -> Callable[[ast.AST], bool]:
    """The dotted name is used or imported, by itself or at the end of a longer one."""

    def breach(node: ast.AST) -> bool:
        match node:
            case ast.Attribute():
                used = [ast.unparse(node)]
            case ast.ImportFrom(module=str(module)):
                used = [f"{module}.{alias.name}" for alias in node.names]
            case ast.Import():
                used = [alias.name for alias in node.names]
            case _:
                return False
        return any(f".{one}".endswith(f".{name}") for one in used for name in names)

    return breach


def calls(method: str) -> Callable[[ast.AST], bool]:
    """A method of this name is called, on whatever object."""

    def breach(node: ast.AST) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(attr=attr)):
                return attr == method
        return False

    return breach


def moves_state(node: ast.AST) -> bool:
    """An attribute `state` is assigned, or a column of that name updated."""
    match node:
        case ast.Attribute(attr="state", ctx=ast.Store()):
            return True
        case ast.Call(func=ast.Name("setattr"), args=[_, ast.Constant("state"), _]):
            return True
        case ast.Call(func=ast.Attribute(attr="values"), keywords=keywords):
            return any(keyword.arg == "state" for keyword in keywords)
    return False


def leaves_the_law(node: ast.AST) -> bool:
    """Something is used that is not pure: another library, a file, a random identifier."""
    match node:
        case ast.Import():
            return any(not _lawful(alias.name) for alias in node.names)
        case ast.ImportFrom(module=module, level=level):
            return bool(level) or not _lawful(module or "")
        case ast.Call(func=ast.Name("open" | "print" | "input" | "__import__" | "eval" | "exec")):
            return True
        case ast.Attribute(attr="uuid1" | "uuid4"):
            return True
    return False


def _lawful(module: str) -> bool:
    return module.partition(".")[0] in PURE or f"{module}.".startswith("workflow.rules.")


_CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time")

#: What looks into a page; the rest of `signing.placement` computes.
_PLACEMENT = ("person_box", "top_right", "check_free", "turned")

WALLS = (
    Wall(
        "a case changes state through one door",
        moves_state,
        PRODUCT,
        (
            "case.state = 'issued'",
            "a.state, b = c",
            "case.state += 'x'",
            "setattr(case, 'state', 'issued')",
            "update(Case).values(state='issued')",
        ),
        # A refusal names the state it met; the outbox keeps the state of its jobs, not of cases.
        gates=frozenset(
            {"workflow/transitions.py", "workflow/rules/errors.py", "storage/outbox.py"}
        ),
    ),
    Wall(
        "the office alone commits",
        calls("commit"),
        PRODUCT,
        ("session.commit()", "tx.session.connection().commit()"),
        gates=frozenset({"workflow/office.py"}),
    ),
    Wall(
        "nothing commits by leaving a block",
        calls("begin"),
        PRODUCT,
        ("with engine.begin() as connection: pass",),
        # The door to the database, and migrations, which come before there is an office.
        gates=frozenset(
            {"storage/database.py", "workflow/migrating.py", "workflow/migrations/env.py"}
        ),
    ),
    Wall(
        "time comes from the office's transaction",
        mentions(*_CLOCKS, "func.now"),
        PRODUCT,
        (
            "at = datetime.now(UTC)",
            "field(default_factory=datetime.datetime.utcnow)",
            "on = date.today()",
            "from time import time",
            "time.time()",
            "Column(server_default=func.now())",
        ),
        gates=frozenset(
            {
                "workflow/office.py",
                # The development PKI answers as the outside world would, with its own clock.
                "signing/devca.py",
                "signing/responders.py",
                # How old an answer of a revocation service is, and whether its next update is due.
                "signing/revocation.py",
                "signing/status.py",
                # A validation that is told no moment is of now.
                "signing/validation.py",
                "signing/sandbox.py",
                # As of when a judge just started tries itself on a file that it has just signed.
                "signing/template.py",
                # As of when our own certificates are judged; the time that counts is the stamp's.
                "signing/adoption.py",
                "signing/archive.py",
                "signing/pades.py",
                # The age of files left behind, compared with the file system's clock.
                "storage/local.py",
                # Whether a retention still runs: the place of the objects has its own clock.
                "storage/s3.py",
            }
        ),
    ),
    Wall(
        "pages are searched in the sandbox",
        mentions(*(f"placement.{task}" for task in _PLACEMENT)),
        ("workflow", "api"),
        tuple(f"placement.{task}(source)" for task in _PLACEMENT),
    ),
    Wall(
        "the law is pure",
        leaves_the_law,
        ("workflow/rules",),
        (
            "import sqlalchemy",
            "import os.path",
            "from random import choice",
            "from workflow.records import Case",
            "from . import machine",
            "open('definition.toml')",
            "id = uuid.uuid4()",
        ),
    ),
    Wall(
        "no test waits by the clock",
        mentions("time.sleep", "asyncio.sleep"),
        ("tests",),
        ("time.sleep(1)", "from time import sleep"),
        gates=frozenset({"tests/servers.py"}),  # waits for a server's first answer
    ),
    Wall(
        "tests use working twins, not mocks",
        mentions("unittest.mock", "mock.patch", "mock.Mock", "mock.MagicMock"),
        ("tests",),
        ("import unittest.mock", "from unittest import mock", "@mock.patch('x')\ndef f(): ..."),
    ),
)
