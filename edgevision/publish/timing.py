"""How long the publisher waits for what."""

from edgevision.record import record


@record
class Timing:
    """Limits and pauses in seconds. `connect` is for TCP and again for TLS; the pause between attempts doubles from
    `first_retry` to `longest_retry`, and starts anew after a connection, or an attempt, that took `settled` seconds.
    When listening has cost the connection, it rests for `listen_again`."""

    connect: float = 10.0
    answer: float = 10.0
    first_retry: float = 1.0
    longest_retry: float = 30.0
    settled: float = 10.0
    repeat_log: float = 300.0
    listen_again: float = 300.0
