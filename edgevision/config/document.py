"""From the tree of nodes to plain values, with the place of each kept beside it.

A scalar stays the text that was written, or None. What it means is the schema's to say, where the key is known: so
`off` can be a word, `0123` a password, `12:30:45` is no number, and a camera may be called `no`. (YAML 1.1 decides all
four by itself, and differently.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from edgevision.config.keys import Keys, quoted_if_odd
from edgevision.config.mistakes import Mistake
from edgevision.config.tags import TagError, Tags, misplaced_tag
from edgevision.config.yamltree import (
    MAX_DEPTH,
    MAX_NODES,
    ListNode,
    MappingNode,
    Node,
    Position,
    ScalarNode,
    YamlError,
)
from edgevision.record import record

_YAML = "tag:yaml.org,2002:"
_SCALAR_TAGS = {None, "!", *(_YAML + name for name in ("str", "int", "float", "bool", "null"))}
_COLLECTION_TAGS = {None, "!", _YAML + "seq", _YAML + "map"}


class Unreadable:
    """Stands where a value couldn't be had. Fits no key of the schema; the reason is among the mistakes already."""


@record
class Entry:
    """Where a key and its value stand. `origin` is the tag as written when the value was fetched by one."""

    key_at: Position
    at: Position
    origin: str | None = None
    unreadable: bool = False


@record
class Document:
    """What a file holds: dicts, lists, texts and None in `value`; the place of each in `entries`; what is wrong."""

    value: object
    entries: Mapping[Keys, Entry]
    mistakes: tuple[Mistake, ...]

    def nearest(self, keys: Keys) -> Entry:
        """The entry of these keys, or of the nearest key above that is written."""
        while keys not in self.entries:
            keys = keys[:-1]
        return self.entries[keys]


def read_document(root: Node, tags: Tags) -> Document:
    """Make values of nodes and fetch the tagged ones. Raises YamlError when aliases blow the document up."""
    walk = _Walk(tags)
    value = walk.value(root, (), root.at)
    return Document(value, walk.entries, tuple(walk.mistakes))


@dataclass(slots=True)
class _Walk:
    tags: Tags
    entries: dict[Keys, Entry] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    _steps: int = 0

    def value(self, node: Node, keys: Keys, key_at: Position) -> object:
        self._step(node, len(keys))
        self.entries[keys] = Entry(key_at, node.at)
        match node:
            case ScalarNode():
                return self._scalar(node, keys, key_at)
            case ListNode() if node.tag in _COLLECTION_TAGS:
                return [self.value(item, (*keys, index), item.at) for index, item in enumerate(node.items)]
            case MappingNode() if node.tag in _COLLECTION_TAGS:
                return self._mapping(node, keys)
            case _:
                return self._unreadable(keys, key_at, node.at, misplaced_tag(node.tag or ""))

    def _scalar(self, node: ScalarNode, keys: Keys, key_at: Position) -> object:
        if node.tag in _SCALAR_TAGS:
            return None if node.is_null or node.tag == _YAML + "null" else node.text
        tag = node.tag or ""
        try:
            text = self.tags.fetch(tag, node.text)
        except TagError as error:
            return self._unreadable(keys, key_at, node.at, str(error))
        self.entries[keys] = Entry(key_at, node.at, f"{tag} {quoted_if_odd(node.text)}")
        return text

    def _mapping(self, node: MappingNode, keys: Keys) -> dict[str, object]:
        pairs = self._own_pairs(node, keys)
        for key, value in node.merged:
            if _is_name(key):
                pairs.setdefault(key.text, (key, value))  # what is written here counts, then the first merged
        return {name: self.value(value, (*keys, name), key.at) for name, (key, value) in pairs.items()}

    def _own_pairs(self, node: MappingNode, keys: Keys) -> dict[str, tuple[ScalarNode, Node]]:
        pairs: dict[str, tuple[ScalarNode, Node]] = {}
        for key, value in node.pairs:
            if not _is_name(key):
                self._mistake(key.at, keys, f"a key must be a text, not {_kind(key)}")
            elif key.text in pairs:
                first = pairs[key.text][0].at.line
                self._mistake(key.at, (*keys, key.text), f"written twice; the first is in line {first}")
            else:
                pairs[key.text] = (key, value)
        return pairs

    def _step(self, node: Node, depth: int) -> None:
        """Aliases let a short text stand for an endless one: count what it unfolds to, and how deep."""
        self._steps += 1
        if self._steps > MAX_NODES or depth > MAX_DEPTH:
            raise YamlError(node.at, "with its aliases unfolded the file is too large or too deep for a configuration")

    def _unreadable(self, keys: Keys, key_at: Position, at: Position, sentence: str) -> Unreadable:
        self.entries[keys] = Entry(key_at, at, unreadable=True)
        self._mistake(at, keys, sentence)
        return Unreadable()

    def _mistake(self, at: Position, keys: Keys, sentence: str) -> None:
        self.mistakes.append(Mistake(at, keys, sentence))


def _is_name(key: Node) -> TypeGuard[ScalarNode]:
    return isinstance(key, ScalarNode) and not key.is_null and key.tag in _SCALAR_TAGS


def _kind(node: Node) -> str:
    match node:
        case ListNode():
            return "a list"
        case MappingNode():
            return "a mapping"
        case ScalarNode() if node.is_null:
            return "nothing"
        case _:
            return "a tag"
