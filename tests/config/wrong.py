"""Wrong configurations, and what is said about each. Used by the tests of the loader and by those of the commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CAMERAS = "cameras: {front: {source: {type: picamera2}}}"


@dataclass(frozen=True, slots=True)
class WrongConfig:
    """A file that mustn't pass.

    One line of the message must begin with `FILE:line:column: ` (any column where it is None) and hold `expect`.
    `files` lie beside the configuration when it is read; `env` is the environment.
    """

    name: str
    text: bytes
    expect: str
    line: int
    column: int | None
    files: Mapping[str, bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def _wrong(
    name: str, line: int, column: int | None, expect: str, *lines: str, **more: Mapping[str, str]
) -> WrongConfig:
    files = {path: text.encode() for path, text in more.get("files", {}).items()}
    return WrongConfig(name, "\n".join([*lines, ""]).encode(), expect, line, column, files, more.get("env", {}))


def _source(name: str, column: int | None, expect: str, source: str) -> WrongConfig:
    """A camera with a wrong source in the third line, its brace at column 19."""
    return _wrong(name, 3, column, expect, "mqtt: {host: localhost}", "cameras:", f"  front: {{source: {source}}}")


def _front(name: str, column: int | None, expect: str, more: str) -> WrongConfig:
    """A camera with something wrong beside its source, from column 33 on."""
    return _source(name, column, expect, f"{{type: v4l2}}, {more}")


NOT_YAML = [
    _wrong("empty", 1, 1, "nothing is configured here; write at least", ""),
    _wrong("only comments", 1, 1, "nothing is configured here", "# later", "---", "# much later"),
    _wrong("a list", 2, 1, "a configuration is a mapping of keys", "", "- cameras"),
    _wrong("a text", 1, 1, "a configuration is a mapping of keys", "cameras"),
    _wrong("two documents", 2, 1, "a second document begins here", CAMERAS, "---", CAMERAS),
    _wrong("a tab", 2, 1, "a tab can't indent; use spaces", "mqtt:", "\thost: localhost", CAMERAS),
    _wrong("two colons", 1, 11, "this colon doesn't fit", "mqtt: host: localhost", CAMERAS),
    _wrong("no colon above", 2, 8, "look at the indentation and at the line above", "mqtt", CAMERAS),
    _wrong("no colon", 2, 1, "a key without its colon", CAMERAS, "mqtt", ""),
    _wrong("indentation", 3, 3, "is the indentation right?", "mqtt:", "    host: localhost", "  port: 1883", CAMERAS),
    _wrong("an open quote", 1, 9, "this quote is never closed", "device: 'porch", CAMERAS),
    _wrong("an open bracket", 2, 8, "expected ',' or ']'", "device: [porch", CAMERAS),
    _wrong("an @", 1, 26, "a text can't begin with this character", "mqtt: {host: a, port: 1, @: 1}", CAMERAS),
    _wrong("an unknown alias", 1, 18, "quote a text that begins with *", "mqtt: {password: *secret}", CAMERAS),
    _wrong("a control character", 1, 10, "'\\x07'", "device: a\x07", CAMERAS),
    _wrong("a NUL", 1, 9, "the text holds a NUL character", 'device: "a\\0b"', CAMERAS),
    _wrong("half a character", 1, 9, "the text holds a character that is not Unicode", 'device: "\\ud800"', CAMERAS),
    _wrong("an escape beyond Unicode", 1, None, "is no character", 'device: "\\UFFFFFFFF"', CAMERAS),
    _wrong("deep brackets", 1, None, "levels deep", "device: " + "[" * 5000),
    _wrong("deep dashes", 1, None, "levels deep", "- " * 5000),
    _wrong("a YAML of the future", 1, 1, "incompatible YAML document", "%YAML 2.0", "---", CAMERAS),
    WrongConfig("Latin-1", b"# caf\xe9\n" + CAMERAS.encode(), "byte 5 is not UTF-8", 1, 6),
    WrongConfig("Latin-1 and a BOM", b"\xef\xbb\xbf# a\n# caf\xe9\n", "byte 12 is not UTF-8", 2, 6),
    WrongConfig("UTF-16", CAMERAS.encode("utf-16"), "byte 0 is not UTF-8", 1, 1),
    WrongConfig("too large", b"# 345678\n" * 120_000 + CAMERAS.encode(), "the file is larger than 1 MiB", 1, 1),
    _wrong("too many values", 1, None, "more than 50000 values", "device: [" + "a," * 60_000 + "]", CAMERAS),
    _wrong(
        "an alias bomb",
        1,
        None,
        "with its aliases unfolded the file is too large",
        "a0: &a0 [x, x, x, x, x, x, x, x, x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)),
        CAMERAS,
    ),
    _wrong(
        "aliases that nest",
        2,
        None,
        "too deep",
        *(f"a{n}: &a{n} [[[[[[[[{f'*a{n - 1}' if n else ''}]]]]]]]]" for n in range(200)),
    ),
    _wrong(
        "a merge bomb",
        2,
        None,
        "more than 50000 values",
        f"a: &a {{{', '.join(f'k{n}: 1' for n in range(5000))}}}",
        f"b: {{<<: [{', '.join(['*a'] * 40_000)}]}}",
        CAMERAS,
    ),
    _wrong(
        "a flood of merges",
        9,
        None,
        "more than 50000 values",
        f"a: &a {{{', '.join(f'k{n}: 1' for n in range(5000))}}}",
        *(f"b{n}: {{<<: *a}}" for n in range(20)),
        CAMERAS,
    ),
    _wrong("an alias of itself", 1, 13, "no anchor", "device: &a [*a]", CAMERAS),
]

KEYS = [
    _wrong("no cameras", 1, 1, "cameras: this key is missing", "mqtt: {host: localhost}"),
    _wrong("cameras of nobody", 1, 10, "cameras: at least one camera is needed", "cameras: {}"),
    _wrong("cameras listed", 2, 3, "cameras: a mapping is needed here, not a list", "cameras:", "  - front"),
    _wrong("an unknown key", 2, 1, "mqqt: unknown key; did you mean 'mqtt'?", CAMERAS, "mqqt: {}"),
    _wrong("a key of later", 2, 1, "web: unknown key; the keys here are device, mqtt, model", CAMERAS, "web: {}"),
    _wrong("a key below", 1, 8, "mqtt.hots: unknown key; did you mean 'host'?", "mqtt: {hots: a}", CAMERAS),
    _wrong("a key twice", 3, 1, "device: written twice; the first is in line 1", "device: a", CAMERAS, "device: b"),
    _wrong("a camera twice", 3, 3, "cameras.a: written twice", "cameras:", "  a: &a {source: {type: v4l2}}", "  a: *a"),
    _wrong("an endless key", 2, 3, "unknown key; the keys here are", CAMERAS, f"? {'a' * 100_000}", ": 1"),
    _wrong("a number as key", 2, 1, "1: unknown key", CAMERAS, "1: 2"),
    _wrong("nothing as key", 2, 1, "a key must be a text, not nothing", CAMERAS, "~: 2"),
    _wrong("a list as key", 2, 3, "a key must be a text, not a list", CAMERAS, "? [a]", ": 2"),
    _wrong("a tag as key", 2, 1, "a key must be a text, not a tag", CAMERAS, "!env A: 2", env={"A": "device"}),
    _wrong("a merged text", 1, 12, "<< merges mappings, and this is none", "mqtt: {<<: host}", CAMERAS),
    _wrong("a text for a section", 1, 7, "mqtt: a mapping is needed here, not a text", "mqtt: localhost", CAMERAS),
    _wrong("a camera of nothing", 2, 9, "cameras.front: a mapping is needed here", "cameras:", "  front:"),
    _wrong(
        "a camera's bad name", 2, 3, "must be 1 to 64 of the characters", "cameras:", "  a/b: {source: {type: v4l2}}"
    ),
    _wrong("a camera named stats", 1, 11, "it is a topic of the device", "cameras: {stats: {source: {type: v4l2}}}"),
    _wrong("a bad device", 1, 9, "device: 'front door' must be", "device: front door", CAMERAS),
]

TAGS = [
    _wrong("no such variable", 1, 18, "the environment variable 'PW' is not set", "mqtt: {password: !env PW}", CAMERAS),
    _wrong(
        "no such file", 1, 18, "mqtt.password: 'pw' can't be read: No such file", "mqtt: {password: !file pw}", CAMERAS
    ),
    _wrong("a folder as secret", 1, 18, "'.' can't be read: Is a directory", "mqtt: {password: !file .}", CAMERAS),
    _wrong("no credentials", 1, 18, "$CREDENTIALS_DIRECTORY is not set", "mqtt: {password: !credential pw}", CAMERAS),
    _wrong(
        "a credential by path",
        1,
        18,
        "'../pw' is no credential's name",
        "mqtt: {password: !credential ../pw}",
        CAMERAS,
        env={"CREDENTIALS_DIRECTORY": "/nonexistent"},
    ),
    _wrong(
        "a tag misspelt",
        1,
        18,
        "unknown tag; quote a text that begins with !; did you mean '!env'?",
        "mqtt: {password: !evn PW}",
        CAMERAS,
    ),
    _wrong("a tag alone", 1, 18, "!env needs a name after it", "mqtt: {password: !env }", CAMERAS),
    _wrong("a tag on a list", 1, 18, "!file needs a path after it", "mqtt: {password: !file [a]}", CAMERAS),
    _wrong("a Python object", 1, 7, "unknown tag", "mqtt: !!python/object/apply:os.system [ls]", CAMERAS),
    _wrong("binary", 1, 9, "unknown tag", "device: !!binary aGVsbG8=", CAMERAS),
    _wrong("an undefined handle", 1, 9, "unknown tag", "device: !a!b c", CAMERAS),
    _wrong(
        "a variable of the wrong kind",
        1,
        14,
        "mqtt.port: the value of !env PORT is not a whole number",
        "mqtt: {port: !env PORT}",
        CAMERAS,
        env={"PORT": "hunter2"},
    ),
    _wrong(
        "a binary file as secret",
        1,
        18,
        "holds a NUL character",
        "mqtt: {password: !file pw}",
        CAMERAS,
        files={"pw": "\0"},
    ),
]

MQTT = [
    _wrong("a URL as host", 1, 14, "is a URL; write the host name alone", "mqtt: {host: mqtt://localhost}", CAMERAS),
    _wrong("a host and port", 1, 14, "write the name alone", "mqtt: {host: 'localhost:1883'}", CAMERAS),
    _wrong("a host with a space", 1, 14, "neither a host name nor an IP", "mqtt: {host: my broker}", CAMERAS),
    _wrong("a host with an empty label", 1, 14, "neither a host name", "mqtt: {host: a..b}", CAMERAS),
    _wrong("no host", 1, 14, "mqtt.host: '' is neither a host name", "mqtt: {host: ''}", CAMERAS),
    _wrong("an endless host", 1, 14, "neither a host name", f"mqtt: {{host: {'a.' * 9999}b}}", CAMERAS),
    _wrong("an IP address off by one", 1, 14, "192.168.1.256 is no IP", "mqtt: {host: 192.168.1.256}", CAMERAS),
    _wrong("a port too high", 1, 14, "65536 is not between 1 and 65535", "mqtt: {port: 65536}", CAMERAS),
    _wrong("a truth as port", 1, 14, "'yes' is not a whole number", "mqtt: {port: yes}", CAMERAS),
    _wrong("a time as port", 1, 14, "'12:30:45' is not a whole number", "mqtt: {port: 12:30:45}", CAMERAS),
    _wrong("an octal port", 1, 14, "'0o17' is not a whole number", "mqtt: {port: 0o17}", CAMERAS),
    _wrong("a wildcard", 1, 22, "holds a wildcard", "mqtt: {topic_prefix: home/+}", CAMERAS),
    _wrong("a leading slash", 1, 22, "has an empty level", "mqtt: {topic_prefix: /home}", CAMERAS),
    _wrong("a trailing slash", 1, 22, "has an empty level", "mqtt: {topic_prefix: home/}", CAMERAS),
    _wrong("no topic", 1, 22, "has an empty level", "mqtt: {topic_prefix: ''}", CAMERAS),
    _wrong("the broker's topic", 1, 22, "begins with $", "mqtt: {topic_prefix: $SYS}", CAMERAS),
    _wrong("a protocol of the past", 1, 18, "3.1 is not one of 5, 3.1.1", "mqtt: {protocol: 3.1}", CAMERAS),
    _wrong("hectic keepalive", 1, 19, "1 is not between 5 and 3600", "mqtt: {keepalive: 1}", CAMERAS),
    _wrong("a password alone", 1, 31, "without a username", "mqtt: {password: a, protocol: 3.1.1}", CAMERAS),
    _wrong("a listed password", 1, 18, "a text is needed here, not a list", "mqtt: {password: [a]}", CAMERAS),
    _wrong("an endless user", 1, 18, "longer than the 65535", f"mqtt: {{username: {'a' * 65536}}}", CAMERAS),
    _wrong("no authority", 1, 18, "'ca.pem' can't be used: no such file", "mqtt: {tls: {ca: ca.pem}}", CAMERAS),
    _wrong("a folder as authority", 1, 18, "'.' is not a file", "mqtt: {tls: {ca: .}}", CAMERAS),
    _wrong("cert alone", 1, 20, "cert needs key beside it", "mqtt: {tls: {cert: c}}", CAMERAS, files={"c": "c"}),
    _wrong("key alone", 1, 19, "key needs cert beside it", "mqtt: {tls: {key: k}}", CAMERAS, files={"k": "k"}),
    _wrong("tls: true", 1, 13, "mqtt.tls: a mapping is needed here", "mqtt: {tls: true}", CAMERAS),
]

MODEL = [
    _wrong("a threshold too high", 1, 20, "model.threshold: 1.5 is not between 0", "model: {threshold: 1.5}", CAMERAS),
    _wrong("a threshold of NaN", 1, 20, "'nan' is not between 0 and 1", "model: {threshold: nan}", CAMERAS),
    _wrong("a threshold of .nan", 1, 20, "'.nan' is not a number", "model: {threshold: .nan}", CAMERAS),
    _wrong("a threshold of nothing", 1, 19, "a number is needed here, not nothing", "model: {threshold:}", CAMERAS),
    _wrong("an unknown model", 1, 15, "did you mean 'person'?", "model: {name: persons}", CAMERAS),
    _wrong(
        "a model with a slip of the pen",
        1,
        15,
        "did you mean 'mobilenet_v2_1.0_224_quant'?",
        "model: {name: mobilnet_v2_1.0_224_quant}",
        CAMERAS,
    ),
    _wrong("a model like no other", 1, 15, "`edgevision models list` shows", "model: {name: yolo}", CAMERAS),
    _wrong(
        "a segmenter", 1, 15, "'segment' is not one of auto, detect, classify, embed", "model: {task: segment}", CAMERAS
    ),
    _wrong(
        "an unknown fit", 1, 17, "'pad' is not one of auto, stretch, letterbox, crop", "model: {resize: pad}", CAMERAS
    ),
    _wrong("an unknown chip", 1, 22, "'gpu' is not one of auto, cpu, edgetpu,", "model: {accelerator: gpu}", CAMERAS),
    _wrong("a chip by number", 1, 22, "edgetpu:usb:0, edgetpu:pci,", "model: {accelerator: edgetpu:0}", CAMERAS),
    _wrong("an endless number", 1, 22, "is not one of", "model: {accelerator: edgetpu:usb:1000}", CAMERAS),
    _wrong("name and path", 1, 29, "write one of them", "model: {name: person, path: a.tflite}", CAMERAS),
    _wrong("no path", 1, 15, "model.path: '' is empty", "model: {path: ''}", CAMERAS),
    _wrong("a path into nobody's home", 1, 15, "no such home folder", "model: {path: ~nobody-here/a}", CAMERAS),
    _wrong(
        "half a normalization", 1, 20, "normalize.std: this key is missing", "model: {normalize: {mean: 0}}", CAMERAS
    ),
    _wrong("no deviation", 1, 35, "0 is not between 0.001", "model: {normalize: {mean: 0, std: 0}}", CAMERAS),
    _wrong("two means", 1, 27, "neither a number nor three", "model: {normalize: {mean: [1, 2], std: 1}}", CAMERAS),
    _wrong("a bad mean", 1, 34, "9999 is not between", "model: {normalize: {mean: [1, 2, 9999], std: 1}}", CAMERAS),
    _wrong("a mean in words", 1, 27, "'half' is not a number", "model: {normalize: {mean: half, std: 1}}", CAMERAS),
    _wrong("a list of paths", 1, 19, "a path is needed here", "model: {cpu_path: [a]}", CAMERAS),
    _wrong("no state_dir", 1, 12, "state_dir: '' is empty", "state_dir: ''", CAMERAS),
    _wrong("no threads", 1, 18, "0 is not between 1 and 64", "model: {threads: 0}", CAMERAS),
    _wrong("half a detection", 1, 25, "1.5 is not a whole number", "model: {max_detections: 1.5}", CAMERAS),
    _front("a camera's threshold", 52, "cameras.front.model.threshold: -1 is", "model: {threshold: -1}"),
    _front("a camera's name and path", 61, "cameras.front.model.path: name and path", "model: {name: person, path: a}"),
]

CAMERA = [
    _wrong("no source", 1, 18, "cameras.front.source: this key is missing", "cameras: {front: {rotate: 0}}"),
    _source("no type", 19, "cameras.front.source.type: this key is missing; it is one of picamera2", "{index: 0}"),
    _source("an unknown type", 26, "'usb' is not one of picamera2, v4l2, stream, video, images", "{type: usb}"),
    _source("a type misspelt", 26, "did you mean 'picamera2'?", "{type: picamera}"),
    _source("a listed type", 26, "cameras.front.source.type: a list of length 1 is not one of", "{type: [v4l2]}"),
    _source("a text as source", 19, "cameras.front.source: a mapping is needed here", "v4l2"),
    _source("another type's key", 32, "cameras.front.source.hflip: unknown key", "{type: v4l2, hflip: true}"),
    _source("a size as text", 38, "'1280x720' is not a size, [width, height]", "{type: v4l2, size: 1280x720}"),
    _source("half a size", 38, "a list of length 1 is not a size", "{type: v4l2, size: [1280]}"),
    _source("a tiny size", 39, "cameras.front.source.size[0]: 1 is not between", "{type: v4l2, size: [1, 720]}"),
    _source("no frames", 37, "cameras.front.source.fps: 0 is not between 0.1 and 240", "{type: v4l2, fps: 0}"),
    _source("patience", 41, "601 is not between 0.1 and 600", "{type: v4l2, timeout: 601}"),
    _source("a device by number", 40, "0 is no device; write its path", "{type: v4l2, device: 0}"),
    _source("a mirror in half", 44, "'half' is not true or false", "{type: picamera2, hflip: half}"),
    _source("a stream of nothing", 19, "cameras.front.source.url: this key is missing", "{type: stream}"),
    _source(
        "a stream from a file", 39, "this value is not the URL of a stream", "{type: stream, url: 'file:///a.mp4'}"
    ),
    _source("a stream without host", 39, "this value is a URL without a host", "{type: stream, url: 'rtsp:///a'}"),
    _source("a stream's bad port", 39, "this value is not a URL", "{type: stream, url: 'rtsp://a:b'}"),
    _source("no such video", 39, "'a.mp4' can't be used: no such file or directory", "{type: video, path: a.mp4}"),
    _source("a folder as video", 39, "'.' is not a file", "{type: video, path: .}"),
    _source("no such pictures", 40, "'a' can't be used: no such file or directory", "{type: images, path: a}"),
    _source("a pattern for nothing", 40, "'*.jpg' is a pattern that no file", "{type: images, path: '*.jpg'}"),
    _source("an endless path", 40, "is too long for a path", f"{{type: images, path: {'a' * 5000}}}"),
    _source("an endless pattern", 40, "more than 64 levels", f"{{type: images, path: '{'*/' * 100}'}}"),
    _wrong(
        "one Pi camera twice",
        4,
        9,
        "cameras.back: this is the same Pi camera as front's",
        "cameras:",
        "  front: {source: {type: picamera2}}",
        "  side: {source: {type: picamera2, index: 1}}",
        "  back: {source: {type: picamera2, index: 0}}",
    ),
    _front("a slant", 41, "cameras.front.rotate: 45 is not one of 0, 90, 180, 270", "rotate: 45"),
    _front("a crop of three", 39, "a list of length 3 is not a crop", "crop: [0, 0, 1]"),
    _front("a crop in pixels", 46, "crop[2]: 640 is not between 0 and 1", "crop: [0, 0, 640, 1]"),
    _front("a crop of a hair", 39, "has next to no area", "crop: [0.5, 0, 0.5000001, 1]"),
    _front("a crop inside out", 39, "has no area", "crop: [0.5, 0, 0.5, 1]"),
    _front("labels as a list", 41, "a mapping is needed here, as in {person: {}", "labels: [person]"),
    _front(
        "a label's threshold",
        62,
        "labels.person.threshold: 60 is not between 0 and 1",
        "labels: {person: {threshold: 60}}",
    ),
    _front(
        "a label's areas",
        61,
        "min_area must be less than max_area, which is 0.1",
        "labels: {person: {min_area: 0.2, max_area: 0.1}}",
    ),
    _front("a zone without corners", 48, "zones.drive.polygon: this key is missing", "zones: {drive: {}}"),
    _front(
        "a zone of two corners", 58, "a polygon needs at least 3 corners", "zones: {drive: {polygon: [[0, 0], [1, 1]]}}"
    ),
    _front("a zone as a text", 58, "a polygon is needed here, [[x, y]", "zones: {drive: {polygon: all of it}}"),
    _front(
        "a corner of three",
        59,
        "polygon[0]: a corner is needed here, [x, y]",
        "zones: {drive: {polygon: [[0, 0, 0], [1, 1], [1, 0]]}}",
    ),
    _front(
        "a zone in pixels",
        63,
        "polygon[0][1]: 720 is not between 0 and 1",
        "zones: {drive: {polygon: [[0, 720], [1, 1], [1, 0]]}}",
    ),
    _front(
        "a zone that crosses itself",
        58,
        "crosses itself: the edges from the 1st corner to the 2nd and from the 3rd corner to the 4th meet",
        "zones: {drive: {polygon: [[0, 0], [1, 1], [1, 0], [0, 1]]}}",
    ),
    _front(
        "a zone closed by hand",
        58,
        "the same corner twice in a row, the 4th and the 1st",
        "zones: {drive: {polygon: [[0, 0], [1, 1], [1, 0], [0, 0]]}}",
    ),
    _front("a zone without area", 58, "crosses itself", "zones: {drive: {polygon: [[0, 0], [0.5, 0.5], [1, 1]]}}"),
    _front(
        "a zone's name",
        41,
        "'the drive' must be 1 to 64 of the characters",
        "zones: {the drive: {polygon: [[0, 0], [1, 1], [1, 0]]}}",
    ),
    _front(
        "a zone's label as a text",
        92,
        "'person' is not a list",
        "zones: {drive: {polygon: [[0, 0], [1, 1], [1, 0]], labels: person}}",
    ),
    _front(
        "a zone for a label that doesn't count",
        None,
        "zones.drive: the zone drive cares for dog, which labels leaves out (person)",
        "labels: {person: }, zones: {drive: {polygon: [[0, 0], [1, 1], [1, 0]], labels: [dog]}}",
    ),
    _front(
        "one mask for several",
        40,
        "masks: a list of polygons is needed here; put one more pair of brackets",
        "masks: [[0, 0], [1, 1], [1, 0]]",
    ),
    _front(
        "motion in a word", 51, "motion.enabled: 'maybe' is not one of auto, true, false", "motion: {enabled: maybe}"
    ),
    _front("no hits", 52, "events.min_hits: 0 is not between 1 and 100", "events: {min_hits: 0}"),
    _front("lost at once", 52, "events.max_lost: 0 is not between 0.1 and 3600", "events: {max_lost: 0}"),
    _front("snapshots of quality", 54, "snapshots.quality: 101 is not between 1 and 100", "snapshots: {quality: 101}"),
    _front("publishing sometimes", 42, "not one of nonempty, all, changes, off", "publish: sometimes"),
]

REST = [
    _wrong(
        "idle statistics", 1, 19, "stats.interval: 0.5 is not between 1 and 3600", "stats: {interval: 0.5}", CAMERAS
    ),
    _wrong("endless statistics", 1, 19, "'inf' is not between 1 and 3600", "stats: {interval: inf}", CAMERAS),
    _wrong("a loud log", 1, 14, "log.level: 'loud' is not one of debug, info", "log: {level: loud}", CAMERAS),
    _wrong("an off log", 1, 14, "log.level: 'off' is not one of debug, info", "log: {level: off}", CAMERAS),
    _wrong("a log in XML", 1, 15, "'xml' is not one of text, json", "log: {format: xml}", CAMERAS),
]

WRONG = [*NOT_YAML, *KEYS, *TAGS, *MQTT, *MODEL, *CAMERA, *REST]
