"""Who judges in the bench: this project, and pyHanko as its documentation shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from asn1crypto.x509 import Certificate
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from benchmarks.measuring import Cost
from benchmarks.pki import PASSPHRASE
from signing import pades
from signing.children import Use
from signing.keys import LiveKey
from signing.permission import LIMITS
from signing.report import Level
from signing.sandbox import Sandbox
from signing.trust import Trust


@dataclass(frozen=True)
class Plain:
    """pyHanko with the keys in a folder (`Office.write_keys`)."""

    keys: Path

    def sign(self, source: Path, target: Path) -> None:
        """B-LT as it does by default: the validation data in a revision behind the signature."""
        signer = SimpleSigner.load_pkcs12(
            str(self.keys / "person.p12"), passphrase=PASSPHRASE.encode()
        )
        assert signer is not None
        context = ValidationContext(
            trust_roots=[self._certificate("root")],
            other_certs=[self._certificate("issuing")],
            allow_fetching=True,
            revocation_mode="require",
        )
        about = PdfSignatureMetadata(
            field_name="person1",
            subfilter=SigSeedSubFilter.PADES,
            embed_validation_info=True,
            validation_context=context,
        )
        stamper = HTTPTimeStamper((self.keys / "tsa-url").read_text())
        with source.open("rb") as read, target.open("wb") as written:
            out = PdfSigner(about, signer, timestamper=stamper).sign_pdf(
                IncrementalPdfFileWriter(read)
            )
            written.write(out.getbuffer())

    def judge(self, path: Path, *, differences: bool = True) -> None:
        """Each signature by what the file brings, and what later revisions changed.

        Raises ValueError when a signature is not intact, and what pyHanko raises.
        """
        given = {"trust_roots": [self._certificate("root")], "allow_fetching": False}
        with path.open("rb") as stream:
            reader = PdfFileReader(stream)
            context = ValidationContext(**given)  # type: ignore[arg-type]
            if "/DSS" in reader.root:
                context = DocumentSecurityStore.read_dss(reader).as_validation_context(given)
            for signature in reader.embedded_regular_signatures:
                status = validate_pdf_signature(signature, context, skip_diff=not differences)
                if not (status.intact and status.valid):
                    raise ValueError(status.summary())

    def _certificate(self, name: str) -> Certificate:
        return load_cert_from_pemder(str(self.keys / f"{name}.pem"))


def sign(
    source: Path, target: Path, key: LiveKey, trust: Trust, level: Level, times: int = 1
) -> None:
    """Ours: everything of a signature in its own revision; several times, one upon the other."""
    for number in range(1, times + 1):
        pades.sign(source, target, key=key, field=f"person{number}", level=level, trust=trust)
        source = target


class Ours(Sandbox):
    """The service's way to a verdict, and what it costs: the service, its template, the child."""

    def __init__(self) -> None:
        super().__init__()
        self._child = Use(0, 0, 0)

    def judged(self, path: Path, trust: Trust) -> Cost:
        """Judge a file that is intact. Raises ValueError when the sandbox says another thing."""
        before = time.process_time() + self._template_seconds()
        report = self.validate(path, trust=trust, limits=LIMITS)
        spent = time.process_time() + self._template_seconds() - before
        if report.integrity != "INTACT":
            raise ValueError(f"{report.integrity}: {report.reasons[0].sentence}")
        return Cost(1000 * (spent + self._child.cpu_seconds), self._child.peak_bytes)

    def _child_ended(self, used: Use) -> None:
        super()._child_ended(used)
        self._child = used

    def _template_seconds(self) -> float:
        """CPU of the template itself: it forks, and reaps. 0 before it has started."""
        # proc(5): the first number of schedstat, in nanoseconds, is of the process alone.
        for task in Path("/proc/self/task").iterdir():
            for pid in (task / "children").read_text().split():
                if "signing.template" in Path(f"/proc/{pid}/cmdline").read_text():
                    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        return 0
