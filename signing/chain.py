"""Whether a certificate may be relied on at a moment: chain by key, validity, revocation, usage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext, find_valid_path
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    PathError,
    PathValidationError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import NonRevokedStatusAssertion

from signing.trust import Evidence, Trust, long_enough

# Either usage signs documents: seals often carry digitalSignature only (rulebook R3.2.8).
SIGNING = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"})
TIME_STAMPING = KeyUsageConstraints(key_usage=set(), extd_key_usage={"time_stamping"})


@dataclass(frozen=True)
class ChainVerdict:
    """`sub_indication` (EN 319 102-1) is None when the certificate may be relied on.

    `path` runs from the anchor down, as far as one was found.
    """

    sub_indication: str | None
    path: tuple[x509.Certificate, ...] = ()
    revoked_at: datetime | None = None

    @property
    def trusted(self) -> bool:
        return self.sub_indication is None


async def judge(
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    usage: KeyUsageConstraints,
    *,
    trust: Trust,
    evidence: Evidence,
    moment: datetime,
    now: datetime,
) -> ChainVerdict:
    """Judge a certificate at `moment`, knowing what is known `now`."""
    known = list(others)
    context = trust.validation_context(moment, certificates=known, evidence=evidence)
    verdict = await _judge(certificate, usage, context)
    if verdict.sub_indication != "TRY_LATER" or moment >= now:
        return verdict
    # An OCSP answer "revoked since R", R after the moment, says that it was good at the moment;
    # certvalidator takes it for no answer. The chain above is judged as of now on the way there.
    present = await _judge(
        certificate,
        usage,
        trust.validation_context(now, certificates=known, evidence=evidence),
    )
    if (
        present.sub_indication != "REVOKED_NO_POE"
        or present.revoked_at is None
        or present.revoked_at <= moment
    ):
        return verdict
    context = trust.validation_context(
        moment,
        certificates=known,
        assertions=[NonRevokedStatusAssertion(cert_sha256=certificate.sha256, at=moment)],
    )
    return await _judge(certificate, usage, context)


async def _judge(
    certificate: x509.Certificate, usage: KeyUsageConstraints, context: ValidationContext
) -> ChainVerdict:
    paths = context.path_builder.async_build_paths_lazy(certificate)
    try:
        path = await find_valid_path(certificate, paths, validation_context=context)
    except (PathError, ValidationError) as fault:
        return _failed(fault)
    try:
        usage.validate(certificate)
    except InvalidCertificateError:
        return ChainVerdict("CHAIN_CONSTRAINTS_FAILURE", tuple(path))
    if not long_enough(certificate.public_key):
        # The policy judges each key by the certificate it signed; this one has signed none.
        return ChainVerdict("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", tuple(path))
    return ChainVerdict(None, tuple(path))


def _failed(fault: Exception) -> ChainVerdict:
    path = tuple(fault.original_path) if isinstance(fault, PathValidationError) else ()
    own = (
        isinstance(fault, PathValidationError) and fault.is_ee_cert and not fault.is_side_validation
    )
    match fault:
        case RevokedError() if not fault.is_side_validation:
            sub = "REVOKED_NO_POE" if own else "REVOKED_CA_NO_POE"
            return ChainVerdict(sub, path, fault.revocation_dt)
        case InsufficientRevinfoError():
            return ChainVerdict("TRY_LATER", path)
        case ExpiredError() | NotYetValidError() if own:
            return ChainVerdict("OUT_OF_BOUNDS_NO_POE", path)
        case DisallowedAlgorithmError():
            return ChainVerdict("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", path)
        case PathBuildingError() | InvalidCertificateError():
            # The latter is certvalidator's word for a self-signed certificate that is no anchor.
            return ChainVerdict("NO_CERTIFICATE_CHAIN_FOUND")
        case _:
            return ChainVerdict("CERTIFICATE_CHAIN_GENERAL_FAILURE", path)
