"""An interactive panel over the choice of a service: change what you need, and see which services are left.

ipywidgets and matplotlib are imported when a panel is made. Every picture is drawn on a `Figure`
of its own and handed over as PNG: pyplot's one current figure would be drawn by two callbacks at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from helpers.services import Choice, Service, all_services, choose, find
from helpers.show.answer.parts import picture
from helpers.show.figures.services import choice_figure
from helpers.show.following import follow
from helpers.show.html import html_of
from helpers.show.views.services import services_table

HOSTS = ("Squarespace", "Cloudflare", "somewhere else")
STRICT_POINTS = 5  # of alignment: both identifiers align also under strict
STRICT_OBSTACLE = "SPF does not align under aspf=s. Only the signature is left."
WIDE = {"description_width": "initial"}


def service_chooser(services: Iterable[str | Service] | None = None, **needs: Any) -> ServiceChooser:
    """A panel whose fields filter the services; picture and table follow.

    Arguments: which services (all by default); ``needs``, the values to begin with, as in
    `helpers.services.choose` (the defaults are the story's), and ``strict``, whether SPF has to
    align under strict alignment, too. Without a notebook the panel's ``choices`` and ``str()``
    say what it shows. Raises ValueError for an unknown service or a need that can't be.
    """
    return ServiceChooser(services, **needs)


class ServiceChooser:
    """The panel. ``fields`` are its widgets by name, ``choices`` what it shows now, fitting ones first."""

    def __init__(
        self,
        services: Iterable[str | Service] | None = None,
        *,
        messages_per_month: int = 20,
        max_price_usd: float = 0.0,
        keep_mx: bool = True,
        dns_at: str = HOSTS[0],
        smtp: bool = True,
        strict: bool = False,
        already: Iterable[str | Service] = (),
    ) -> None:
        self._shown = _chosen(services)
        there = _chosen(already)
        if there - {"mailgun"}:
            raise ValueError("the panel has a field for one account that is there already: Mailgun")
        at = next((host for host in HOSTS if host.casefold() == dns_at.casefold()), HOSTS[-1])
        # Asked once before there are widgets: what choose() refuses is refused here, in its words.
        choose(messages_per_month=messages_per_month, max_price_usd=max_price_usd)
        self.fields = _fields(
            messages_per_month, max_price_usd, keep_mx, at, smtp, strict, mailgun="mailgun" in there
        )
        self.choices: tuple[Choice, ...] = ()
        self.picture, self.table, self.box = _outputs(self.fields)
        follow(self.fields, self._show)

    def _show(self) -> None:
        values = {name: field.value for name, field in self.fields.items()}
        found = choose(
            messages_per_month=values["messages"],
            keep_mx=values["keep_mx"],
            dns_at=values["dns_at"],
            smtp=values["smtp"],
            max_price_usd=values["price"],
            already=("mailgun",) if values["mailgun"] else (),
        )
        mine = [choice for choice in found if choice.service in self._shown]
        if values["strict"]:
            mine = sorted((_strictly(choice) for choice in mine), key=lambda choice: not choice.fits)
        self.choices = tuple(mine)
        self.picture.value = picture(choice_figure(self.choices))
        self.table.value = html_of(services_table(self.choices))

    def _repr_mimebundle_(self, **how: Any) -> dict[str, Any]:
        return {**self.box._repr_mimebundle_(**how), "text/plain": str(self)}

    def __str__(self) -> str:
        fitting = [choice.name for choice in self.choices if choice.fits]
        return (
            "A panel: change a field, and picture and table below it follow. Run this cell to use it.\n"
            f"Now {len(fitting)} of {len(self.choices)} services fit: {', '.join(fitting) or 'none'}."
        )

    __repr__ = __str__


def _chosen(services: Iterable[str | Service] | None) -> frozenset[str]:
    """The ids of the services to show; None is all. Raises ValueError for an unknown one."""
    return frozenset(find(one).id for one in (all_services() if services is None else services))


def _strictly(choice: Choice) -> Choice:
    """The choice when SPF has to align under strict alignment, too (RFC 9989 §4.4.1)."""
    if choice.alignment == STRICT_POINTS or not choice.alignment:
        return choice
    return replace(choice, fits=False, obstacles=(*choice.obstacles, STRICT_OBSTACLE))


def _fields(
    messages: int, price: float, keep_mx: bool, dns_at: str, smtp: bool, strict: bool, *, mailgun: bool
) -> dict[str, Any]:
    import ipywidgets as widgets

    def box(text: str, value: bool) -> Any:
        return widgets.Checkbox(value=value, description=text, indent=False, layout={"width": "auto"})

    number = {"style": WIDE, "layout": {"width": "240px"}}
    return {
        "messages": widgets.BoundedIntText(
            value=messages, min=0, max=10_000_000, description="messages a month", **number
        ),
        "price": widgets.BoundedFloatText(
            value=price, min=0, max=10_000, step=5, description="dollars a month, at most", **number
        ),
        "dns_at": widgets.Dropdown(options=HOSTS, value=dns_at, description="DNS is edited at", **number),
        "keep_mx": box("the domain's MX records stay (Mailgun forwards)", keep_mx),
        "smtp": box("a mail program has to send through it", smtp),
        "strict": box("SPF has to align under aspf=s, too", strict),
        "mailgun": box("Mailgun is set up already", mailgun),
    }


def _outputs(fields: dict[str, Any]) -> tuple[Any, Any, Any]:
    import ipywidgets as widgets

    # HTML, since a widget for an image can't have a text alternative.
    drawn, table = widgets.HTML(), widgets.HTML()
    numbers = widgets.VBox([fields[name] for name in ("messages", "price", "dns_at")])
    boxes = widgets.VBox([fields[name] for name in ("keep_mx", "smtp", "strict", "mailgun")])
    controls = widgets.HBox([numbers, boxes], layout={"flex_flow": "row wrap", "grid_gap": "0 32px"})
    return drawn, table, widgets.VBox([controls, drawn, table])
