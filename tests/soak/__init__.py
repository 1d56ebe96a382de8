"""What months do to the daemon, in an hour: it is killed and everything around it fails, and nothing may be lost.

    make soak ROUNDS=200 SECONDS=3600

The daemon runs in a network of its own (`network`), its broker is mosquitto. What it wrote is known from a trigger in
its outbox (`witness`), what the broker acknowledged from a relay between them (`relay`), what arrived from a subscriber
with a session that lasts (`subscriber`); `verdict` compares them. `kill_rounds` and `endurance` are the two trials.
"""
