"""The verdict on what was written and what arrived: each promise that is broken is seen."""

import json

from tests.soak.verdict import Verdict, judge


def event(number: int, kind: str = "update", track: str = "a", **more: object) -> bytes:
    return json.dumps({"id": f"{track}-{number}", "type": kind, "track": track, **more}).encode()


LIFE = [event(0, "start"), event(1), event(2, "end")]


def verdict(arrived: list[bytes], acknowledged: tuple[str, ...] = (), written: list[bytes] = LIFE) -> Verdict:
    return judge(written, arrived, set(acknowledged))


def test_what_arrives_whole_and_in_order_breaks_nothing_even_where_it_is_repeated() -> None:
    judged = verdict([LIFE[0], LIFE[1], LIFE[0], LIFE[1], LIFE[2]])
    assert judged.broken == []
    assert (judged.written, judged.arrived, judged.repeated, judged.tracks) == (3, 5, 2, 1)


def test_what_never_arrives_is_lost_by_whom_had_it_last() -> None:
    assert verdict(LIFE[:2]).lost == ["a-2"]
    judged = verdict(LIFE[:2], ("a-0", "a-1", "a-2"))
    assert judged.lost_by_broker == ["a-2"]
    assert judged.broken == []


def test_what_overtakes_is_seen_but_not_where_it_only_comes_again() -> None:
    assert verdict([LIFE[0], LIFE[2], LIFE[1]]).overtaken == ["a-1"]
    assert verdict([LIFE[0], LIFE[2], LIFE[0], LIFE[1], LIFE[2]]).overtaken == ["a-1"]


def test_what_was_sent_before_it_was_on_disk_is_seen() -> None:
    assert verdict([*LIFE, event(0, "start", "b")]).unwritten == ["b-0"]


def test_one_id_with_two_payloads_is_seen() -> None:
    assert verdict([*LIFE, event(1, score=0.5)]).altered == ["a-1"]
    assert verdict([LIFE[0], event(1, score=0.5), LIFE[2]]).altered == ["a-1"]


def test_a_track_without_an_end_or_with_two_or_with_a_gap_is_seen() -> None:
    for life in (LIFE[:2], LIFE[1:], [*LIFE, event(3, "end")], [LIFE[0], LIFE[2]], [LIFE[0], event(1, "start")]):
        assert verdict(life, written=life).unended == ["a"]


def test_each_broken_promise_is_a_sentence() -> None:
    judged = verdict([LIFE[1], LIFE[0], event(1, score=0.5), event(7, "start", "b")], written=[*LIFE, event(3, "end")])
    assert len(judged.broken) == 5
