"""Which service fits? The story's constraint as a filter over the table. `services` has `choose`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from helpers.services.facts import Service, all_services, find
from helpers.terms import Shown

# What alignment is worth, of 5. DMARC needs one aligned identifier; the second is what is left when
# the first fails on the way: forwarding breaks SPF, a mailing list breaks the signature.
BOTH_STRICT, BOTH, ONE, NONE = 5, 4, 2, 0
PRICE_POINTS = ((1, 4), (5, 3), (10, 2), (20, 1))  # up to so many dollars a month: so many of 5 points


@dataclass(frozen=True, slots=True, repr=False)
class Choice(Shown):
    """How well one service fits. ``score`` is the sum of the four parts, each of 5; an unknown counts 0.

    ``obstacles`` are why it does not fit: there are none where ``fits`` is true. ``reasons``
    speak for it, or say what its points rest on.
    """

    service: str
    name: str
    fits: bool
    score: int
    setup: int
    dns: int
    cost: int
    alignment: int
    reasons: tuple[str, ...]
    obstacles: tuple[str, ...]


def choose(
    messages_per_month: int = 20,
    keep_mx: bool = True,
    dns_at: str = "squarespace",
    smtp: bool = True,
    max_price_usd: float = 0.0,
    already: Collection[str | Service] = (),
) -> tuple[Choice, ...]:
    """Every service, the fitting ones first, the best of them on top. The defaults are the story's.

    Arguments: how many messages a month; ``keep_mx``, whether the domain's MX records have to
    stay (Mailgun forwards the mail in the story); ``dns_at``, where DNS is edited; ``smtp``,
    whether a mail program such as macOS Mail has to be able to send; ``max_price_usd``, what it
    may cost a month; ``already``, services where an account and the records in DNS are there.

    Raises ValueError for a negative number, no number at all or an unknown service.
    """
    for what, number in (("messages_per_month", messages_per_month), ("max_price_usd", max_price_usd)):
        _check_number(what, number)
    there = {find(service).id for service in already}
    choices = []
    for service in all_services():
        price = monthly_price(service, messages_per_month)
        obstacles = tuple(_obstacles(service, messages_per_month, keep_mx, dns_at, smtp, max_price_usd))
        setup, dns = _ease(service, service.id in there)
        cost, alignment = _cost(price), _alignment(service)
        reasons = tuple(_reasons(service, messages_per_month, keep_mx, service.id in there))
        score = setup + dns + cost + alignment
        choice = Choice(
            service.id, service.name, not obstacles, score, setup, dns, cost, alignment, reasons, obstacles
        )
        choices.append((choice, price))
    ranked = sorted(choices, key=lambda row: (not row[0].fits, -row[0].score, row[1] or 0.0))
    return tuple(choice for choice, _ in ranked)


def _check_number(what: str, number: object) -> None:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not number >= 0:
        raise ValueError(f"{what} has to be a number from 0 on, not {number!r}")


def monthly_price(service: Service, messages: int) -> float | None:
    """What so many messages a month cost in US dollars, when it is for good; None when that is not known."""
    free, months = service.free_messages_per_month, service.free_months
    if free is not None and free >= messages and months == 0 and free > 0:
        return 0.0
    price, size = service.price_per_month_usd, service.paid_messages_per_month
    if price is None:
        return None
    if price == 0:  # Gmail: free, within limits that were not looked up
        return 0.0
    if _by_message(service) and size:
        return price * messages / size
    return price if size is None or messages <= size else None


def _by_message(service: Service) -> bool:
    return (service.paid_plan or "").startswith("per message")


def _obstacles(
    service: Service, messages: int, keep_mx: bool, dns_at: str, smtp: bool, budget: float
) -> Iterator[str]:
    if _alignment(service) == NONE:
        if service.return_path_aligned is None:
            yield "By itself it decides nothing: Return-Path and signature are the other server's."
        else:
            yield "Nothing aligns with the author domain, whatever its owner publishes: DMARC fails."
    if keep_mx and service.mx != "stays":
        yield f"The domain's MX records would have to change. {service.mailgun_forwarding}"
    if service.dns_host not in ("any", None) and str(service.dns_host).casefold() != dns_at.casefold():
        yield f"DNS has to be at {service.dns_host}, and is at {dns_at.title()}."
    if smtp and not service.smtp_submission:
        yield f"A mail program can't send through it. {service.fact('smtp_submission').note}".strip()
    yield from _too_dear(service, messages, budget)


def _too_dear(service: Service, messages: int, budget: float) -> Iterator[str]:
    price = monthly_price(service, messages)
    if price is None:
        note = service.fact("price_per_month_usd").note
        yield f"What {messages:,} messages a month cost is not known. {note}".strip()
    elif price > budget:
        free = service.free_messages_per_month or 0
        months = service.free_months or 0
        start = f"Free for {months} months only, then" if free >= messages and months else "It costs"
        yield f"{start} {_dollars(price)} a month; at most {_dollars(budget)} may be spent."


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 0.01 or amount == 0 else f"${amount:.4f}"


def _reasons(service: Service, messages: int, keep_mx: bool, already: bool) -> Iterator[str]:
    if service.in_story:
        yield f"In the story: {service.in_story}."
    if already:
        yield "The account and its records in DNS are there already."
    free = service.free_messages_per_month or 0
    if free >= messages and free > 0 and service.free_months == 0:
        yield f"{free:,} messages a month are free, and {messages:,} are sent."
    if keep_mx and service.mx == "stays":
        yield str(service.mailgun_forwarding)
    points = _alignment(service)
    if points >= BOTH:
        extent = (
            "also under strict alignment" if points == BOTH_STRICT else "SPF under relaxed alignment only"
        )
        yield f"Return-Path and signature both align ({extent})."
    elif points == ONE:
        yield "Only the signature aligns."
    for label, field in (("Set-up", "setup_ease"), ("DNS at Squarespace", "dns_ease")):
        fact = service.fact(field)
        if fact.value is not None:
            yield f"{label}: {fact.value} of 5. {fact.note}"


def _ease(service: Service, already: bool) -> tuple[int, int]:
    setup, dns = service.setup_ease or 0, service.dns_ease or 0
    return (min(setup + 1, 5), 5) if already else (setup, dns)


def _cost(price: float | None) -> int:
    if price is None:
        return 0
    if price == 0:
        return 5
    return next((points for limit, points in PRICE_POINTS if price <= limit), 0)


def _alignment(service: Service) -> int:
    path, signature = service.return_path_aligned, service.dkim_verified
    if path and path.endswith("@{domain}"):
        return BOTH_STRICT
    if path and signature:
        return BOTH
    return ONE if path or signature else NONE
