"""Other programs that sign a PDF, each in an environment of its own that is thrown away.

A peer is a process that names its version, then reads lines `source<TAB>target<TAB>what`, signs,
and answers `signed` or says why not: a warm process, its key loaded, like a worker of ours. `what`
is B-B for all of them; pyHanko does more.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import venv
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_HERE = Path(__file__).parent
_JARS = Path("/usr/share/java")


class Absent(Exception):  # noqa: N818  it states a fact
    """The peer cannot be had on this machine; the text says why."""


class Failed(Exception):  # noqa: N818  it states a fact
    """The peer did not sign a file; the text is its own."""


@dataclass(frozen=True)
class Peer:
    """A program to compare with: `install` makes ready in a folder and returns what to run."""

    name: str
    install: Callable[[Path], Sequence[str]]  # raises Absent


class Running(AbstractContextManager["Running"]):
    """A peer that has been started; `keys` is where the keys of the bench are."""

    def __init__(self, command: Sequence[str], keys: Path, passphrase: str) -> None:
        self._process = subprocess.Popen(
            [*command, str(keys), passphrase],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.version = self._line()

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def sign(self, source: Path, target: Path, what: str = "B-B") -> float:
        """CPU milliseconds. Raises Failed."""
        assert self._process.stdin is not None
        started = self._cpu()
        self._process.stdin.write(f"{source}\t{target}\t{what}\n")
        self._process.stdin.flush()
        answer = self._line()
        if answer != "signed":
            raise Failed(answer)
        return 1000 * (self._cpu() - started)

    def _cpu(self) -> float:
        # clock_getcpuclockid(3): the clock of another process and all its threads.
        return time.clock_gettime((~self.pid << 3) | 2)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise Failed("it ended")
        return line


def _run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Absent(f"{command[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def _python(folder: Path, script: str, *packages: str) -> Sequence[str]:
    try:
        venv.create(folder / "venv", with_pip=True)
    except subprocess.CalledProcessError as fault:
        raise Absent("apt-get install python3-venv") from fault
    python = str(folder / "venv" / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", *packages, cwd=folder)
    return [python, str(_HERE / script)]


def _pyhanko(folder: Path) -> Sequence[str]:
    same = ("pyhanko-certvalidator", "cryptography", "asn1crypto")
    ours = [f"{name}=={version(name)}" for name in same]
    # Its stamps in Vietnamese need more than this project installs.
    wanted = f"pyhanko[opentype]=={version('pyhanko')}"
    return _python(folder, "pyhanko_peer.py", wanted, *ours)


def _endesive(folder: Path) -> Sequence[str]:
    # It does not run with pypdf 7.
    return _python(folder, "endesive_peer.py", "endesive==3.0.1", "pypdf<7")


def _signpdf(folder: Path) -> Sequence[str]:
    for needed in ("node", "npm"):
        if shutil.which(needed) is None:
            raise Absent(f"no {needed}")
    shutil.copy(_HERE / "signpdf_peer.mjs", folder)
    packages = [f"@signpdf/{part}@3.3.0" for part in ("signpdf", "placeholder-plain", "signer-p12")]
    (folder / "package.json").write_text("{}")
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", *packages, cwd=folder)
    return ["node", str(folder / "signpdf_peer.mjs")]


def _pdfbox(folder: Path) -> Sequence[str]:
    parts = ("pdfbox2", "fontbox2", "commons-logging", "bcprov", "bcpkix", "bcutil")
    jars = [_JARS / f"{name}.jar" for name in parts]
    missing = [jar.name for jar in jars if not jar.exists()]
    if missing or shutil.which("javac") is None:
        raise Absent(
            "apt-get install default-jdk-headless libpdfbox2-java libbcpkix-java"
            f" ({', '.join(missing) or 'javac'} missing)"
        )
    path = ":".join(map(str, (*jars, folder)))
    _run("javac", "-cp", path, "-d", str(folder), str(_HERE / "PdfBoxPeer.java"), cwd=folder)
    return ["java", "-cp", path, "PdfBoxPeer"]


PEERS = (
    Peer("pyHanko", _pyhanko),
    Peer("PDFBox + BouncyCastle", _pdfbox),
    Peer("endesive", _endesive),
    Peer("@signpdf", _signpdf),
)
