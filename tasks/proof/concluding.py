"""The end of a masking: its report signed and kept, and every other trace of it gone from the clone."""

from __future__ import annotations

from contracts.login import Login
from contracts.report import MaskingReport
from contracts.verdict import Verdict
from masking.keys import MaskingKeys
from masking.proof.signing import signed
from tasks.archive.saved_report import save_report
from tasks.postgres.verification import finish


def conclude(
    login: Login, database: str, report: MaskingReport, verdict: Verdict, keys: MaskingKeys
) -> MaskingReport:
    """``report`` with ``verdict`` signed over it. Can be run again.

    It is in the clone before the marks of what was masked are gone: a clone that has neither is a raw one.
    """
    report = signed(report, verdict, keys)
    save_report(login, database, report)
    finish(login, database)
    return report
