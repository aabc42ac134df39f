"""What is counted, for Prometheus. With several workers the figures of all of them are added up."""

import os
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as _generate
from prometheus_client.multiprocess import MultiProcessCollector

_FAST = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

requests = Histogram(
    "fynlo_http_request_seconds",
    "Time from the request's head to the last byte of its answer.",
    ["method", "route", "status"],
    buckets=_FAST,
)
in_flight = Gauge("fynlo_http_in_flight", "Requests being answered.", multiprocess_mode="livesum")
shed = Counter("fynlo_http_shed_total", "Requests refused with 503 because too many were in flight.")
limited = Counter("fynlo_http_limited_total", "Requests refused with 429, by the limit.", ["policy"])
batch_operations = Counter(
    "fynlo_batch_operations_total",
    "Operations of batches by the status of their answer; fynlo_http_request_seconds has the batches.",
    ["status"],
)
menu_answers = Counter("fynlo_menu_answers_total", "Menus answered, by where they came from.", ["source"])

sockets = Gauge("fynlo_sockets", "Open sockets of screens.", multiprocess_mode="livesum")
sockets_opened = Counter("fynlo_sockets_opened_total", "Sockets that were opened.")
sockets_closed = Counter("fynlo_sockets_closed_total", "Sockets that ended, by close code.", ["code"])
messages_failed = Counter(
    "fynlo_messages_failed_total", "Messages that could not be delivered: the socket was too slow or gone."
)
commit_to_send = Histogram(
    "fynlo_feed_commit_to_send_seconds",
    "From the writing of an event, just before its commit, to its handing out to the sockets of this process: "
    "once an event, and only where somebody follows. The flush of the commit is in it; a replay is not.",
    buckets=_FAST,
)
commit_to_screen = Histogram(
    "fynlo_feed_commit_to_screen_seconds",
    "From the writing of an event, just before its commit, to its being shown: the newest event of each "
    "acknowledgement, less what the client has held that back. Replayed: sent to a screen that was away.",
    ["replayed"],
    buckets=(*_FAST, 60.0, 600.0),
)
live_to_screen = commit_to_screen.labels("no")
replayed_to_screen = commit_to_screen.labels("yes")
screens_stale = Gauge(
    "fynlo_screens_stale",
    "Screens that acknowledged and have stopped: a heartbeat or an acknowledgement is overdue.",
    multiprocess_mode="livesum",
)
listening = Gauge(
    "fynlo_feed_listening", "Processes whose listener hears Postgres.", multiprocess_mode="livesum"
)
hints = Counter("fynlo_feed_hints_total", "Commits announced to the other processes (coalesced mode).")
hints_sent = Counter("fynlo_feed_hints_sent_total", "Notifications that took: equal ones go as one.")
hint_batches = Counter("fynlo_feed_hint_batches_total", "Transactions that these notifications took.")
listener_connects = Counter("fynlo_feed_listener_connects_total", "How often the listener has connected.")

webhook_deliveries = Counter(
    "fynlo_webhook_deliveries_total",
    "Events for webhooks: taken, failed (and tried again), dead, gone (410), missed (no longer kept).",
    ["outcome"],
)
webhook_lag = Histogram(
    "fynlo_webhook_lag_seconds",
    "From the writing of an event to the answer of an endpoint that took it.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 14400, 86400),
)

CONTENT_TYPE = CONTENT_TYPE_LATEST.partition("; charset")[0]  # the framework adds it to text


def registry() -> CollectorRegistry:
    """The registry to read: that of this process, or the sum of all workers'."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory is None:
        return REGISTRY
    _forget_the_dead(Path(directory))
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def _forget_the_dead(directory: Path) -> None:
    """What a worker that was killed had open is open no more; what it had counted stays."""
    for path in directory.glob("gauge_live*.db"):
        try:
            os.kill(int(path.stem.rpartition("_")[2]), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    return _generate(registry())


def values(*names: str) -> dict[str, float]:
    """The sums of samples by name, over all their labels; 0 for what was never counted."""
    found = dict.fromkeys(names, 0.0)
    for family in registry().collect():
        for sample in family.samples:
            if sample.name in found:
                found[sample.name] += sample.value
    return found
