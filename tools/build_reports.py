"""Makes data/reports/: what two receivers reported on fujiba.net, each form of a report, and what is refused.

    python tools/build_reports.py            writes whatever differs
    python tools/build_reports.py --check    writes nothing; exit status 1 when something differs

Dates and numbers are fixed: they stand in tools/reports/story.py. Packed files are compared by what is in
them, since zlib's output differs between its versions.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from helpers.reports import Reports, read_reports
from reports import failures, forms, story
from reports.hostile import hostile

TO = Path(__file__).resolve().parents[1] / "data" / "reports"


def on(receiver: str, day: date) -> forms.Report | None:
    """The receiver's report on a day; None where it saw no mail."""
    rows = story.seen(receiver, day)
    if not rows:
        return None
    return (
        forms.rfc7489(receiver, day, rows) if receiver == story.WIDE else forms.rfc9990(receiver, day, rows)
    )


def mailbox(receiver: str) -> bytes:
    """All mails of a receiver with its reports."""
    found = [report for day in story.days() if (report := on(receiver, day)) is not None]
    return forms.mailbox([(report.day, forms.mail(report)) for report in found])


def files() -> dict[str, bytes]:
    """Every file of data/reports by its path."""
    bounced = date(2025, 5, story.MONTHLY)  # the day of the bounce
    old, new = on(story.WIDE, bounced), on(story.SMALL, bounced)
    again = on(story.SMALL, date(2025, 5, 27))
    assert old is not None
    assert new is not None
    assert again is not None
    return {
        **{f"fujiba/{receiver}.mbox": mailbox(receiver) for receiver in (story.WIDE, story.SMALL)},
        "fujiba/failure_20250509.eml": failures.REFUSED,
        "fujiba/failure_20250612.eml": failures.CHANGED,
        f"forms/{old.name}.xml": old.xml.encode(),
        f"forms/{old.name}.zip": forms.zipped(old),
        f"forms/{new.name}.xml": new.xml.encode(),
        f"forms/{new.name}.xml.gz": forms.gzipped(new),
        "forms/mail_with_one.eml": forms.mail(old),
        "forms/mail_with_two.eml": forms.mail(new, again),
        **{f"hostile/{name}": data for name, data in hostile(old).items()},
    }


def same(one: bytes, other: bytes) -> bool:
    """True when both hold the same, packed or not."""
    return one == other or _contents(read_reports(one)) == _contents(read_reports(other)) != ((), (), ())


def _contents(read: Reports) -> tuple[object, ...]:
    reports = tuple((report.report_id, report.begin, report.records) for report in read.reports)
    return reports, read.failures, tuple(one.why for one in read.unreadable)


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args().check
    wanted = files()
    there = {path.relative_to(TO).as_posix() for path in TO.rglob("*") if path.is_file()}
    changed = sorted(there - set(wanted))
    for name, data in wanted.items():
        path = TO / name
        if path.is_file() and same(path.read_bytes(), data):
            continue
        changed.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    for name in changed:
        print(("differs: " if check else "written or left over: ") + name)
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
