"""YAML text as a tree of nodes that know where they stand. Nothing is interpreted and nothing is computed here.

PyYAML's event parser does the reading. The tree is built from its events in a loop, because PyYAML's own composer
calls itself once a level and dies of a few hundred opening brackets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import yaml

from edgevision.record import record

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 50_000


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the file, as editors count it: the first character is line 1, column 1."""

    line: int
    column: int


@record
class ScalarNode:
    """A text, plain or quoted. Without quotes, an empty one and `null` mean nothing at all (`is_null`)."""

    text: str
    plain: bool
    tag: str | None
    at: Position

    @property
    def is_null(self) -> bool:
        """Whether this stands for no value."""
        return self.plain and self.tag is None and self.text in {"", "~", "null", "Null", "NULL"}


@record
class ListNode:
    """A YAML sequence."""

    items: tuple["Node", ...]
    tag: str | None
    at: Position


@record
class MappingNode:
    """A YAML mapping: its pairs as written, repeated keys included, and those that `<<` merges into it."""

    pairs: tuple[tuple["Node", "Node"], ...]
    merged: tuple[tuple["Node", "Node"], ...]
    tag: str | None
    at: Position


Node = ScalarNode | ListNode | MappingNode


class YamlError(Exception):
    """The text isn't YAML, or more of it than a configuration needs."""

    def __init__(self, at: Position, sentence: str) -> None:
        super().__init__(sentence)
        self.at = at
        self.sentence = sentence


def decode(data: bytes) -> str:
    """The file's bytes as text, without a byte order mark. Raises YamlError where they aren't UTF-8 or too many."""
    if len(data) > MAX_BYTES:
        raise YamlError(Position(1, 1), f"the file is larger than {MAX_BYTES >> 20} MiB; is it a configuration?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a byte order mark, error.start counts from behind it; error.object is what was decoded.
        offset = error.start + len(data) - len(error.object)
        text = error.object[: error.start].decode()
        raise YamlError(_end_of(text), f"byte {offset} is not UTF-8; save the file as UTF-8") from None


def compose(text: str) -> Node | None:
    """The one document in the text; None when there are only comments. Raises YamlError for whatever isn't YAML."""
    composer = _Composer()
    for event in _events(text):
        composer.take(event)
    return composer.root


@dataclass(slots=True)
class _Open:
    """A sequence or mapping whose end hasn't come yet."""

    start: yaml.CollectionStartEvent
    children: list[Node] = field(default_factory=list)

    def close(self) -> Node:
        at = _position(self.start)
        if isinstance(self.start, yaml.SequenceStartEvent):
            return ListNode(tuple(self.children), self.start.tag, at)
        pairs = list(zip(self.children[::2], self.children[1::2], strict=True))
        own = tuple(pair for pair in pairs if not _is_merge_key(pair[0]))
        merged = tuple(pair for key, value in pairs if _is_merge_key(key) for pair in _pairs_to_merge(value))
        return MappingNode(own, merged, self.start.tag, at)


@dataclass(slots=True)
class _Composer:
    root: Node | None = None
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Node] = field(default_factory=dict)
    _count: int = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent() if self.root is not None:
                raise YamlError(_position(event), "a second document begins here; a configuration is one document")
            case yaml.CollectionStartEvent():
                if len(self._open) >= MAX_DEPTH:
                    raise YamlError(_position(event), f"nested more than {MAX_DEPTH} levels deep")
                self._open.append(_Open(event))
            case yaml.CollectionEndEvent():
                opened = self._open.pop()
                self._add(opened.close(), opened.start.anchor)
            case yaml.ScalarEvent():
                self._add(_scalar(event), event.anchor)
            case yaml.AliasEvent():
                self._add(self._referred(event), None)
            case _:
                pass  # begin and end of the stream and of the document say nothing more

    def _add(self, node: Node, anchor: str | None) -> None:
        self._count += 1 + (len(node.merged) if isinstance(node, MappingNode) else 0)
        if self._count > MAX_NODES:
            raise YamlError(node.at, f"more than {MAX_NODES} values; is it a configuration?")
        if anchor is not None:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node

    def _referred(self, event: yaml.AliasEvent) -> Node:
        # The name isn't repeated in the message: it may be an unquoted password that begins with *.
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise YamlError(_position(event), "no anchor (&) of this name before it; quote a text that begins with *")
        return replace(node, at=_position(event))


def _is_merge_key(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.plain and key.text == "<<"


def _pairs_to_merge(value: Node) -> list[tuple[Node, Node]]:
    """What `<<: *base` or `<<: [*one, *other]` brings in. The bases are complete, so theirs are merged already."""
    bases = value.items if isinstance(value, ListNode) else (value,)
    pairs: list[tuple[Node, Node]] = []
    for base in bases:
        if not isinstance(base, MappingNode):
            raise YamlError(base.at, "<< merges mappings, and this is none")
        pairs += base.pairs + base.merged
        if len(pairs) > MAX_NODES:
            raise YamlError(base.at, f"more than {MAX_NODES} values; is it a configuration?")
    return pairs


def _scalar(event: yaml.ScalarEvent) -> ScalarNode:
    # "\uD800" in double quotes gives half a character, which can't be printed, sent or opened; so does NUL.
    if unusable := unusable_character(event.value):
        raise YamlError(_position(event), f"the text holds {unusable}")
    return ScalarNode(event.value, event.style is None, event.tag, _position(event))


def unusable_character(text: str) -> str | None:
    """What in the text no file name, topic or password can hold, in words; None when there is nothing of the kind."""
    if "\0" in text:
        return "a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "a character that is not Unicode"
    return None


def _events(text: str) -> Iterator[yaml.Event]:
    last = Position(1, 1)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            last = _position(event)
            yield event
    except yaml.MarkedYAMLError as error:
        raise _explained(error) from None
    except yaml.reader.ReaderError as error:
        at = _end_of(text[: error.position])
        raise YamlError(at, f"the control character {chr(error.character)!r} can't stand here") from None
    except (ValueError, OverflowError):
        # PyYAML hands the number in "\UFFFFFFFF" to chr() unchecked.
        raise YamlError(last, "the value after this has an escape (\\U…) that is no character") from None


# What PyYAML says (a part of it), and what the person who wrote the file needs to hear.
_EXPLANATIONS = {
    r"found character '\t'": "a tab can't indent; use spaces",
    "that cannot start any token": "a text can't begin with this character; quote it",
    "mapping values are not allowed": "this colon doesn't fit; look at the indentation and at the line above",
    "expected <block end>": "this doesn't continue what stands above; is the indentation right?",
    # PyYAML would print the handle, which may be an unquoted password like !a!b.
    "undefined tag handle": "unknown tag; quote a text that begins with !",
    "while scanning a tag": "unknown tag; quote a text that begins with !",
}

# The same, where the place to look at is the one that PyYAML gives as context.
_EXPLANATIONS_OF_THE_BEGINNING = {
    "could not find expected ':'": "a key without its colon, or a text that isn't indented enough",
    "unexpected end of stream": "this quote is never closed",
    "unexpected document separator": "this quote is never closed",
}


def _explained(error: yaml.MarkedYAMLError) -> YamlError:
    said = f"{error.context}: {error.problem}"
    for part, sentence in _EXPLANATIONS_OF_THE_BEGINNING.items():
        if part in said:
            return YamlError(_position_of_mark(error.context_mark), sentence)
    at = _position_of_mark(error.problem_mark)
    for part, sentence in _EXPLANATIONS.items():
        if part in said:
            return YamlError(at, sentence)
    begun = f" ({error.context}, line {error.context_mark.line + 1})" if error.context and error.context_mark else ""
    return YamlError(at, f"not YAML: {error.problem}{begun}")


def _position(event: yaml.Event) -> Position:
    return _position_of_mark(event.start_mark)


def _position_of_mark(mark: object) -> Position:
    assert isinstance(mark, yaml.Mark)  # the pure Python parser marks every event and every error
    return Position(mark.line + 1, mark.column + 1)


def _end_of(text: str) -> Position:
    return Position(text.count("\n") + 1, len(text) - text.rfind("\n"))
