"""The panel for one's own bounce: give a mail, say where DNS comes from, press Explain.

ipywidgets and matplotlib are imported when a panel is made. Nothing is sent anywhere but the live
DNS look-ups that somebody asks for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from helpers import services
from helpers.lookup import Zone
from helpers.show.panel.answer import answer_box, overview_line, reason
from helpers.show.panel.explain import TIMEOUT, Asking, Explained, explain
from helpers.show.panel.fields import (
    LIVE,
    NONE,
    ZONE,
    arrived_words,
    kept_options,
    lay_out,
    make_fields,
    make_upload,
    zone_options,
)
from helpers.show.panel.given import Given, mail_bytes, pasted, read_kept
from helpers.show.panel.keep import private_folder
from helpers.show.safe import escape, one_line

__all__ = ["BouncePanel", "bounce_panel"]

LISTED = 10  # answers that are to be seen in the list at once

NOTHING = (
    "Nothing to explain yet: choose a file, pick one from data/private, or paste some text. If you did "
    "choose one, it was too large to arrive: this Jupyter server cuts uploads off, usually above 10 MB. Put "
    "the file into data/private (drag it there in JupyterLab's file browser) and pick it there."
)


def bounce_panel(
    folder: str | os.PathLike[str] | None = None,
    *,
    dns: str | Zone = NONE,
    nameserver: str = "",
    port: int = 53,
    timeout: float = TIMEOUT,
    service: str | None = None,
) -> BouncePanel:
    """A panel that explains mail: uploaded files, pasted text, or files from ``data/private``.

    Arguments, all of them only what the panel begins with: ``folder``, for own mail and whatever
    is saved (default ``data/private``); ``dns``, "none", "live" or a `Zone`; ``nameserver`` and
    ``port`` for live DNS (an IP address; empty: the system's); ``timeout`` in seconds for one live
    question; ``service``, the sending service that was expected.

    The same without a panel: ``h.diagnose(path, dns=h.LiveDns())`` and `save_report`. Raises
    ValueError for an unknown service, another word for ``dns``, or a timeout that leaves no time.
    """
    return BouncePanel(folder, dns=dns, nameserver=nameserver, port=port, timeout=timeout, service=service)


class BouncePanel:
    """The panel. ``fields`` are its widgets by name, ``results`` what it explained last."""

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        *,
        dns: str | Zone,
        nameserver: str,
        port: int,
        timeout: float,
        service: str | None,
    ) -> None:
        if not isinstance(dns, Zone) and dns not in (NONE, LIVE):
            raise ValueError(f'dns is "none", "live" or a zone, not {dns!r}')
        if timeout <= 0:
            raise ValueError(f"a timeout of {timeout!r} seconds leaves no time to ask")
        wanted = services.find(service).id if service is not None else None
        import ipywidgets as widgets

        self.folder = Path(folder) if folder is not None else private_folder()
        self.results: tuple[Explained, ...] = ()
        self._timeout = timeout
        self._lock = Lock()
        self._zones: list[tuple[str, Any]] = [("the zone given", dns)] if isinstance(dns, Zone) else []
        self.fields = make_fields(
            self.folder,
            zone_options(self.folder, self._zones),
            way=ZONE if isinstance(dns, Zone) else dns,
            port=port,
        )
        self.fields["server"].value = nameserver
        self.fields["service"].value = wanted or ""
        self.arrived = widgets.HTML(arrived_words(()))
        self.bar = widgets.IntProgress(min=0, max=1, layout={"width": "160px", "display": "none"})
        self.said = widgets.HTML()
        self.out = widgets.VBox()
        self.box = lay_out(self.fields, self.arrived, self.bar, self.said, self.out)
        self._listen()

    def _listen(self) -> None:
        self.fields["explain"].on_click(lambda _: self.explain())
        self.fields["clear"].on_click(lambda _: self.clear())
        self.fields["refresh"].on_click(lambda _: self._refresh())
        self.fields["files"].observe(self._arrived, names="value")
        self.fields["zone_file"].observe(self._zone_arrived, names="value")

    # ------------------------------------------------------------------ clicks

    def explain(self) -> tuple[Explained, ...]:
        """Explain everything that is given now, as the button does; returns `results`.

        Never raises: whatever goes wrong becomes a sentence in the panel.
        """
        if not self._lock.acquire(blocking=False):  # a second click while the first one works
            return self.results
        try:
            self._busy(True)
            self.results = ()
            self.out.children = ()  # what was there is about something else
            self._explain_all()
        except Exception as error:  # the panel stays usable, and says what was wrong
            self._say(f"That did not work: {reason(error)}")
        finally:
            self._busy(False)
            self._lock.release()
        return self.results

    def _explain_all(self) -> None:
        asking, service = self._asking(), self.fields["service"].value or None
        given = list(self._given())
        if not given:
            self._renew_upload()
            self._say(NOTHING)
            return
        self.bar.max, found = len(given), []
        for number, one in enumerate(given, 1):
            live = ", asking name servers" if asking.live else ""
            self._say(f"{number} of {len(given)}: {one_line(one.name, 60)}{live} …")
            found.append(_explained(one, asking, service))
            self.bar.value = number
        self._say("Drawing …")
        self._show(tuple(found))
        self._say("")

    def clear(self) -> None:
        """Empty what was given and the answers, as the button does. Nothing is deleted on disk."""
        with self._lock:
            self._renew_upload()
            self.fields["text"].value = ""
            self.fields["kept"].value = ()
            self.results, self.out.children = (), ()
            self._say("")
            self._refresh()

    def _busy(self, busy: bool) -> None:
        for name in ("explain", "clear"):
            self.fields[name].disabled = busy
        self.bar.value = 0
        self.bar.layout.display = "flex" if busy else "none"

    def _say(self, sentence: str) -> None:
        self.said.value = f'<div class="said">{escape(sentence)}</div>' if sentence else ""

    # ------------------------------------------------------------------ fields

    def _given(self) -> Iterator[Given]:
        for file in self.fields["files"].value:
            yield Given(file["name"], mail_bytes(bytes(file["content"])))
        for name in self.fields["kept"].value:
            try:
                yield read_kept(self.folder / name)
            except OSError as error:
                raise OSError(f"{name} can't be read: {error.strerror or error}") from None
        yield from pasted(self.fields["text"].value)

    def _asking(self) -> Asking:
        way = self.fields["dns"].value
        if way == LIVE:
            server, port = self.fields["server"].value.strip(), self.fields["port"].value
            return Asking(live=True, server=server, port=port, timeout=self._timeout, folder=self.folder)
        if way == NONE:
            return Asking()
        chosen = self.fields["zone"].value
        if chosen is None:
            raise ValueError("there is no recorded zone to choose from; give a zone file, or use live DNS")
        zone = chosen if isinstance(chosen, Zone) else Zone.from_file(chosen)
        words = next((label for label, value in self.fields["zone"].options if value == chosen), "a zone")
        return Asking(zone=zone, words=words)

    def _arrived(self, _: object = None) -> None:
        self.arrived.value = arrived_words(self.fields["files"].value)

    def _renew_upload(self) -> None:
        """An upload field that the server cut off sends nothing any more: a new one does."""
        old, new = self.fields["files"], make_upload()
        new.add_class("bouncepanel-files")
        new.observe(self._arrived, names="value")
        self.fields["files"] = new
        _replace(self.box, old, new)
        self._arrived()

    def _refresh(self) -> None:
        """Look into the folder again. New options unselect, so they are set only when they are others."""
        kept = kept_options(self.folder)
        if kept != list(self.fields["kept"].options):
            there = {name for _, name in kept}
            chosen = tuple(name for name in self.fields["kept"].value if name in there)
            self.fields["kept"].options = kept
            self.fields["kept"].value = chosen
        self._list_zones(self.fields["zone"].value)

    def _list_zones(self, chosen: object) -> None:
        options = zone_options(self.folder, self._zones)
        if options != list(self.fields["zone"].options):
            self.fields["zone"].options = options
        if any(value == chosen for _, value in options):
            self.fields["zone"].value = chosen

    def _zone_arrived(self, _: object = None) -> None:
        for file in self.fields["zone_file"].value:
            try:
                zone = Zone.from_text(bytes(file["content"]).decode("utf-8", "replace"))
            except ValueError as error:
                self._say(f"{file['name']}: {reason(error)}")
                continue
            self._zones.insert(0, (one_line(file["name"], 60), zone))
            self._list_zones(zone)

    # ------------------------------------------------------------------- shown

    def _show(self, found: tuple[Explained, ...]) -> None:
        self.results = found
        if len(found) == 1:
            self.out.children = (answer_box(found[0], self.folder),)
        else:
            self.out.children = _several(found, self.folder)
        self._refresh()

    def _repr_mimebundle_(self, **how: Any) -> dict[str, Any]:
        return {**self.box._repr_mimebundle_(**how), "text/plain": str(self)}

    def __str__(self) -> str:
        # The same for everybody: a stored notebook must not tell what is in somebody's folder.
        return (
            "A panel: choose a bounce, say where DNS answers come from, and press Explain. Run this cell to "
            "use it.\nWithout a panel: h.diagnose(path, dns=h.LiveDns())"
        )

    __repr__ = __str__


def _explained(given: Given, asking: Asking, service: str | None) -> Explained:
    try:
        return explain(given, asking, service)
    except ValueError:  # a name server that is none: the same for all that is given
        raise
    except Exception as error:  # one mail's trouble does not take the others' answers away
        return Explained(given, problem=f"That did not work: {reason(error)}")


def _several(found: Sequence[Explained], folder: Path) -> tuple[Any, Any]:
    """A list of what was given and what became of it, and below it the answer that is chosen there."""
    import ipywidgets as widgets

    lines = [(overview_line(number, one), number - 1) for number, one in enumerate(found, 1)]
    chosen = widgets.Select(options=lines, rows=min(len(lines), LISTED), layout={"width": "auto"})
    chosen.add_class("bouncepanel-answers")
    below, drawn, lock = widgets.VBox(), dict[int, Any](), Lock()

    def show(_: object = None) -> None:
        with lock:  # drawn when it is chosen: a figure takes a moment
            place = chosen.value
            if place not in drawn:
                drawn[place] = answer_box(found[place], folder)
            below.children = (drawn[place],)

    chosen.observe(show, names="value")
    show()
    return chosen, below


def _replace(box: Any, old: Any, new: Any) -> bool:
    """Put a widget in the place of another one, wherever in the box that is."""
    children = list(getattr(box, "children", ()))
    if old in children:
        children[children.index(old)] = new
        box.children = children
        return True
    return any(_replace(child, old, new) for child in children)
