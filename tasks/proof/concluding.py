"""The end of a masking: its report signed and kept, and every other trace of it gone from the clone."""

from __future__ import annotations

from contracts.login import Login
from contracts.report import MaskingReport
from contracts.verdict import Verdict
from masking.keys import MaskingKeys
from masking.planning.plan import Plan
from masking.proof.report import with_checksums
from masking.proof.signing import signed
from tasks.archive.saved_report import save_report
from tasks.postgres.verification import finish
from tasks.proof.checksums import checksums_of


def conclude(
    login: Login, database: str, plan: Plan, report: MaskingReport, verdict: Verdict, keys: MaskingKeys
) -> MaskingReport:
    """``report`` with every table's checksum, and with ``verdict`` signed over it. Can be run again.

    It is in the clone before the marks of what was masked are gone: a clone that has neither is a raw one.
    """
    report = signed(with_checksums(report, checksums_of(login, database, plan)), verdict, keys)
    save_report(login, database, report)
    finish(login, database)
    return report
