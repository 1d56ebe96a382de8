"""How `edgevision watch` shows what it knows: a table of cameras, and below it the latest events."""

from itertools import chain
from typing import Literal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from edgevision.cli.watch_state import FORGET_AFTER, CameraView, EventView, TrackView, View, percent

NARROW = 100
"""Columns below which names and labels are given less room."""

TINY = 60
"""Columns below which there is none for figures."""

FEWEST_EVENTS = 3
"""For which the table of cameras makes room, if there were as many."""

Row = tuple[str | Text, ...]


def draw(view: View, now: float, columns: int, rows: int) -> Group:
    """The picture of the moment `now` for a terminal of `columns` x `rows`: no line is folded, none is too many."""
    colour = "green" if view.status == "online" else "red"
    head = Text.assemble((f"{view.topics.base} ", "bold"), (view.status, colour), f"   {view.info}")
    head.no_wrap, head.overflow = True, "ellipsis"
    figures = ("fps", "model fps", "model ms", "dropped") if columns >= TINY else ()
    widest, longest = (12, 16) if columns < NARROW else (24, 40)
    cameras = [
        _rows(name, camera, len(figures), _there(camera, now, longest)) for name, camera in sorted(view.cameras.items())
    ]
    lines = _fitted(cameras, room_for_cameras(rows - 2, len(view.events)))
    table = _table(("camera", *figures, "there now"), figures)
    table.columns[0].max_width = widest
    for line in lines:
        table.add_row(*line)
    for_events = min(len(view.events), rows - 2 - len(lines) - 2)
    if for_events <= 0:
        return Group(head, table)
    events = _table(("time", "camera", "event", "label", "top", "lasted", "zones"), ("top", "lasted"))
    events.columns[1].max_width = widest
    events.columns[3].max_width = widest
    for event in list(view.events)[-for_events:]:
        events.add_row(*_event_row(event))
    return Group(head, table, Text(""), events)


def room_for_cameras(rows: int, events: int) -> int:
    """How many of the `rows` cameras may take; the events have two lines more above them."""
    few = min(events, FEWEST_EVENTS)
    return rows - few - 2 if few and rows >= 2 * (few + 2) else rows


def duration(seconds: float) -> str:
    """`12 s`, `3 min 05 s` or `2 h 05 min`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _table(headers: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    """An empty table without lines; its last column takes what the others leave."""
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for header in headers:
        justify: Literal["left", "right"] = "right" if header in numbers else "left"
        ratio = 1 if header == headers[-1] else None
        table.add_column(header, justify=justify, no_wrap=True, overflow="ellipsis", ratio=ratio)
    return table


def _rows(name: str, camera: CameraView, figures: int, there: list[Text]) -> list[Row]:
    """The camera's line with as many `figures`, and one below it for each further line of what is there."""
    known = camera.figures
    first, *more = there or [Text("")]
    rates = (known.capture_fps, known.inference_fps, known.inference_ms, known.dropped)
    return [(Text(name), *rates[:figures], first), *(("",) * (figures + 1) + (line,) for line in more)]


def _fitted(cameras: list[list[Row]], room: int) -> list[Row]:
    """Their rows, where there is no room for all: of each camera the first ones, of each as many."""
    most = max(map(len, cameras), default=0)
    while most > 1 and sum(min(len(rows), most) for rows in cameras) > room:
        most -= 1
    fitted = list(chain.from_iterable(_first(rows, most) for rows in cameras))
    return fitted if len(fitted) <= room else _first(fitted, max(room, 2))


def _first(rows: list[Row], most: int) -> list[Row]:
    """The first of the rows, and where there is a row for that, how many are left out."""
    if len(rows) <= most or most < 2:
        return rows[:most]
    left = len(rows) - most + 1
    return [*rows[: most - 1], ("",) * (len(rows[0]) - 1) + (f"… and {left} more",)]


def _there(camera: CameraView, now: float, longest: int) -> list[Text]:
    """How many there are of each label, what each is, and what else the last frame showed; or why nothing is known."""
    if not camera.online:
        return [Text("offline", "red")]
    if camera.figures.stalled:
        return [Text("stalled", "red")]
    if not camera.detect:
        return [Text("detection is off", "yellow")]
    counts = ", ".join(f"{count} {_cut(label, longest)}" for label, count in sorted(camera.counts.items()) if count)
    tracks = sorted(camera.there(now).values(), key=lambda track: track.since)
    seen = camera.seen if now - camera.received < FORGET_AFTER else ""
    lines = [Text(counts, "bold"), *(Text(_told(track, now, longest)) for track in tracks), Text(seen)]
    return [line for line in lines if line]


def _told(track: TrackView, now: float, longest: int) -> str:
    """`person 83 %, 12 s, drive lawn`; `over 12 s` when nobody knows when it came."""
    lasted = f"{'' if track.whole else 'over '}{duration(now - track.since)}"
    what = f"{_cut(track.label, longest)} {percent(track.score)}"
    return ", ".join(filter(None, (what, lasted, " ".join(track.zones))))


def _cut(label: str, longest: int) -> str:
    """A label that leaves room for what follows it."""
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


def _event_row(event: EventView) -> Row:
    lasted = "" if event.lasted is None else duration(event.lasted)
    texts = (event.camera, event.type, event.label, percent(event.top_score), lasted, ", ".join(event.zones))
    return (event.clock, *map(Text, texts))
