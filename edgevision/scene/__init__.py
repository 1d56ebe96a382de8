"""From detections to what comes, stays and goes: pure functions and state machines, no I/O, no clock of their own."""
