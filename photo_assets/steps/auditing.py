"""library_audit: originals read again, a part of the library each time, and compared with what they were."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from resources.library.audit import JUDGED, READ, Original, reread
from resources.library.ledger import Ledger

# Written down together, so that an audit that is killed has not read for nothing.
PORTION = 100


@dataclass
class Audit:
    """One audit: how many files had which verdict, the bytes read, and all that stands open, of earlier ones too."""

    verdicts: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passed_over(self) -> int:
        """How many files it could say nothing of, because they are gone or changed; the next look tells."""
        return sum(count for verdict, count in self.verdicts.items() if verdict not in JUDGED)


def audit_originals(ledger: Ledger, most_bytes: int) -> Audit:
    """Read what is due of the originals, oldest audit first, up to `most_bytes`.

    Files of which nothing can be said now stay the first that are due, and others are read in their place.
    """
    audit, began_at, before = Audit(), time.time(), -1
    while audit.passed_over > before and audit.bytes_read < most_bytes:
        before = audit.passed_over
        left = most_bytes - audit.bytes_read
        _audit(audit, ledger, ledger.originals_to_audit(left, read_before=began_at, after=before))
    audit.findings = ledger.audit_findings()
    return audit


def _audit(audit: Audit, ledger: Ledger, originals: Sequence[Original]) -> None:
    audited = reread(originals)
    while portion := list(islice(audited, PORTION)):
        ledger.record_audit(portion, time.time())
        audit.verdicts.update(each.verdict for each in portion)
        audit.bytes_read += sum(each.original.size_bytes for each in portion if each.verdict in READ)
