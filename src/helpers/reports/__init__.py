"""Reports that receivers send about a domain: read from whatever holds them, and asked what they mean.

`read_reports` takes files, folders and mails as they come in at the address of ``rua=`` and ``ruf=``; what
can't be read is listed with a sentence, it never raises. `ready_for_reject` asks a domain's reports
whether ``p=reject`` would hit its owner's own mail.

aggregate report   a receiver's sums for one domain and period, XML (RFC 9990; RFC 7489 §7.2)
failure report     one message that failed (RFC 9991, RFC 6591), in the format of RFC 5965
raw result         what SPF or DKIM said, for whatever domain they were asked (``auth_results``)
aligned result     pass only where the raw result passed for a domain that aligns (``policy_evaluated``)
sender             all addresses that authenticated as the same domains
"""

from __future__ import annotations

from typing import Any

from helpers.reports.read import Reading, gathered
from helpers.reports.ready import Readiness, ready_for_reject
from helpers.reports.results import (
    AggregateReport,
    DkimFound,
    FailureReport,
    Override,
    Record,
    Reports,
    SpfFound,
    Unreadable,
)
from helpers.reports.senders import Sender, senders

__all__ = [
    "AggregateReport",
    "DkimFound",
    "FailureReport",
    "Override",
    "Readiness",
    "Record",
    "Reports",
    "Sender",
    "SpfFound",
    "Unreadable",
    "read_reports",
    "ready_for_reject",
    "senders",
]


def read_reports(source: Any) -> Reports:
    """Read DMARC reports: what receivers saw of a domain's mail.

    ``source``: a path to a file or to a folder with all that is in it; bytes; text; an open file; a
    `Message`; or several of these. A file is an aggregate report as XML, gzip or zip, a mail that carries
    one or more of them, a failure report, or a mailbox (mbox) of such mails.

    Returns `Reports`: aggregate and failure reports in order of time, duplicates counted once, and in
    ``unreadable`` whatever is no report or is refused, with the reason. RFC 9990 and RFC 7489 forms are
    read alike, leniently where reporters are known to differ; document types, bombs and cut-off files are
    refused (RFC 9990 §8.1). Raises OSError when the named file can't be opened and TypeError for other
    things than the above; never because of what is inside.
    """
    reading = Reading()
    reading.source(source)
    return gathered(reading)
