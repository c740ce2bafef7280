"""An SPF check as a tree: the terms of each record in order, down to the one that decided.

What a `Node` says is worked out here out of the check's steps; `helpers.show.figures.spf` draws it.

path         the nodes that led to the result, from the outermost record to the deciding term
not reached  a term behind the one that ended the evaluation of its record: nobody looked at it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from helpers.spf import SpfTerm, parse_spf
from helpers.terms import DnsStatus, Result, SpfCheck, Step

State = Literal["match", "no match", "not reached", "error", "detail"]

_COUNTED = re.compile(r"Look-up (\d+) of \d+\. ")
_ONE_TOO_MANY = re.compile(r"would be look-up (\d+),")
_VOID = re.compile(r"Void look-up (\d+) of \d+\.")
_THIRD_VOID = "third look-up that found nothing"
_MATCH = re.compile(r"Match(?:: the result is|, and “)[^“”]*(?:”[^“”]*)?\Z")
_NO_MATCH = "No match."
_ENDS_WITH = re.compile(r" ?(?:The check|so the check) ends with (?:permerror|temperror)\.\Z")
_FILLED_IN = "With the values filled in: "
_RECORD = "TXT records of "  # begins what the step looks at that asks for a record


@dataclass(frozen=True)
class Node:
    """A record, a term, or a detail of one: ``text`` as written, ``said`` and ``note`` what became of it."""

    text: str
    state: State
    said: str = ""
    note: str = ""
    look_up: int | None = None  # which of the ten; 11 is the one too many
    void: int | None = None  # which of the two look-ups that may find nothing
    on_path: bool = False
    children: tuple[Node, ...] = ()
    hidden: int = 0  # above zero: this row only says how many others it stands for
    last_look_up: int | None = None  # where the row stands for several look-ups


def tree_of(check: SpfCheck) -> Node:
    """The check as one node for the domain, with the terms of its record and whatever is below them."""
    steps = [step for step in check.steps if not _is_opening(step)]
    nodes, _ = _record(steps, on_path=True)
    if check.result is Result.NONE:  # there is no record: no error, and nothing to evaluate
        nodes = tuple(replace(node, state="detail") for node in nodes)
    return Node(check.domain or "no domain", "detail", on_path=True, children=nodes)


def _is_opening(step: Step) -> bool:
    """What was given, before DNS was asked anything."""
    return step.looked_at.startswith(("MAIL FROM ", "client IP ")) or step.looked_at == "HELO"


# --------------------------------------------------------------- steps to nodes


def _record(steps: Sequence[Step], *, on_path: bool) -> tuple[tuple[Node, ...], Result | None]:
    """The nodes of one record out of its steps, and what the record says (None: it can't be used)."""
    at = next((i for i, step in enumerate(steps) if step.looked_at.startswith(_RECORD)), None)
    if at is None:  # there was no name that DNS could be asked for
        return tuple(_detail(step, "error", on_path=on_path) for step in steps), None
    before = tuple(_detail(step, "detail", on_path=False) for step in steps[:at])
    texts = _spf_texts(steps[at])
    if len(texts) == 1:
        nodes, result = _terms(parse_spf(texts[0]).terms, list(steps[at + 1 :]), on_path=on_path)
        return before + nodes, result
    rows = [Node(text, "error", f"one of {len(texts)} SPF records", on_path=on_path) for text in texts]
    return (*before, *(rows or [_detail(steps[at], "error", on_path=on_path)])), None


def _spf_texts(step: Step) -> list[str]:
    if step.answer is None or step.answer.status is not DnsStatus.DATA:
        return []
    texts = [str(value) for value in step.answer.values]
    return [text for text in texts if text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")]


def _terms(
    terms: Sequence[SpfTerm], left: list[Step], *, on_path: bool
) -> tuple[tuple[Node, ...], Result | None]:
    """A node a term. ``left`` has the steps that no term has claimed yet, in the order they happened."""
    nodes: list[Node] = []
    later: list[int] = []
    result: Result | None = Result.NEUTRAL
    left.reverse()  # the next one is then at the end, where it is cheap to take
    for term in terms:
        if term.kind == "modifier" and term.name in ("redirect", "exp"):
            later.append(len(nodes))  # what they do comes after all mechanisms, wherever they stand (§6)
            nodes.append(Node(term.text, "not reached"))
        elif left and left[-1].looked_at == term.text:
            node, result = _term(term, left.pop(), result, on_path=on_path)
            nodes.append(node)
        else:
            nodes.append(Node(term.text, "not reached"))
    for at in later:
        step = next((step for step in left if step.looked_at == terms[at].text), None)
        if step is not None:
            left.remove(step)
            nodes[at], result = _modifier(terms[at], step, result, on_path=on_path)
    nodes += [_left_over(step, on_path=on_path) for step in reversed(left)]
    return tuple(nodes), result


def _term(term: SpfTerm, step: Step, result: Result | None, *, on_path: bool) -> tuple[Node, Result | None]:
    """A mechanism that was looked at, a modifier nobody knows, or a term that can't be read."""
    words = step.followed
    if term.kind != "mechanism" or term.problem:
        if term.problem:
            return Node(term.text, "error", term.problem, on_path=on_path), None
        return Node(term.text, "no match", "ignored"), result
    state: State = "no match" if words.endswith(_NO_MATCH) else "match" if _MATCH.search(words) else "error"
    on_path = on_path and state != "no match"
    inside, inner = _inside(term, step, on_path=on_path)
    note = f"its record says {inner}" if inner is not None else _note(words)
    said = {"match": f"match: {term.result}", "no match": "no match"}.get(state, _error(words))
    found = Node(term.text, state, said, note, _look_up(words), _void(words), on_path, inside)
    return found, {"match": term.result, "no match": result}.get(state)


def _inside(term: SpfTerm, step: Step, *, on_path: bool) -> tuple[tuple[Node, ...], Result | None]:
    """What happened inside a term: another record, or the macros and hosts that were looked at."""
    if term.name in ("include", "redirect") and step.steps:
        return _record(step.steps, on_path=on_path)
    return tuple(_detail(inner, "detail", on_path=False) for inner in step.steps), None


def _modifier(
    term: SpfTerm, step: Step, result: Result | None, *, on_path: bool
) -> tuple[Node, Result | None]:
    words = step.followed
    if term.name == "exp":
        return Node(term.text, "detail", "", _note(words)), result
    inside, inner = _inside(term, step, on_path=on_path)
    state: State = "error" if inner is None else "match"
    said = _error(words) if inner is None else f"decides: {inner}"
    note = "" if inner is not None else _note(words)
    return Node(term.text, state, said, note, _look_up(words), None, on_path, inside), inner


def _left_over(step: Step, *, on_path: bool) -> Node:
    if step.looked_at == "end of the record":
        return Node(step.looked_at, "match", "neutral", "no term matched", on_path=on_path)
    return _detail(step, "detail", on_path=False)


def _detail(step: Step, state: State, *, on_path: bool) -> Node:
    words = step.followed
    said = _error(words) if state == "error" and _ENDS_WITH.search(words) else ""
    text = step.looked_at
    if words.startswith(_FILLED_IN):
        text, words = "macros filled in", words.removeprefix(_FILLED_IN)
    return Node(text, state, said, _note(words), None, _void(words), on_path)


# ------------------------------------------------------------- words of a step


def _note(words: str) -> str:
    """What a step says beyond its count and its outcome, which are shown by themselves."""
    if _ONE_TOO_MANY.search(words):
        return "one look-up too many"
    if _THIRD_VOID in words:
        return "a third void look-up"
    rest = _ENDS_WITH.sub("", _MATCH.sub("", _VOID.sub("", _COUNTED.sub("", words, count=1))))
    return rest.removesuffix(_NO_MATCH).strip().rstrip(",.")


def _error(words: str) -> str:
    return "temperror" if words.endswith("temperror.") else "permerror"


def _look_up(words: str) -> int | None:
    found = _COUNTED.match(words) or _ONE_TOO_MANY.search(words)
    return int(found.group(1)) if found else None


def _void(words: str) -> int | None:
    found = _VOID.search(words)
    return int(found.group(1)) if found else None


# ------------------------------------------------------------------ fewer rows


def rows_of(node: Node, depth: int = 0) -> Iterator[tuple[int, Node]]:
    """Each node with its depth, in the order of the records."""
    yield depth, node
    for child in node.children:
        yield from rows_of(child, depth + 1)


def shortened(tree: Node, limit: int) -> tuple[list[tuple[int, Node]], int]:
    """At most ``limit`` rows, and how many are not among them.

    What led to the result goes last: records that did not count are folded first, then runs of
    terms that came to the same, then whatever is in the middle.
    """
    whole = list(rows_of(tree))
    rows = whole
    for fold in (_fold_details, _fold_off_path, _fold_runs):
        if len(rows) > limit:
            tree = fold(tree)
            rows = list(rows_of(tree))
    if len(rows) > limit:
        rows = _without_middle(rows, limit)
    return rows, len(whole) - sum(not node.hidden for _, node in rows)


def _fold_details(node: Node) -> Node:
    kept = tuple(_fold_details(child) for child in node.children if child.state != "detail" or child.on_path)
    return replace(node, children=kept)


def _fold_off_path(node: Node) -> Node:
    if not node.on_path and node.children:
        counted = [inner.look_up for _, inner in rows_of(node) if inner.look_up is not None]
        return replace(node, children=(), last_look_up=max(counted, default=None))
    return replace(node, children=tuple(_fold_off_path(child) for child in node.children))


def _fold_runs(node: Node) -> Node:
    """Neighbours that came to the same, none of them on the path, become one row."""
    children: list[Node] = []
    for child in map(_fold_runs, node.children):
        if children and _alike(children[-1], child):
            children[-1] = _together(children[-1], child)
        else:
            children.append(child)
    return replace(node, children=tuple(children))


def _alike(one: Node, two: Node) -> bool:
    plain = not (one.on_path or two.on_path or one.children or two.children)
    return plain and one.state == two.state


def _together(one: Node, two: Node) -> Node:
    count = (one.hidden or 1) + 1
    counted = [n for n in (one.look_up, one.last_look_up, two.look_up, two.last_look_up) if n is not None]
    return Node(
        f"… {count:,} terms", one.state, "" if one.state == "detail" else one.state,
        look_up=min(counted, default=None), last_look_up=max(counted, default=None),
        void=two.void or one.void, hidden=count,
    )  # fmt: skip


def _without_middle(rows: list[tuple[int, Node]], limit: int) -> list[tuple[int, Node]]:
    """The beginning, a row that counts, and the end of the path with what follows it."""
    last = max((i for i, (_, node) in enumerate(rows) if node.on_path), default=len(rows) - 1)
    tail = limit // 3
    end = min(len(rows), last + 2)
    start = max(end - tail, 0)
    head = limit - (end - start) - 1 - (end < len(rows))
    left = start - head
    middle = (rows[start][0], Node(f"… {left:,} more rows", "not reached", hidden=left))
    kept = [*rows[:head], middle, *rows[start:end]]
    if end < len(rows):
        rest = len(rows) - end
        kept.append((1, Node(f"… {rest:,} more rows", "not reached", hidden=rest)))
    return kept
