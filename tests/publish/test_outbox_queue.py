"""The order of the outbox, whatever happens in which order, and its bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edgevision.publish.entry import Entry, Row
from edgevision.publish.in_flight import WINDOW
from edgevision.publish.outbox_queue import READY, Batch, OutboxQueue

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "take", "done", "break", "commit", "read", "disk fails", "disk works", "promote"]),
        st.integers(1, 90),
    ),
    max_size=120,
)


def entry(number: int) -> Entry:
    return Entry("events", b"%d" % number, 1)


class Run:
    """An `OutboxQueue`, a disk that is a dict, and a broker that notes what it gets."""

    def __init__(self) -> None:
        self.queue = OutboxQueue(most_bytes=1_000_000)
        self.disk: dict[int, Entry] = {}
        self.on_disk = self.never_failed = True
        self.puts = 0
        self.last_seq = 0
        self.acknowledged: list[int] = []

    def step(self, what: str, count: int) -> None:
        match what:
            case "put":
                for _ in range(count):
                    self.queue.put(entry(self.puts))
                    self.puts += 1
            case "take":
                while count and self.take() is not None:
                    count -= 1
            case "done":
                for row in list(self.queue.sent)[:count]:
                    self.acknowledged.append(int(row.entry.payload))
                    self.queue.done(row)
            case "break":
                self.queue.rewind()
            case "disk fails" | "disk works":
                self.on_disk = what == "disk works"
                self.never_failed &= self.on_disk
            case "promote":
                self.queue.promote(on_disk=self.on_disk, readable=True)
            case "read":
                self.read()
            case "commit" if self.on_disk:
                self.commit()

    def take(self) -> Row | None:
        row = self.queue.take(clock_right=True)
        assert row is None or row.seq in self.disk or (row.seq is None and not self.never_failed)
        return row

    def commit(self) -> None:
        self.write(self.queue.batch())

    def write(self, batch: Batch) -> None:
        for seq in batch.finished:
            del self.disk[seq]
        seqs = range(self.last_seq + 1, self.last_seq + 1 + len(batch.entries))
        self.disk |= dict(zip(seqs, batch.entries, strict=True))
        self.last_seq += len(batch.entries)
        self.queue.committed(batch, seqs)

    def read(self) -> None:
        if wanted := self.queue.wanted:
            found = [(seq, self.disk[seq]) for seq in sorted(self.disk) if seq > self.queue.read_to][:wanted]
            self.queue.loaded(found, wanted)


@given(STEPS)
@settings(max_examples=400, deadline=None)
def test_everything_is_sent_once_and_in_order_whatever_happens(steps: list[tuple[str, int]]) -> None:
    run = Run()
    for what, count in steps:
        run.step(what, count)
        assert len(run.queue.sent) <= WINDOW
        assert len(run.queue.ready) <= READY + WINDOW  # what was on its way comes back to those
        assert len(run.queue) == run.puts - len(run.acknowledged)
    run.on_disk = True
    for _ in range(run.puts + 3):
        for what in ("commit", "read", "promote", "take", "done"):
            run.step(what, 1000)
    run.commit()
    assert run.acknowledged == list(range(run.puts))
    assert not run.disk
    assert not run.queue


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "take", "done", "break", "commit", "read", "hang while", "come back"]),
            st.integers(1, 90),
        ),
        max_size=120,
    )
)
@settings(max_examples=400, deadline=None)
def test_everything_is_sent_once_though_the_disk_hangs_and_comes_back(steps: list[tuple[str, int]]) -> None:
    run = Run()
    hung: Batch | None = None
    for what, count in [*steps, ("come back", 1)]:
        if what == "hang while" and hung is None:
            hung, run.never_failed = run.queue.batch(), False
        elif what == "come back" and hung is not None:
            run.queue.came_back()
            if count % 2:
                run.write(hung)
            else:
                run.queue.not_committed(hung)
            hung = None
        elif what not in ("commit", "read") or hung is None:
            run.step(what, count)
        if hung is not None:
            run.queue.promote(on_disk=False, readable=False)
        assert len(run.queue) == run.puts - len(run.acknowledged)
    for _ in range(run.puts + 3):
        for what in ("commit", "read", "promote", "take", "done"):
            run.step(what, 1000)
    run.commit()
    assert sorted(run.acknowledged) == list(range(run.puts))
    assert not run.disk
    assert not run.queue


def test_what_a_disk_held_that_came_back_is_sent_before_what_had_no_turn_meanwhile() -> None:
    run = Run()
    run.step("put", 176)
    run.commit()  # 64 are ready, the others only on the disk
    run.step("put", 100)
    hung, run.never_failed = run.queue.batch(), False
    while run.queue.ready:
        run.step("take", 20)
        run.step("done", 20)
    run.queue.promote(on_disk=False, readable=False)
    run.step("take", 20)
    run.queue.came_back()
    run.write(hung)
    while run.queue:
        run.step("done", 20)
        run.read()
        while run.take() is not None:
            run.step("done", 20)
    assert run.acknowledged == [*range(64), *range(176, 196), *range(64, 176), *range(196, 276)]


@given(st.lists(st.integers(0, 300), max_size=100))
def test_what_no_disk_takes_is_bounded_and_the_oldest_goes(sizes: list[int]) -> None:
    queue = OutboxQueue(most_bytes=1000)
    dropped = sum(queue.put(Entry("events", bytes(size), 1)) for size in sizes)
    kept = [len(row.entry.payload) for row in queue.fresh]
    assert kept == sizes[dropped:]
    assert sum(kept) <= 1000
    assert not dropped or sum(sizes[dropped - 1 :]) > 1000


def test_what_has_wrong_times_waits_and_all_behind_it() -> None:
    queue = OutboxQueue(1000)
    for offset in (None, 5.0, None):
        queue.put(Entry("events", b"{}", 1, offset=offset))
    queue.promote(on_disk=False, readable=False)
    assert queue.take(clock_right=False) is not None
    assert queue.take(clock_right=False) is None
    assert [queue.take(clock_right=True) is None for _ in range(3)] == [False, False, True]


def test_what_breaks_every_connection_is_sent_alone_and_given_up_if_it_is_large() -> None:
    queue = OutboxQueue(100_000)
    for payload in (b"first", bytes(2000), b"third"):
        queue.put(Entry("events", payload, 1))
    queue.promote(on_disk=False, readable=False)
    first = queue.take(clock_right=True)
    assert first is not None
    queue.done(first)
    breaks = 0
    while True:
        on_its_way = []
        while (row := queue.take(clock_right=True)) is not None:
            on_its_way.append(row)
        assert len(on_its_way) == (2 if breaks < 2 else 1)
        breaks += 1
        if queue.rewind() is not None:
            break
    assert breaks == 7
    assert [len(row.entry.payload) for row in queue.ready] == [5]


def test_what_breaks_connections_that_take_nothing_is_not_given_up() -> None:
    queue = OutboxQueue(100_000)
    queue.put(Entry("events", bytes(2000), 1))
    queue.promote(on_disk=False, readable=False)
    for number in range(100):
        assert (queue.take(clock_right=True, heard=False) is not None) == (number < 2)
        assert queue.rewind() is None


def test_what_was_put_off_goes_first_once_nothing_is_on_its_way() -> None:
    queue = OutboxQueue(1000)
    for number in range(5):
        queue.put(entry(number))
    queue.promote(on_disk=False, readable=False)
    rows = [queue.take(clock_right=True) for _ in range(4)]
    first, second, third, fourth = (row for row in rows if row is not None)
    third.put_off = fourth.put_off = True
    assert not queue.done(third)  # that it was answered doesn't mean that
    queue.done(first)
    assert queue.take(clock_right=True) is None
    queue.done(second)
    again = [queue.take(clock_right=True) for _ in range(3)]
    assert [row and row.entry.payload for row in again] == [b"2", b"3", b"4"]
    assert queue.done(third)


def test_what_is_small_is_never_given_up() -> None:
    queue = OutboxQueue(1000)
    queue.put(entry(1))
    queue.promote(on_disk=False, readable=False)
    for _ in range(100):
        assert queue.take(clock_right=True) is not None
        assert queue.rewind() is None
