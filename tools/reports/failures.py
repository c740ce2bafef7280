"""Two failure reports: the monthly mail that 737flight.example refused, and one that a list had changed."""

from __future__ import annotations

REFUSED = b"""\
From: DMARC reports <postmaster@737flight.example>
To: dmarc@fujiba.net
Subject: Authentication failure report for fujiba.net
Date: Fri, 09 May 2025 01:00:05 +0000
Message-ID: <20250509.1@737flight.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
\tboundary="failure-20250509"

--failure-20250509
Content-Type: text/plain; charset=us-ascii

A message that claims to be from fujiba.net failed DMARC here and was refused.

--failure-20250509
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: example reporter/2.1
Version: 1
Original-Mail-From: <owner.example@gmail.com>
Original-Rcpt-To: <captain@737flight.example>
Arrival-Date: Fri, 09 May 2025 01:00:04 +0000
Source-IP: 192.0.2.41
Reported-Domain: fujiba.net
Authentication-Results: mx1.737flight.example; spf=pass
 smtp.mailfrom=gmail.com; dkim=none; dmarc=fail header.from=fujiba.net
Auth-Failure: dmarc
Identity-Alignment: none
Delivery-Result: reject

--failure-20250509
Content-Type: text/rfc822-headers

From: Fujiba Office <monthly@fujiba.net>
To: captain@737flight.example
Subject: Monthly report, May
Date: Fri, 9 May 2025 10:00:00 +0900
Message-ID: <20250509.monthly@fujiba.net>
MIME-Version: 1.0

--failure-20250509--
"""

CHANGED = b"""\
From: DMARC reports <dmarc-noreply@receiver.example>
To: dmarc@fujiba.net
Subject: Authentication failure report for fujiba.net
Date: Thu, 12 Jun 2025 08:30:11 +0000
Message-ID: <20250612.7@receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
\tboundary="failure-20250612"

--failure-20250612
Content-Type: text/plain; charset=us-ascii

A message that claims to be from fujiba.net came through a mailing list, and its
signature did not verify any more.

--failure-20250612
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: receiver.example reporter/1.0
Version: 1
Original-Mail-From: <members-bounces@lists.example.org>
Original-Rcpt-To: <reader@receiver.example>
Arrival-Date: Thu, 12 Jun 2025 08:30:09 +0000
Source-IP: 203.0.113.130
Reported-Domain: fujiba.net
Authentication-Results: mx.receiver.example; spf=pass
 smtp.mailfrom=lists.example.org; dkim=fail (body hash did not verify)
 header.d=fujiba.net header.s=svc1; dmarc=fail header.from=fujiba.net
Auth-Failure: bodyhash
DKIM-Domain: fujiba.net
DKIM-Identity: @fujiba.net
DKIM-Selector: svc1
Identity-Alignment: none
Delivery-Result: delivered

--failure-20250612
Content-Type: text/rfc822-headers

From: Fujiba Office <office@fujiba.net>
To: members@lists.example.org
Subject: [members] Summer meeting
Date: Thu, 12 Jun 2025 17:29:50 +0900
Message-ID: <20250612.office@fujiba.net>
List-Id: <members.lists.example.org>
MIME-Version: 1.0

--failure-20250612--
"""
