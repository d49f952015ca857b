"""The house stands as drawn: each promise holds, and is seen to fail where it is broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterable
from pathlib import Path

import grimp
import pytest

from tests.walls import PRODUCT, WALLS, Wall

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))

# Contract, file, line added to it.
PLANTED = [
    ("The floors of the house", "storage/planted.py", "import workflow"),
    ("The floors of the house", "signing/planted.py", "import storage.errors"),
    ("The floors of the house", "workflow/planted.py", "import api"),
    ("The rooms of the office", "workflow/planted.py", "# a room without a place"),
    ("The rooms of the office", "workflow/settings.py", "import workflow.office"),
    ("The rooms of the office", "workflow/filing.py", "import workflow.accounts"),
    ("No circles inside the office", "workflow/files.py", "import workflow.judging"),
    ("The law uses nothing but the standard library", "workflow/rules/planted.py", "import minio"),
    ("Only the counter speaks HTTP", "storage/planted.py", "from starlette import requests"),
    ("The counter reaches seal and archive through the office", "api/planted.py", "import signing"),
    ("Only the seal knows PDF signatures and certificates", "api/planted.py", "import pyhanko"),
    (
        "Files from outside are opened in the sandbox",
        "workflow/planted.py",
        "from signing.validation import validate",
    ),
    ("Only the S3 store knows its client", "storage/planted.py", "import minio"),
    ("Only the worker knows Celery", "workflow/rules/planted.py", "from celery import Celery"),
    ("Only the printing room typesets", "signing/planted.py", "import fpdf"),
]

# What runs without an office: for an auditor who distrusts the database, and beside a token.
APART = ("workflow.validating", "workflow.verifier", "workflow.token_client")

# Written so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.~*])/(?:root|work|home/\w+)/")
INDEX_ADDRESS = re.compile(
    r"pypi\.(?:org|python)|pythonhosted\.|registry\.npmjs|(?:deb|security)\.debian\.org"
    r"|--(?:extra-)?index-url[ =]"
)


def lint_imports(folder: Path) -> str:
    """What import-linter says of the project in the folder."""
    run = subprocess.run(
        [SCRIPTS / "lint-imports", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return run.stdout + run.stderr


def test_the_import_contracts_hold() -> None:
    said = lint_imports(ROOT)
    assert re.search(r"Contracts: \d+ kept, 0 broken\.", said), said


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_import_breaks_its_contract(
    contract: str, file: str, line: str, tmp_path: Path
) -> None:
    for folder in PRODUCT:
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    said = lint_imports(tmp_path)
    assert f"{contract} BROKEN" in said, said


def test_every_contract_is_seen_to_break() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["name"] for one in project["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for contract, _, _ in PLANTED}


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.promise)
def test_a_wall_stands(wall: Wall) -> None:
    assert list(wall.breached_in(ROOT)) == []


@pytest.mark.parametrize(
    ("wall", "source"),
    [pytest.param(wall, source, id=source) for wall in WALLS for source in wall.planted],
)
def test_a_wall_catches_what_is_planted(wall: Wall, source: str, tmp_path: Path) -> None:
    place = tmp_path / wall.within[0] / "planted.py"
    place.parent.mkdir(parents=True)
    place.write_text(f"honest = 1\n{source}\n", encoding="utf-8")
    (breach,) = wall.breached_in(tmp_path)
    assert breach == f"{wall.within[0]}/planted.py:2"


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.promise)
def test_a_wall_has_no_gate_without_use(wall: Wall) -> None:
    idle = [gate for gate in wall.gates if not wall.breaches((ROOT / gate).read_text("utf-8"))]
    assert idle == []


def needed_beyond_law_and_seal(graph: grimp.ImportGraph, module: str) -> set[str]:
    """Modules of ours that the module needs, however far, besides itself, the law and the seal."""
    needed = graph.find_upstream_modules(module, as_package=True)
    ours = {name for name in needed if name.startswith(PRODUCT)}
    known = (f"{module}.", "workflow.rules.", "signing.")
    return {name for name in ours if not f"{name}.".startswith(known)}


def test_validation_needs_no_database() -> None:
    graph = grimp.build_graph(*PRODUCT, cache_dir=None)
    for module in set(APART) & graph.modules:
        assert needed_beyond_law_and_seal(graph, module) == set()


@pytest.mark.parametrize(
    ("module", "part"),
    [
        ("workflow.validating", "workflow.validating"),
        ("workflow.verifier", "workflow.verifier.pdfs"),
    ],
)
def test_a_planted_way_to_the_database_is_found(module: str, part: str) -> None:
    graph = grimp.build_graph(*PRODUCT, cache_dir=None)
    graph.add_import(importer=part, imported="signing.errors")
    assert needed_beyond_law_and_seal(graph, module) == set()
    graph.add_import(importer="signing.errors", imported="storage.errors")
    assert needed_beyond_law_and_seal(graph, module) == {"storage.errors"}


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\n\nat = datetime.datetime(2026, 1, 31)\n",
        "from datetime import datetime\n\nat = datetime.fromtimestamp(0)\n",
        "from datetime import datetime\n\nat = datetime.strptime('2026', '%Y')\n",
    ],
)
def test_the_linter_refuses_moments_without_a_zone(source: str) -> None:
    run = subprocess.run(
        [SCRIPTS / "ruff", "check", "--no-cache", "--stdin-filename", "workflow/planted.py", "-"],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "DTZ" in run.stdout, run.stdout + run.stderr


def folders_outside_the_package(tests: Path) -> set[str]:
    """Folders with tests in them or below that are not packages.

    Without `__init__.py`, `tests/signing` would shadow the product's `signing`.
    """
    above = {
        folder
        for path in tests.rglob("*.py")
        for folder in path.parents
        if folder == tests or tests in folder.parents
    }
    return {str(folder) for folder in above if not (folder / "__init__.py").is_file()}


def test_tests_are_a_package_all_the_way_down() -> None:
    assert folders_outside_the_package(ROOT / "tests") == set()


def test_a_planted_folder_outside_the_package_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "signing" / "deep"
    deep.mkdir(parents=True)
    for made in (tmp_path / "__init__.py", deep / "__init__.py", deep / "test_a.py"):
        made.touch()
    assert folders_outside_the_package(tmp_path) == {str(tmp_path / "signing")}


def addresses_in(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Paths of somebody's machine and package indexes named in the files."""
    return [
        f"{name}: {found.group()}"
        for name, text in texts
        for pattern in (MACHINE_PATH, INDEX_ADDRESS)
        for found in pattern.finditer(text)
    ]


def test_no_file_names_a_machine_or_an_index() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip(f"git cannot list the files of the project: {listing.stderr}")
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    texts = (
        (str(file.relative_to(ROOT)), file.read_text(encoding="utf-8", errors="ignore"))
        for file in files
        if file.is_file()
    )
    assert addresses_in(texts) == []


@pytest.mark.parametrize(
    "text",
    [
        "see " + "/" + "root/project",
        "cd '" + "/" + "work/main'",
        "https://files." + "python" + "hosted.org/x.whl",
        "https://" + "pypi" + ".org/simple",
        "--index" + "-url=https://mirror.example/simple",
    ],
)
def test_a_planted_machine_or_index_is_found(text: str) -> None:
    assert len(addresses_in([("planted.md", f"Read this: {text}, please.")])) == 1


@pytest.mark.parametrize("text", ["docs/work/plan.md", "uv pip compile --no-emit-index-url"])
def test_what_only_looks_like_an_address_is_left_alone(text: str) -> None:
    assert addresses_in([("honest.md", text)]) == []
