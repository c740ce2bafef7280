"""A panel over identifier alignment: type domains, toggle modes, and the alignment figure follows.

ipywidgets and matplotlib are imported when a panel is made. Every picture is drawn on a `Figure` of its
own and handed over as PNG: pyplot's one current figure would be drawn by two callbacks at once.
"""

from __future__ import annotations

from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.domains import organizational_domain
from helpers.lookup import Zone, a_label
from helpers.show.answer.parts import picture
from helpers.show.figures.alignment import alignment_figure
from helpers.show.following import follow
from helpers.show.html import html_of
from helpers.show.safe import escape, one_line
from helpers.terms import DmarcCheck, Rules

RESULTS = ("pass", "fail", "none")
RULES: dict[str, Rules] = {"RFC 9989": "rfc9989", "RFC 7489": "rfc7489"}
WIDE = {"description_width": "170px"}


def alignment_playground(
    author: str = "fujiba.net", mail_from: str = "gmail.com", signed_by: str = ""
) -> AlignmentPlayground:
    """A panel whose fields are the three domains and what is asked of them; figure and reasons follow.

    Arguments: the domains to begin with; ``signed_by=""`` is a message without signature. The DMARC
    record stands at the author's organizational domain, unless the panel is told that it stands at
    the author domain itself. Without a notebook ``fields``, ``check`` and ``str()`` say what it shows,
    and setting a field's ``value`` works as typing does. RFC 9989 §4.4.
    """
    return AlignmentPlayground(author, mail_from, signed_by)


class AlignmentPlayground:
    """The panel. ``fields`` are its widgets by name, ``check`` is the DMARC check now shown, or None."""

    def __init__(self, author: str, mail_from: str, signed_by: str) -> None:
        self.fields = _fields(author, mail_from, signed_by)
        self.check: DmarcCheck | None = None
        self.problem = ""  # what is wrong with what was typed, in a sentence
        self._shown = ""  # what the picture shows, in words
        self.picture, self.words, self.box = _outputs(self.fields)
        follow(self.fields, self._show)

    def _show(self) -> None:
        values = {name: field.value for name, field in self.fields.items()}
        names, self.problem = _domains(values)
        # A picture of what was typed before would contradict the sentence below it.
        self.picture.layout.display = "none" if self.problem else None
        if self.problem:
            self.check = None
            self.words.value = f'<p role="alert">{escape(self.problem)}</p>'
            return
        self.check = _evaluate(values, names)
        drawn = alignment_figure(self.check)
        self.picture.value, self._shown = picture(drawn), str(drawn)
        self.words.value = html_of(self.check)

    def _repr_mimebundle_(self, **how: Any) -> dict[str, Any]:
        return {**self.box._repr_mimebundle_(**how), "text/plain": str(self)}

    def __str__(self) -> str:
        return (
            "A panel: change a field, and the picture below it follows. Run this cell to use it.\n"
            f"Now: {one_line(self.problem or self._shown, 400)}"
        )

    __repr__ = __str__


def _domains(values: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The three names as DNS writes them, and a sentence about the first that is none."""
    names = {}
    for field, what in (("author", "From"), ("mail_from", "MAIL FROM"), ("signed_by", "d=")):
        text = values[field].strip().rpartition("@")[2]  # a whole address does as well
        name = a_label(text) if text else ""
        if name is None or (not name and field == "author"):
            return {}, f"“{one_line(text, 80)}” in {what} is not a domain name; type one such as example.com."
        names[field] = name
    return names, ""


def _evaluate(values: dict[str, Any], names: dict[str, str]) -> DmarcCheck:
    author = names["author"]
    # Where a record would stand, as people set it up: at the domain that was registered.
    at = (
        author
        if values["own_record"]
        else organizational_domain(author, dns=Zone.from_dict({}), rules="rfc7489")
    )
    modes = "; ".join(f"{tag}=s" for tag in ("adkim", "aspf") if values[tag])
    record = "; ".join(filter(None, ["v=DMARC1", f"p={values['policy']}", modes]))
    return evaluate_dmarc(
        author_domain=author,
        spf=(names["mail_from"], values["spf"]) if names["mail_from"] else None,
        dkim=[(names["signed_by"], values["dkim"])] if names["signed_by"] else [],
        dns=Zone.from_dict({f"_dmarc.{at}": {"TXT": [record]}, author: {}}),
        rules=RULES[values["rules"]],
    )


def _fields(author: str, mail_from: str, signed_by: str) -> dict[str, Any]:
    import ipywidgets as widgets

    def text(label: str, value: str) -> Any:
        # A word at a time: half a domain is another domain.
        return widgets.Text(
            value=value, description=label, continuous_update=False, style=WIDE, layout={"width": "420px"}
        )

    def choice(label: str, options: tuple[str, ...], value: str) -> Any:
        return widgets.Dropdown(
            options=options, value=value, description=label, style=WIDE, layout={"width": "300px"}
        )

    def box(label: str) -> Any:
        return widgets.Checkbox(value=False, description=label, indent=False, layout={"width": "auto"})

    return {
        "author": text("domain in From", author),
        "mail_from": text("domain of MAIL FROM", mail_from),
        "spf": choice("SPF says", RESULTS, "pass"),
        "signed_by": text("signature, d=", signed_by),
        "dkim": choice("DKIM says", RESULTS, "pass"),
        "aspf": box("aspf=s: strict for SPF"),
        "adkim": box("adkim=s: strict for DKIM"),
        "own_record": box("the record stands at the domain in From itself"),
        "policy": choice("p =", ("none", "quarantine", "reject"), "reject"),
        "rules": choice("rules", tuple(RULES), next(iter(RULES))),
    }


def _outputs(fields: dict[str, Any]) -> tuple[Any, Any, Any]:
    import ipywidgets as widgets

    # HTML, since a widget for an image can't have a text alternative.
    drawn, words = widgets.HTML(), widgets.HTML()
    domains = widgets.VBox([fields[name] for name in ("author", "mail_from", "spf", "signed_by", "dkim")])
    modes = widgets.VBox([fields[name] for name in ("aspf", "adkim", "own_record", "policy", "rules")])
    controls = widgets.HBox([domains, modes], layout={"flex_flow": "row wrap", "grid_gap": "0 32px"})
    return drawn, words, widgets.VBox([controls, drawn, words])
