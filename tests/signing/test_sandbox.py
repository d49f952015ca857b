"""The sandbox: the same answers as in process, and none that a child could forge."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from signing import pades, validation
from signing.children import Use
from signing.confinement import Bounds
from signing.errors import SandboxBusy, SigningRefused, TrustUnavailable, UnreadablePdf
from signing.pades import Level
from signing.permission import LIMITS
from signing.report import SignatureReport
from signing.revocation import HttpRevocation
from signing.sandbox import Sandbox
from signing.trust import Evidence, Trust
from tests.signing import pdfs, pki, wire
from tests.signing.cell import TRICKS
from tests.signing.conftest import Office, Trip
from tests.signing.test_corpus import CORPUS

NOBODY = Trust(anchors=())
ROOT = Path(__file__).parents[2]
LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")


class Cell(Sandbox):
    """A sandbox whose judge does what the file tells it; see `tests.signing.cell`."""

    _PROGRAM = "tests.signing.cell"

    def _child_ended(self, used: Use) -> None:
        self.used = used


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    with Cell(Bounds(cpu_seconds=1, wall_seconds=3), most_children=3) as opened:
        yield opened


@pytest.fixture(scope="module")
def signed(office: Office, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each level."""
    folder = tmp_path_factory.mktemp("levels")
    plain = pdfs.plain(folder / "plain.pdf")
    for level in LEVELS:
        pades.sign(
            plain,
            folder / level,
            key=office.person,
            field="person1",
            level=level,
            trust=office.ca.trust,
        )
    return {level: folder / level for level in LEVELS}


def children_of(process: int) -> set[int]:
    """The processes that this one started and has not reaped."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


def template_of(before: set[int]) -> int:
    (template,) = children_of(os.getpid()) - before
    return template


def codes(report: SignatureReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def until_gone(process: int) -> None:
    """Wait for a process that is not ours to end."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 10)[0], "it lives on"
    finally:
        os.close(descriptor)


# --- the same answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_the_verdict_is_that_of_the_judge_in_process(
    sandbox: Sandbox, office: Office, signed: dict[str, Path], level: str
) -> None:
    now = datetime.now(UTC)
    for source in (signed[level], signed[level].read_bytes()):
        expected = validation.judge(source, trust=office.ca.trust, at=now)
        assert sandbox.judge(source, trust=office.ca.trust, at=now) == expected
        assert expected.report.verdict == "HOP_LE"


def test_what_is_asked_of_the_judge_reaches_it(
    sandbox: Sandbox, office: Office, trip: Trip
) -> None:
    trust = office.ca.trust
    filled = dict(pdfs.FILL)
    assert sandbox.validate(trip.sealed, trust=trust, expected_fill=filled).verdict == "HOP_LE"
    other = filled | {"vanthu.number": "Số: 16/QĐ-UBND"}
    report = sandbox.validate(trip.sealed, trust=trust, expected_fill=other)
    assert "fill_mismatch" in codes(report)
    few = validation.Limits(max_signatures=1)
    assert "too_many_signatures" in codes(sandbox.validate(trip.sealed, trust=trust, limits=few))
    early = datetime(2020, 1, 1, tzinfo=UTC)
    assert sandbox.validate(trip.signed, trust=trust, at=early).checked_at == early


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
def test_the_corpus_is_judged_as_in_process(sandbox: Sandbox) -> None:
    """Among others, no file makes a child import what it cannot import any more."""
    now = datetime.now(UTC)
    for path in sorted((CORPUS / "pdf").iterdir()):
        expected = validation.judge(path, trust=NOBODY, at=now)
        assert sandbox.judge(path, trust=NOBODY, at=now) == expected, path.name


def test_an_unreadable_path_is_the_callers_affair(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sandbox.validate(tmp_path / "no.pdf", trust=NOBODY)


# --- what only the service knows ----------------------------------------------------------------


class Source:
    """Tells what another source tells, and notes how it was asked; or is away."""

    def __init__(self, office: Office, away: bool = False) -> None:
        (self._behind,) = office.ca.trust.revocation
        self.away = away
        self.fetched: list[bool] = []

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:
        self.fetched.append(fetch)
        if self.away:
            raise TrustUnavailable("OCSP")
        return self._behind.evidence(certificates, fetch=fetch)


@pytest.mark.parametrize(("away", "verdict"), [(False, "HOP_LE"), (True, "KHONG_XAC_DINH")])
def test_a_child_hears_what_the_service_knows_and_nobody_is_asked(
    sandbox: Sandbox, office: Office, signed: dict[str, Path], away: bool, verdict: str
) -> None:
    source = Source(office, away)
    trust = Trust(office.ca.trust.anchors, office.ca.trust.intermediates, (source,))
    assert sandbox.validate(signed["B-B"], trust=trust).verdict == verdict
    assert source.fetched
    assert not any(source.fetched)


def test_status_is_asked_of_the_sources_about_a_file_of_ours(
    sandbox: Sandbox, office: Office, signed: dict[str, Path], tmp_path: Path
) -> None:
    source = Source(office)
    trust = Trust(office.ca.trust.anchors, office.ca.trust.intermediates, (source,))
    sandbox.ask_status(signed["B-B"], trust=trust)
    assert source.fetched == [True]
    source.away = True
    with pytest.raises(TrustUnavailable):
        sandbox.ask_status(signed["B-B"], trust=trust)
    (tmp_path / "no.pdf").write_bytes(b"no")
    with pytest.raises(UnreadablePdf):
        sandbox.ask_status(tmp_path / "no.pdf", trust=trust)


def test_no_connection_is_made_while_validating(sandbox: Sandbox, tmp_path: Path) -> None:
    """The canary: every address in the certificates is its own, and it is never visited."""
    with wire.serving() as canary:
        key = canary.pki.issue(pki.Profile(status=("ocsp", "crl")))
        path, anchors = pdfs.plain(tmp_path / "a.pdf"), (canary.pki.root.certificate,)
        pdfs.signed_elsewhere(path, key, "agency")
        source = HttpRevocation([canary.host], anchors)
        for trust in (NOBODY, Trust(anchors), Trust(anchors, revocation=(source,))):
            report = sandbox.validate(path, trust=trust)
            assert report.integrity == "INTACT"
            assert report.verdict == "KHONG_XAC_DINH"
        assert (canary.connections, canary.asked) == (0, {})
        with socket.create_connection(("127.0.0.1", canary.port)) as visit:
            visit.sendall(b"GET / HTTP/1.0\r\n\r\n")
            visit.recv(1)
        assert canary.connections == 1, "it would have noticed"


# --- other tasks --------------------------------------------------------------------------------


def test_a_draft_is_made_sound_or_left_alone_or_refused(
    sandbox: Sandbox, trip: Trip, tmp_path: Path
) -> None:
    target = tmp_path / "sound.pdf"
    assert not sandbox.make_sound(pdfs.plain(tmp_path / "plain.pdf"), target)
    assert not target.exists()
    assert sandbox.make_sound(pdfs.hybrid(tmp_path / "word.pdf"), target)
    assert not sandbox.make_sound(target, tmp_path / "again.pdf")
    with pytest.raises(SigningRefused) as refused:
        sandbox.make_sound(trip.sealed, target)
    assert refused.value.code == "locked"
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7\n%%EOF")
    with pytest.raises(UnreadablePdf, match="cắt cụt"):
        sandbox.make_sound(tmp_path / "no.pdf", target)


# --- a child that was taken over ----------------------------------------------------------------


@pytest.mark.parametrize("trick", TRICKS)
def test_a_child_that_gives_no_answer_has_decided_nothing(
    cell: Cell, office: Office, signed: dict[str, Path], trick: str
) -> None:
    started = monotonic()
    report = cell.validate(trick.encode(), trust=NOBODY)
    assert monotonic() - started < 30
    assert (report.integrity, report.verdict) == ("UNDECIDED", "KHONG_XAC_DINH")
    assert codes(report) == ["resources_exhausted"]
    assert report.size_bytes == len(trick)
    # And the service goes on.
    assert cell.validate(signed["B-LT"], trust=office.ca.trust).verdict == "HOP_LE"


def test_an_answer_that_is_none_is_a_refusal(cell: Cell, tmp_path: Path) -> None:
    path = pdfs.plain(tmp_path / "a.pdf")
    with pytest.raises(UnreadablePdf, match="đòi hỏi"):
        cell.top_right(path, 90, 20)
    with pytest.raises(UnreadablePdf, match="đòi hỏi"):
        cell.person_box(path, ["CHỦ TỊCH"], "a", 90, 20)


@pytest.mark.parametrize("trick", ["hoard", "hoard regardless"])
def test_a_child_has_no_more_memory_than_its_share(trick: str) -> None:
    with Cell(Bounds(cpu_seconds=3)) as cell:
        cell.validate(trick.encode(), trust=NOBODY)
        assert 400 << 20 < cell.used.peak_bytes <= 512 << 20


def test_a_child_has_no_more_time_than_its_share() -> None:
    with Cell(Bounds(cpu_seconds=1, wall_seconds=60)) as cell:
        cell.validate(b"spin", trust=NOBODY)
        assert 0.5 < cell.used.cpu_seconds < 2
        assert cell.used.status == -signal.SIGKILL


def test_a_child_can_reach_nothing(cell: Cell, tmp_path: Path) -> None:
    with wire.serving() as canary:
        path = tmp_path / "told.txt"
        path.write_text(f"escape {canary.port} {path}")
        path.chmod(0o600)
        with pytest.raises(SigningRefused) as tried:
            cell.turned(path, 0)
        assert (tried.value.code, str(tried.value)) == ("escaped", "")
        assert canary.connections == 0
    assert [item.name for item in tmp_path.iterdir()] == ["told.txt"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_the_cell_tries_can_be_done_outside_of_it(tmp_path: Path) -> None:
    """The twin of the test above: each attempt would have been noticed."""
    script = (
        "import sys; from pathlib import Path; from signing.channel import Message\n"
        "from signing.tasks import Job; from tests.signing import cell\n"
        "path = Path(sys.argv[2])\n"
        "for name, attempt in cell._attempts(int(sys.argv[1]), path):\n"
        "    if name == 'fork': continue\n"
        "    path.write_text('')\n"
        "    attempt(); print(name)\n"
    )
    with wire.serving() as canary:
        done = subprocess.run(
            [sys.executable, "-c", script, str(canary.port), str(tmp_path / "a.txt")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    assert len(done.stdout.splitlines()) == 18


# --- nothing is left behind ---------------------------------------------------------------------


def test_neither_descriptors_nor_processes_are_left(
    office: Office, signed: dict[str, Path]
) -> None:
    before = children_of(os.getpid())
    with Cell(Bounds(cpu_seconds=1, wall_seconds=1)) as cell:
        cell.validate(b"", trust=NOBODY)
        template = template_of(before)
        held = [len(os.listdir(f"/proc/{process}/fd")) for process in (os.getpid(), template)]
        for trick in ("leave", "wait", "segfault", "nonsense", "raise", "flood"):
            cell.validate(trick.encode(), trust=NOBODY)
        for _ in range(20):
            cell.validate(signed["B-LT"], trust=office.ca.trust)
        now = [len(os.listdir(f"/proc/{process}/fd")) for process in (os.getpid(), template)]
        assert now == held
        assert not children_of(template)
    assert children_of(os.getpid()) == before


def test_a_template_that_died_is_replaced(office: Office, signed: dict[str, Path]) -> None:
    before = children_of(os.getpid())
    with Sandbox() as sandbox:
        for _ in range(3):
            assert sandbox.validate(signed["B-LT"], trust=office.ca.trust).verdict == "HOP_LE"
            os.kill(template_of(before), signal.SIGKILL)
    assert children_of(os.getpid()) == before


def test_a_template_that_dies_under_a_file_is_tried_once_more(
    office: Office, signed: dict[str, Path]
) -> None:
    before = children_of(os.getpid())
    with Cell(Bounds(wall_seconds=20)) as cell, ThreadPoolExecutor(1) as threads:
        judging = threads.submit(cell.validate, b"wait", trust=NOBODY)
        for _ in range(2):
            child = _first_grandchild(before)
            os.kill(template_of(before), signal.SIGKILL)
            until_gone(child)
        assert codes(judging.result(30)) == ["resources_exhausted"]
        assert cell.validate(signed["B-LT"], trust=office.ca.trust).verdict == "HOP_LE"


def _first_grandchild(before: set[int]) -> int:
    ends_at = monotonic() + 20
    while monotonic() < ends_at:
        for template in children_of(os.getpid()) - before:
            try:
                if found := children_of(template):
                    return found.pop()
            except FileNotFoundError:
                continue
    raise AssertionError("no child")


def test_nothing_outlives_the_service() -> None:
    script = (
        "import threading; from signing.trust import Trust\n"
        "from tests.signing.test_sandbox import Cell, _first_grandchild, template_of\n"
        "cell = Cell()\n"
        "judging = lambda: cell.validate(b'wait', trust=Trust(anchors=()))\n"
        "threading.Thread(target=judging).start()\n"
        "child = _first_grandchild(set()); print(template_of(set()), child, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        template, child = map(int, service.stdout.readline().split())
        service.kill()
    until_gone(template)
    until_gone(child)


# --- many at once -------------------------------------------------------------------------------


def test_many_threads_are_answered(office: Office, signed: dict[str, Path]) -> None:
    trust, now = office.ca.trust, datetime.now(UTC)
    expected = {path: validation.validate(path, trust=trust, at=now) for path in signed.values()}
    with Sandbox(most_children=2) as sandbox, ThreadPoolExecutor(8) as threads:
        paths = list(signed.values()) * 5
        found = threads.map(lambda path: sandbox.validate(path, trust=trust, at=now), paths)
        assert list(found) == [expected[path] for path in paths]


def test_a_file_waits_for_its_turn_but_not_for_ever() -> None:
    before = children_of(os.getpid())
    bounds = Bounds(wall_seconds=3)
    with Cell(bounds, most_children=1, patience_seconds=0.1) as cell, ThreadPoolExecutor(1) as one:
        judging = one.submit(cell.validate, b"wait", trust=NOBODY)
        _first_grandchild(before)
        with pytest.raises(SandboxBusy):
            cell.validate(b"", trust=NOBODY)
        assert codes(judging.result()) == ["resources_exhausted"]
        assert cell.validate(b"", trust=NOBODY).verdict == "KHONG_DOC_DUOC"


def test_the_limits_are_those_that_were_promised() -> None:
    assert Bounds() == Bounds(20, 25, 512 << 20, 50_000_000)
    assert LIMITS.max_bytes >= 150_000_000
