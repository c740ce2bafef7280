"""Sending services: what each writes into Return-Path, what it signs, which records that takes.

`find` and `all_services` give the facts, each with its source and date; `records_for` the DNS
records for a domain; `send_through` a mail as it would leave a service, really signed; `simulate`
the same mail through every service; `choose` the services that fit; `compare` a mail with what a
service would have sent. `make_key` and `sign` make the signatures.

    from helpers import services

    services.records_for("mailtrap", domain="fujiba.net")
    sent = services.send_through("mailtrap", mail, domain="fujiba.net", verified=True)
    authenticate(sent.message, envelope=sent.envelope, dns=sent.zone(zone))
"""

from __future__ import annotations

from helpers.services.choose import Choice, choose
from helpers.services.expected import Comparison, Difference, RecordState, compare
from helpers.services.facts import Change, Service, Sourced, all_services, changed_since, find
from helpers.services.records import DnsRecord, merged_spf, publish, records_for, with_include
from helpers.services.send import Sent, author_copy, send_through
from helpers.services.signing import AUTHOR_KEY, SigningKey, make_key, sign
from helpers.services.simulate import Simulation, simulate, with_alignment

__all__ = [
    "AUTHOR_KEY",
    "Change",
    "Choice",
    "Comparison",
    "Difference",
    "DnsRecord",
    "RecordState",
    "Sent",
    "Service",
    "SigningKey",
    "Simulation",
    "Sourced",
    "all_services",
    "author_copy",
    "changed_since",
    "choose",
    "compare",
    "find",
    "make_key",
    "merged_spf",
    "publish",
    "records_for",
    "send_through",
    "sign",
    "simulate",
    "with_alignment",
    "with_include",
]
