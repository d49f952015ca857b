"""Keys, trust and reports as the office uses them: files in, files and reports out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from signing import fields, pades, tsa
from signing.archive import archive
from signing.devca import DevelopmentCA
from signing.keyring import Keyring
from signing.peers import Peers, networks
from signing.pending import Prepared
from signing.permission import LIMITS
from signing.report import Judgement
from signing.revocation import HttpRevocation, Inquiry
from signing.sandbox import Sandbox
from signing.timestamping import HttpTimeStamper
from signing.trust import Trust, load_anchors
from signing.witness import check_chain
from workflow.development_keys import DevelopmentKeys
from workflow.refusals import (
    AWAY_SECONDS,
    KeyRefusal,
    SigningRefusal,
    TrustAway,
    refusing,
    unreadable,
    waiting,
)
from workflow.rules.errors import UnreadableDocument
from workflow.settings import Settings
from workflow.stamps import Shows

_LEVELS: dict[str, pades.Level] = {"B-B": "B-B", "B-T": "B-T", "B-LT": "B-LT", "B-LTA": "B-LTA"}


def _reaching(trust: Trust, settings: Settings) -> Trust:
    """The same trust with the services outside that the settings name."""
    hosts = settings.listed_revocation_hosts
    peers = Peers(networks(settings.listed_revocation_networks))
    return replace(
        trust,
        revocation=(HttpRevocation(hosts, trust.anchors, peers=peers),) if hosts else (),
        timestamper=HttpTimeStamper(settings.tsa_url) if settings.tsa_url else None,
    )


@dataclass(frozen=True)
class SignedText:
    """A detached signature, and the certificate (DER) and chain it was made under."""

    signature: bytes
    certificate: bytes
    chain: tuple[bytes, ...]


class Sealing:
    """The keys this office can reach, the anchors it trusts, and the sandbox that opens files.

    What a stranger made is parsed in the sandbox alone, until it has been judged there once.
    """

    def __init__(self, trust: Trust, keyring: Keyring, development: DevelopmentKeys | None) -> None:
        self.trust, self.keyring = trust, keyring
        self.sandbox = Sandbox()
        self._development = development

    @classmethod
    def open(cls, settings: Settings) -> Sealing:
        """Development trusts its own CA as well; production only the configured anchors.

        A configured time-stamp authority goes before the development one.
        Raises ValueError when anchors or keys are not as configured; no key is opened yet.
        """
        anchors = settings.trust_anchors
        configured = _reaching(load_anchors(anchors) if anchors else Trust(anchors=()), settings)
        keys = settings.signing_keys
        if not settings.development:
            return cls(configured, Keyring.load(keys, None), None)
        development = DevelopmentCA(settings.data_dir / "pki")
        keyring = Keyring.load(keys, development)
        return cls(configured.joined(development.trust), keyring, DevelopmentKeys(development))

    def close(self) -> None:
        """End the sandbox's processes."""
        self.sandbox.close()

    @property
    def development(self) -> DevelopmentKeys:
        """Keys to try things out with. Raises RuntimeError in production."""
        if self._development is None:
            raise RuntimeError("development certificates are made in development only")
        return self._development

    def log_key(self, settings: Settings) -> str:
        """The address of the key that signs tree heads; development has one of its own."""
        return settings.log_key or self.development.log().key_url

    def sign(
        self,
        source: Path,
        target: Path,
        *,
        key_url: str,
        certificate_sha256: str,
        field: str,
        level: str,
        fill: Mapping[str, str],
        locks: bool,
        shows: Shows | None,
        moment: datetime,
    ) -> pades.SignedRevision:
        """Write `source` plus one signed and checked revision to `target`.

        The signature claims `moment` as its time.

        Raises:
            SigningRefusal: the file or the certificate does not allow it.
            KeyRefusal: the key does not, or is not that of the certificate.
            KeyAway, TrustAway: the key, or a service the level needs, does not answer now.
        """
        with refusing():
            key = self.keyring.open(key_url)
            if hashlib.sha256(key.certificate).hexdigest() != certificate_sha256:
                raise KeyRefusal("key_mismatch", "khóa ký không khớp chứng thư số đã khai báo.")
            stamp, box = shows.laid_out(self.sandbox, source, moment) if shows else (None, None)
            return pades.sign(
                source,
                target,
                key=key,
                field=field,
                level=_LEVELS[level],
                trust=self.trust,
                fill=fill,
                lock=locks,
                stamp=stamp,
                box=box,
                moment=moment,
            )

    def sign_text(self, text: bytes, *, key_url: str, now: datetime) -> SignedText:
        """The key's signature over a text, by SHA-256 with RSA (PKCS#1 v1.5) or ECDSA.

        Raises:
            KeyRefusal: the key says no, or its certificate is not to sign with now.
            KeyAway: it does not answer now.
        """
        with refusing():
            key = self.keyring.open(key_url)
            if not check_chain(key.certificate, (), [key.certificate], now):
                raise KeyRefusal("key_unusable", "chứng thư số của khóa hết hạn hoặc không để ký.")
            return SignedText(key.sign(text, "sha256"), key.certificate, key.chain)

    def time_stamp(self, text: bytes, *, now: datetime) -> bytes:
        """A time-stamp token (RFC 3161) over a text, from an authority that is trusted.

        Raises:
            SigningRefusal: the authority is not to be believed.
            TrustAway: it does not answer now, or there is none.
        """
        with refusing():
            digest = hashlib.sha256(text).digest()
            return tsa.time_stamp(digest, trust=self.trust, now=now).token

    def archive(self, source: Path, target: Path) -> pades.SignedRevision:
        """Write `source` plus validation data and a time-stamp over all of it to `target`.

        Raises:
            SigningRefusal: some signature in it cannot be brought to B-LTA any more.
            TrustAway: the time-stamping or revocation service does not answer now.
        """
        with refusing():
            return archive(source, target, trust=self.trust)

    def prepare(
        self,
        source: Path,
        *,
        certificate: bytes,
        chain: Sequence[bytes],
        field: str,
        level: str,
        fill: Mapping[str, str],
        locks: bool,
        shows: Shows | None,
        moment: datetime,
    ) -> Prepared:
        """What the key of `certificate`, which its holder keeps, is to sign; as `sign` otherwise.

        `chain` are certificates that may lead up from it, besides those known here.

        Raises:
            SigningRefusal: the certificate or the file does not allow it.
            TrustAway: the time-stamping or revocation service does not answer now.
        """
        with refusing():
            stamp, box = shows.laid_out(self.sandbox, source, moment) if shows else (None, None)
            return pades.prepare(
                source,
                certificate=certificate,
                chain=chain,
                field=field,
                level=_LEVELS[level],
                trust=self.trust,
                fill=fill,
                lock=locks,
                stamp=stamp,
                box=box,
                moment=moment,
            )

    def hand_out(
        self,
        source: Path,
        target: Path,
        *,
        field: str,
        fill: Mapping[str, str],
        locks: bool,
        shows: Shows | None,
        moment: datetime,
    ) -> None:
        """Write to `target` what a program that signs by itself is to sign: `source`, and these
        texts and the field, where it has none, in a revision of their own.

        Raises:
            SigningRefusal: the file does not allow it.
        """
        with refusing():
            box = shows.laid_out(self.sandbox, source, moment)[1] if shows else None
            pades.fill_only(source, target, fill, fields.SignatureField(field, box, locks))

    def verify_value(self, prepared: bytes, value: bytes) -> None:
        """Raises SigningRefusal unless `value` is a signature over what was prepared."""
        with refusing():
            Prepared.from_bytes(prepared).verify_value(value)

    def complete(
        self, source: Path, target: Path, *, prepared: bytes, value: bytes
    ) -> pades.SignedRevision:
        """Write `source` with its prepared revision and this value to `target`.

        Raises:
            SigningRefusal: the value, the file or, by now, the certificate does not allow it.
            TrustAway: the time-stamping or revocation service does not answer now.
        """
        with refusing():
            done = Prepared.from_bytes(prepared)
            return pades.complete(source, target, done, value, trust=self.trust)

    def adopt(
        self, source: Path, returned: Path, *, certificate: bytes, field: str
    ) -> pades.SignedRevision:
        """Check a file that came back signed as a whole.

        Raises:
            SigningRefusal: it does not extend `source` by exactly this signature.
            TrustAway: the revocation service does not answer now.
        """
        with refusing():
            # It came from outside: what the sandbox could not finish is not begun here.
            reasons = self.sandbox.validate(returned, trust=self.trust, limits=LIMITS).reasons
            if any(reason.code == "resources_exhausted" for reason in reasons):
                raise SigningRefusal("tệp đòi hỏi quá nhiều thời gian hoặc bộ nhớ.")
            return pades.adopt(
                source, returned, certificate=certificate, field=field, trust=self.trust
            )

    def make_sound(self, source: Path, target: Path) -> bool:
        """Rewrite an unsigned file that is not sound to `target`; False when there is no need.

        Raises:
            UnreadableDocument: it could not be signed either way: locked by a signature, altered
                behind one, encrypted, or broken beyond repair.
        """
        with unreadable():
            return self.sandbox.make_sound(source, target)

    def readable(self, source: Path) -> None:
        """Refuse what is not a PDF with pages that could be signed.

        Raises:
            UnreadableDocument: empty, truncated, encrypted, without pages, or no PDF at all.
        """
        report = self.judge(source, None).report
        if report.verdict == "KHONG_DOC_DUOC":
            raise UnreadableDocument(" ".join(reason.sentence for reason in report.reasons))

    def judge_own(self, source: Path, at: datetime, level: str) -> Judgement:
        """The judgement on a file signed here, at this level; below B-LT status is asked for.

        Raises:
            TrustAway: the revocation service does not answer now.
        """
        if level in ("B-B", "B-T"):
            with refusing():
                self.sandbox.ask_status(source, trust=self.trust)
        return self.judge(source, at)

    def judge_asking(self, source: Path, at: datetime) -> tuple[Judgement, TrustAway | None]:
        """The judgement once the services that may be asked were, and which of them was away."""
        inquiries = tuple(map(Inquiry, self.trust.revocation))
        trust = replace(self.trust, revocation=inquiries)
        with waiting():
            judgement = self.sandbox.judge(source, trust=trust, at=at, limits=LIMITS)
        away = next((one.away for one in inquiries if one.away), None)
        return judgement, TrustAway(away.what, AWAY_SECONDS) if away else None

    def judge(self, source: Path, at: datetime | None) -> Judgement:
        """The document's signature report and its evidence; an unreadable file gets one too.

        Raises:
            Unavailable: too many files are being judged already.
        """
        with waiting():
            # How large a file may be was for the door to say; signing has made ours larger since.
            return self.sandbox.judge(source, trust=self.trust, at=at, limits=LIMITS)
