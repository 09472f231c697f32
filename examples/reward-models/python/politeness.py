"""A reward model in Python that speaks to Airtune over Kafka, written from the AsyncAPI document alone.

    pip install -r requirements.txt
    AIRTUNE_KAFKA_BROKERS=localhost:9092 python politeness.py

It scores how polite a completion is, by counting words. Facts are CloudEvents in Kafka's binary mode: attributes as
headers `ce_*`, data as JSON. `completions.submitted` is heard on the model's own topic, `completions.scored` answers on that of
the site that asked; replicas share the work by their consumer group. `reward-models.awaited` is heard on the announcements by
every replica, and answered to the coordinator by `reward-model.announced`, which is also said at the start.
"""

import hashlib
import json
import os
import re
import signal
import sys
import threading
from datetime import datetime, timezone

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

NAME, VERSION = "politeness", "1"
RANGE = {"lowest": -1.0, "highest": 1.0}
MEAN, DEVIATION = 0.0, 0.5  # standardised = (raw - MEAN) / DEVIATION
POLITE = {"please", "thank", "thanks", "welcome", "kindly", "sorry", "gladly"}
RUDE = {"stupid", "idiot", "shut", "hate", "dumb", "fool"}

BROKERS = os.environ.get("AIRTUNE_KAFKA_BROKERS", "localhost:9092").split(",")
PREFIX = os.environ.get("AIRTUNE_KAFKA_PREFIX", "airtune")
PARTITIONS = int(os.environ.get("AIRTUNE_KAFKA_PARTITIONS", "12"))
TOPIC = f"{PREFIX}.reward.{NAME}"
ANNOUNCEMENTS = f"{PREFIX}.announcements"
with open(__file__, "rb") as source:
    DIGEST = "sha256:" + hashlib.sha256(source.read()).hexdigest()


def score(prompt: str, completion: str) -> float:
    words = re.findall(r"\w+", completion.lower())
    polite, rude = sum(w in POLITE for w in words), sum(w in RUDE for w in words)
    return (polite - rude) / (polite + rude + 1)


def scored(data: dict) -> dict:
    raw = [score(item["prompt"], item["completion"]) for item in data["items"]]
    answer = {key: data[key] for key in ("request", "round", "iteration", "client", "site", "model")}
    answer |= {"version": VERSION, "digest": DIGEST, "range": RANGE}
    answer["scores"] = [{"raw": r, "standardised": (r - MEAN) / DEVIATION} for r in raw]
    return answer


def announced(round: int | None = None) -> dict:
    card = {"model": NAME, "version": VERSION, "digest": DIGEST, "range": RANGE}
    card["standardisation"] = {"mean": MEAN, "deviation": DEVIATION}
    return card if round is None else card | {"round": round}


def publish(producer: KafkaProducer, topic: str, fact: str, experiment: str, cause: str, data: dict) -> None:
    body = json.dumps(data)
    said = json.dumps([NAME, fact, experiment, data], sort_keys=True)
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": hashlib.sha256(said.encode()).hexdigest(),
        "ce_type": fact,
        "ce_source": f"reward-model/{NAME}",
        "ce_time": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ce_dataversion": "1",
        "ce_experiment": experiment,
    }
    if cause:
        headers["ce_cause"] = cause
    sent = producer.send(
        topic, key=experiment.encode(), value=body.encode(), headers=[(k, v.encode()) for k, v in headers.items()]
    )
    sent.get(timeout=30)


def handle(producer: KafkaProducer, message) -> None:
    headers = {key: value.decode() for key, value in message.headers}
    try:
        data = json.loads(message.value)
        if headers["ce_type"] == "reward-models.awaited" and NAME in data["models"]:
            said = announced(data["round"])
            publish(producer, f"{PREFIX}.coordinator", "reward-model.announced", headers["ce_experiment"], headers["ce_id"], said)
        if headers["ce_type"] != "completions.submitted":
            return
        answer = scored(data)
    except Exception as error:  # one that cannot be handled must not block the others
        print(f"passed over offset {message.offset}: {error!r}", file=sys.stderr, flush=True)
        return
    topic = f"{PREFIX}.site.{data['site']}"
    publish(producer, topic, "completions.scored", headers["ce_experiment"], headers["ce_id"], answer)


def watch(producer: KafkaProducer) -> None:
    """Announcements are for everybody: each process reads them alone, from now on."""
    for message in KafkaConsumer(ANNOUNCEMENTS, bootstrap_servers=BROKERS, auto_offset_reset="latest"):
        handle(producer, message)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    admin = KafkaAdminClient(bootstrap_servers=BROKERS)
    configs = {"retention.ms": str(7 * 24 * 3_600_000), "max.message.bytes": str(4 * 1024**2)}
    for topic, partitions in ((TOPIC, PARTITIONS), (ANNOUNCEMENTS, 1)):
        if topic in admin.list_topics():
            continue
        try:
            admin.create_topics([NewTopic(topic, partitions, -1, topic_configs=configs)])
        except TopicAlreadyExistsError:
            pass
    admin.close()
    producer = KafkaProducer(bootstrap_servers=BROKERS, acks="all", max_request_size=4 * 1024**2)
    # Offsets are committed after the answer: a request is rather answered twice than not at all.
    consumer = KafkaConsumer(
        TOPIC, bootstrap_servers=BROKERS, group_id=TOPIC, auto_offset_reset="earliest", enable_auto_commit=False
    )
    threading.Thread(target=watch, args=(producer,), daemon=True).start()
    try:
        publish(producer, f"{PREFIX}.coordinator", "reward-model.announced", "registry", "", announced())
    except Exception as error:  # no coordinator has been there yet; it hears of this model when a round awaits it
        print(f"not announced: {error!r}", file=sys.stderr, flush=True)
    print(f"{NAME} {VERSION} ({DIGEST}) hears {TOPIC}", flush=True)
    for message in consumer:
        handle(producer, message)
        consumer.commit()


if __name__ == "__main__":
    main()
