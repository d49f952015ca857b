"""Trust in each signature: the best time proven for it, and its certificate at that time.

EN 319 102-1 §5.6 in outline: go from the newest signature to the oldest. A document time-stamp that
can be trusted proves that everything it covers existed at its time; a signature's own time-stamp
token proves a time for that signature. What is proven to have existed then is judged as of then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from asn1crypto import cms, x509
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints

from signing.chain import SIGNING, TIME_STAMPING, ChainVerdict, judge
from signing.errors import TrustUnavailable
from signing.examination import Examination, Examined, certificates
from signing.reading import prefix_sha256
from signing.report import Finding, Indication, Level, SignatureFinding
from signing.security_store import stored
from signing.timestamps import token_time
from signing.trust import Evidence, Trust, is_development, strongly_digested
from signing.words import finding

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

# EN 319 102-1 §5.1.3: what our findings on integrity are called there.
_FAILURES = {"digest_mismatch": "HASH_FAILURE", "changed_after": "HASH_FAILURE"} | {
    "signature_mismatch": "SIG_CRYPTO_FAILURE",
    "certificate_missing": "NO_SIGNING_CERTIFICATE_FOUND",
}


async def assess(examination: Examination, trust: Trust, at: datetime) -> list[SignatureFinding]:
    """Judge every signature of an examined file as of `at`, in the order of the file."""
    assessor = _Assessor(examination, trust, at)
    return [await assessor.assess(item) for item in reversed(examination.signatures)][::-1]


class _Assessor:
    """Walks from the newest signature to the oldest, carrying the time proven so far."""

    def __init__(self, examination: Examination, trust: Trust, at: datetime) -> None:
        self._reader = examination.reader
        self._trust = trust
        self._at = at
        self._archive = stored(examination.reader.root)
        self._known = certificates_in(examination)
        try:
            fresh = trust.evidence(self._known, fetch=False)
        except TrustUnavailable:
            # Missing evidence is no reason to fail, and never a reason to believe.
            fresh = Evidence()
        # Of two answers of the same second the first counts, so the one from outside goes first.
        self._evidence = fresh + self._archive.evidence
        self._proven: datetime | None = None
        self._archived_by: list[int] = []  # revisions of the document time-stamps found trusted

    async def assess(self, item: Examined) -> SignatureFinding:
        """The finding on one signature; whatever goes wrong with it is part of the finding."""
        embedded = item.embedded
        if embedded is None:
            return self._failed(item)
        try:
            if not item.intact:
                return self._failed(item)
            if item.kind == "timestamp":
                return await self._timestamp(item, embedded)
            return await self._signature(item, embedded)
        except Exception:
            # A chain or token that makes its parser fail is no ground for trust, nor for a crash.
            verdict = ChainVerdict("CERTIFICATE_CHAIN_GENERAL_FAILURE")
            return self._finding(item, embedded.signer_cert, verdict, None, None)

    async def _timestamp(self, item: Examined, embedded: EmbeddedPdfSignature) -> SignatureFinding:
        moment = token_time(embedded.signed_data, embedded.compute_digest)
        assert moment is not None, "intact by examination"
        verdict = await self._judge_token(embedded.signed_data, embedded.signer_cert, moment)
        if verdict.trusted:
            self._proven = moment
            self._archived_by.append(embedded.signed_revision)
        return self._finding(item, embedded.signer_cert, verdict, moment, None)

    async def _signature(self, item: Examined, embedded: EmbeddedPdfSignature) -> SignatureFinding:
        stamped, doubtful = await self._stamped(embedded)
        proven = stamped or self._proven
        verdict = await self._judge(embedded.signer_cert, self._evidence, proven or self._at)
        verdict = _unless_weak(verdict, embedded.signer_info)
        level = await self._level(item, embedded, proven)
        result = self._finding(item, embedded.signer_cert, verdict, proven, level)
        extra = []
        if proven is None:
            extra.append(finding("time_untrusted" if doubtful else "time_unproven"))
        if level is None:
            extra.append(finding("not_pades"))
        return _with_reasons(result, extra)

    async def _stamped(self, embedded: EmbeddedPdfSignature) -> tuple[datetime | None, bool]:
        """The time its own token proves, and whether there is a token that proves nothing."""
        doubtful = False
        value: bytes = embedded.signer_info["signature"].native

        def imprint(algorithm: str) -> bytes:
            return hashlib.new(algorithm, value).digest()

        for token in extract_tst_data_iter(embedded.signer_info, signed=False):
            doubtful = True
            moment = token_time(token, imprint)
            if moment is None:
                continue
            signer = extract_certificate_info(token).signer_cert
            if (await self._judge_token(token, signer, moment)).trusted:
                return moment, False
        return None, doubtful

    async def _judge_token(
        self, token: cms.SignedData, signer: x509.Certificate, moment: datetime
    ) -> ChainVerdict:
        """A TSA is judged as of the time proven so far.

        Lacking only fresh evidence, as of its token's own time while its
        certificate lasts: a lapsed OCSP answer does not undo a time-stamp.
        """
        control = self._proven or self._at
        verdict = await self._judge(signer, self._evidence, control, TIME_STAMPING)
        if verdict.sub_indication == "TRY_LATER" and control <= signer.not_valid_after:
            verdict = await self._judge(signer, self._evidence, moment, TIME_STAMPING)
        return _unless_weak(verdict, extract_signer_info(token))

    async def _judge(
        self,
        certificate: x509.Certificate,
        evidence: Evidence,
        moment: datetime,
        usage: KeyUsageConstraints = SIGNING,
    ) -> ChainVerdict:
        return await judge(
            certificate,
            self._known,
            usage,
            trust=self._trust,
            evidence=evidence,
            moment=moment,
            now=self._at,
        )

    async def _level(
        self, item: Examined, embedded: EmbeddedPdfSignature, proven: datetime | None
    ) -> Level | None:
        """The PAdES baseline level reached (EN 319 142-1 §6), None when it is no PAdES."""
        names = {attribute["type"].native for attribute in embedded.signer_info["signed_attrs"]}
        if (
            item.subfilter != "ETSI.CAdES.detached"
            or "signing_certificate_v2" not in names
            or "signing_time" in names
        ):
            return None
        if proven is None:
            return "B-B"
        if not await self._kept(embedded.signer_cert, self._archive.evidence, proven):
            return "B-T"
        # A time-stamp preserves the evidence that was there when it was made, no later one.
        for revision in self._archived_by:
            archived = stored(self._reader.get_historical_root(revision)).evidence
            if archived == self._archive.evidence or await self._kept(
                embedded.signer_cert, archived, proven
            ):
                return "B-LTA"
        return "B-LT"

    async def _kept(
        self, certificate: x509.Certificate, evidence: Evidence, proven: datetime
    ) -> bool:
        """Whether the evidence in the file alone is enough."""
        return (await self._judge(certificate, evidence, proven)).trusted

    def _failed(self, item: Examined) -> SignatureFinding:
        """A signature whose integrity already decides; trust is not asked."""
        certificate = None
        if item.embedded is not None:
            try:
                certificate = item.embedded.signer_cert
            except Exception:
                certificate = None
        codes = [reason.code for reason in item.findings]
        sub = next((_FAILURES[code] for code in codes if code in _FAILURES), None)
        if sub is None:
            sub = "GENERIC" if item.intact is None else "FORMAT_FAILURE"
        return self._finding(item, certificate, ChainVerdict(sub), None, None)

    def _finding(
        self,
        item: Examined,
        certificate: x509.Certificate | None,
        verdict: ChainVerdict,
        proven: datetime | None,
        level: Level | None,
    ) -> SignatureFinding:
        signed_at = _claimed(item.embedded)
        indication: Indication
        sub = verdict.sub_indication
        if item.intact is False:
            indication = "TOTAL_FAILED"
        elif verdict.trusted:
            indication = "TOTAL_PASSED"
        elif sub == "REVOKED_NO_POE" and _signed_after(signed_at, verdict.revoked_at):
            # By the signer's own word it was made after the revocation.
            indication, sub = "TOTAL_FAILED", "REVOKED"
        else:
            indication = "INDETERMINATE"
        reasons = list(item.findings)
        if item.intact and sub is not None:
            reasons.append(finding(sub))
        names = [entry.subject for entry in verdict.path]
        if certificate is not None:
            names += [certificate.subject, certificate.issuer]
        development = any(is_development(name) for name in names)
        if development:
            reasons.append(finding("development"))
        embedded = item.embedded
        coverage = None if embedded is None else embedded.coverage
        return SignatureFinding(
            field=item.field,
            kind=item.kind,
            subfilter=item.subfilter,
            level=level,
            intact=item.intact,
            coverage=None if coverage is None else coverage.name,
            changes=None if item.changes is None else item.changes.level,
            locks=item.locks,
            trusted=item.intact is True and verdict.trusted,
            trusted_now=False,
            development=development,
            signer=None if certificate is None else certificate.subject.human_friendly,
            issuer=None if certificate is None else certificate.issuer.human_friendly,
            serial=None if certificate is None else f"{certificate.serial_number:x}",
            certificate_sha256=None if certificate is None else certificate.sha256.hex(),
            signed_at=signed_at,
            proven_at=proven,
            indication=indication,
            sub_indication=sub,
            revision_sha256=None
            if item.covered_bytes is None
            else prefix_sha256(self._reader.stream, item.covered_bytes),
            revision_bytes=item.covered_bytes,
            reasons=tuple(reasons),
        )


def certificates_in(examination: Examination) -> list[x509.Certificate]:
    """All that a file brings along: in its security store, its signatures and their time-stamps."""
    return [*stored(examination.reader.root).certificates, *_carried(examination.signatures)]


def _carried(examined: Iterable[Examined]) -> list[x509.Certificate]:
    """Certificates in the signatures and in the tokens on them."""
    found: list[x509.Certificate] = []
    for item in examined:
        if item.embedded is None:
            continue
        sources: list[cms.SignedData] = [item.embedded.signed_data]
        try:
            sources += extract_tst_data_iter(item.embedded.signer_info, signed=False)
            found += [certificate for source in sources for certificate in certificates(source)]
        except Exception:  # noqa: S112  its own assessment will say that it is malformed
            continue
    return found


def _unless_weak(verdict: ChainVerdict, signer: cms.SignerInfo) -> ChainVerdict:
    """A digest that collides lets one signature stand for two documents (EN 319 102-1 §5.2.8)."""
    if not verdict.trusted or strongly_digested(signer):
        return verdict
    return ChainVerdict("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", verdict.path)


def _claimed(embedded: EmbeddedPdfSignature | None) -> datetime | None:
    """The time the signer states; without a zone it is taken for Vietnamese time."""
    try:
        stated = None if embedded is None else embedded.self_reported_timestamp
    except Exception:
        return None
    if not isinstance(stated, datetime):
        return None
    if stated.utcoffset() is None:
        stated = stated.replace(tzinfo=_VIETNAM)
    return stated.astimezone(UTC)


def _signed_after(signed_at: datetime | None, revoked_at: datetime | None) -> bool:
    return signed_at is not None and revoked_at is not None and signed_at >= revoked_at


def _with_reasons(item: SignatureFinding, extra: list[Finding]) -> SignatureFinding:
    return replace(item, reasons=(*item.reasons, *extra))
