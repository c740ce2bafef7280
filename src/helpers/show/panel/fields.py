"""The panel's widgets: what can be entered, and how it is laid out. ipywidgets is imported late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.services import all_services
from helpers.show.panel.given import listed, listed_zones
from helpers.show.safe import escape, one_line

NONE, ZONE, LIVE = "none", "zone", "live"
WAYS = (
    ("no DNS: from the message alone", NONE),
    ("a recorded zone", ZONE),
    ("live: ask real name servers", LIVE),
)
PASTE = "… or paste here: a whole mail, only its headers, or the one line of the refusal"
LARGE_HINT = "A file above 10 MB: put it into data/private and pick it there."
STYLE = """<style>
.bouncepanel { max-width: 1010px; }
.bouncepanel .step { font-weight: 600; font-size: 15px; line-height: 1.4; margin-top: 4px; }
.bouncepanel .hint { font-weight: 400; opacity: .75; font-size: 13px; line-height: 1.4; }
.bouncepanel .said { font-size: 14px; line-height: 1.45; max-width: 84ch; padding: 2px 0 6px; }
.bouncepanel .unseen > .widget-label { position: absolute; width: 1px; height: 1px; padding: 0; margin: -1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bouncepanel textarea { font-family: monospace; font-size: 12px; }
</style>"""

# What stands above these fields says what they are for; who can't see that hears their own label.
UNSEEN = ("kept", "text", "zone", "service")

ROW = {"align_items": "center", "flex_flow": "row wrap", "grid_gap": "4px 12px"}

Fields = dict[str, Any]


def make_fields(folder: Path, zones: Sequence[tuple[str, Any]], *, way: str, port: int) -> Fields:
    """Every widget that something can be entered into, by name."""
    import ipywidgets as widgets

    wide = {"description_width": "initial"}
    return {
        "files": make_upload(),
        "kept": widgets.SelectMultiple(
            options=kept_options(folder),
            rows=5,
            description="Files in data/private",
            layout={"width": "auto"},
        ),
        "refresh": widgets.Button(
            description="Look again",
            icon="refresh",
            tooltip="Look into data/private again",
            layout={"width": "max-content"},
        ),
        "text": widgets.Textarea(
            description="Pasted mail, headers or refusal",
            placeholder=PASTE,
            layout={"width": "auto", "height": "185px"},
        ),
        "dns": widgets.RadioButtons(options=WAYS, value=way, layout={"width": "max-content"}),
        "zone": widgets.Dropdown(options=zones, description="The recorded zone", layout={"width": "330px"}),
        "zone_file": widgets.FileUpload(
            description="Another zone file", multiple=False, layout={"width": "max-content"}
        ),
        "server": widgets.Text(
            description="name server",
            placeholder="empty: this computer's own",
            style=wide,
            layout={"width": "330px"},
        ),
        "port": widgets.BoundedIntText(
            value=port, min=1, max=65535, description="port", style=wide, layout={"width": "120px"}
        ),
        "service": widgets.Dropdown(
            options=service_options(), description="The sending service", layout={"width": "330px"}
        ),
        "explain": widgets.Button(description="Explain", button_style="primary", icon="search"),
        "clear": widgets.Button(description="Start over", icon="eraser"),
    }  # fmt: skip


def make_upload() -> Any:
    """A field for files. After an upload that the server cut off a new one is needed: the old one is mute."""
    import ipywidgets as widgets

    return widgets.FileUpload(multiple=True, description="Choose files", layout={"width": "max-content"})


def kept_options(folder: Path) -> list[tuple[str, str]]:
    """The files in the folder for own mail."""
    return [(one_line(path.name, 80), path.name) for path in listed(folder)]


def zone_options(folder: Path, others: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Zones to choose from: given or uploaded ones, those recorded beside the mail, the samples."""
    samples = Path(__file__).resolve().parents[4] / "data" / "zones"
    return [
        *others,
        *((f"data/private/{one_line(path.name, 60)}", path) for path in listed_zones(folder)),
        *((f"sample: {path.stem}", path) for path in sorted(samples.glob("*.zone"))),
    ]


def service_options() -> list[tuple[str, str]]:
    """The sending services, after "none"."""
    return [("none in particular", ""), *((one.name, one.id) for one in all_services())]


def arrived_words(value: Sequence[Any]) -> str:
    """Which files are there, as HTML."""
    names = [f"{escape(file['name'], 80)} ({size_words(len(file['content']))})" for file in value]
    return f'<span class="hint">{", ".join(names) if names else LARGE_HINT}</span>'


def size_words(size: int) -> str:
    """A file's size for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"


def lay_out(fields: Fields, arrived: Any, bar: Any, said: Any, out: Any) -> Any:
    """The whole panel as one box."""
    import ipywidgets as widgets

    box = widgets.VBox(
        [
            widgets.HTML(STYLE),
            _step(1, "The mail", "files and pasted text, one answer for each; nothing leaves this machine"),
            _mail_box(fields, arrived),
            _step(2, "Where DNS answers come from", "live look-ups are the only thing that ever goes out"),
            _dns_box(fields),
            _step(3, "The sending service that you expected it to go through"),
            fields["service"],
            widgets.HBox(
                [fields["explain"], fields["clear"], bar], layout={**ROW, "margin": "12px 0 4px"}
            ),
            said,
            out,
        ]
    )  # fmt: skip
    box.add_class("bouncepanel")
    for name, field in fields.items():
        field.add_class(f"bouncepanel-{name}")
        if name in UNSEEN:
            field.add_class("unseen")
    return box


def _step(number: int, title: str, hint: str = "") -> Any:
    import ipywidgets as widgets

    return widgets.HTML(f'<div class="step">{number}. {title} <span class="hint">{hint}</span></div>')


def _mail_box(fields: Fields, arrived: Any) -> Any:
    """Files on the left, pasted text on the right."""
    import ipywidgets as widgets

    kept = widgets.HBox(
        [widgets.HTML('<span class="hint">Files in data/private:</span>'), fields["refresh"]],
        layout={"align_items": "center", "justify_content": "space-between"},
    )
    left = widgets.VBox(
        [fields["files"], arrived, kept, fields["kept"]],
        layout={"flex": "1 1 340px", "overflow": "hidden"},
    )
    right = widgets.VBox([fields["text"]], layout={"flex": "1 1 420px"})
    return widgets.HBox([left, right], layout={"flex_flow": "row wrap", "grid_gap": "8px 24px"})


def _dns_box(fields: Fields) -> Any:
    """The ways to DNS, and beside them the fields of the one that is chosen."""
    import ipywidgets as widgets

    details = {
        ZONE: widgets.HBox([fields["zone"], fields["zone_file"]], layout=ROW),
        LIVE: widgets.HBox([fields["server"], fields["port"]], layout=ROW),
    }

    def show_details(_: object = None) -> None:
        for way, detail in details.items():
            detail.layout.display = "flex" if fields["dns"].value == way else "none"

    show_details()
    fields["dns"].observe(show_details, names="value")
    column = widgets.VBox([*details.values()], layout={"flex": "1 1 420px"})
    return widgets.HBox([fields["dns"], column], layout={"flex_flow": "row wrap", "grid_gap": "4px 24px"})
