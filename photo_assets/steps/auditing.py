"""library_audit: originals read again, a part of the library each time, and compared with what they were."""

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from resources.library.audit import reread
from resources.library.ledger import Ledger

# Written down together, so that an audit that is killed has not read for nothing.
PORTION = 100


@dataclass
class Audit:
    """One audit: how many files had which verdict, the bytes read, and all that stands open, of earlier ones too."""

    verdicts: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)


def audit_originals(ledger: Ledger, most_bytes: int) -> Audit:
    """Read what is due of the originals, oldest audit first, up to `most_bytes`."""
    audit = Audit()
    audited = reread(ledger.originals_to_audit(most_bytes))
    while portion := list(islice(audited, PORTION)):
        ledger.record_audit(portion, time.time())
        audit.verdicts.update(each.verdict for each in portion)
        audit.bytes_read += sum(each.original.size_bytes for each in portion)
    audit.findings = ledger.audit_findings()
    return audit
