"""The source that reads Debezium's topics; where it stands is in the warehouse, not in Kafka."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from etl.changes import Batch, TableShape
from etl.sources.commands import COMMANDS
from etl.sources.debezium.collecting import Collecting, Read
from etl.sources.debezium.envelope import Event, Headers, NoEnvelope, Note, read_envelope
from etl.sources.debezium.offsets import OFFSETS, Heard, Partition, Reached, reached
from etl.sources.debezium.values import Encoding
from etl.sources.faults import ChangesLost, SourceGone
from etl.sources.interface import Landed

_MESSAGES: Final = 5_000
_GATHER_SECONDS: Final = 0.002
_METADATA_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 30.0
_LOST: Final = "Kafka no longer has messages that were not loaded yet: let Debezium make a snapshot, and {}"
_REMEDY: Final = "delete the rows of {topic} from raw.debezium_offsets"


@dataclass(frozen=True)
class Topics:
    """Where Debezium's messages are.

    A table's topic is `prefix.table`, such as `cienty.public.orders`; `options` are librdkafka's, for security.
    """

    servers: str
    prefix: str
    group: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    encoding: Encoding = field(default_factory=Encoding)

    def of(self, table: str) -> str:
        """Return a table's topic."""
        return f"{self.prefix}.{table}"


class Debezium:
    """Reads the topics of the declared tables; those that don't exist yet are read when they do."""

    def __init__(self, topics: Topics, shapes: Sequence[TableShape]) -> None:
        self._topics = topics
        self._shapes = tuple(shapes)

    @property
    def shapes(self) -> Sequence[TableShape]:
        """The declared tables, and that of the offsets."""
        return (*self._shapes, OFFSETS)

    def open(self, landed: Landed) -> "Consuming":
        """Begin where the warehouse stands; SourceGone when no broker can be reached."""
        consumer = Consumer(
            {
                **self._topics.options,
                "bootstrap.servers": self._topics.servers,
                "group.id": self._topics.group,
                "enable.auto.commit": False,
                # What was lost must not be passed over.
                "auto.offset.reset": "error",
                "enable.partition.eof": False,
            },
            logger=None,
        )
        made = Consuming(consumer, self._topics, self._shapes, landed)
        try:
            made.look()
        except BaseException:
            made.close()
            raise
        return made


class Consuming:
    """Messages, each once: offsets come from the warehouse, written there with the rows.

    A position is a place in the source's order, or a number after the last one.
    """

    def __init__(self, consumer: Consumer, topics: Topics, shapes: Sequence[TableShape], landed: Landed) -> None:
        self._consumer = consumer
        self._topics = topics
        self._shapes = {topics.of(shape.table): shape for shape in (*shapes, COMMANDS)}
        self._position = landed.position() or 0
        self._reached = reached(landed.batches(OFFSETS.table, OFFSETS.names))
        self._partitions: dict[str, int] = {}
        self._looked_at = 0.0

    def look(self) -> None:
        """Begin to read partitions that are not read yet."""
        self._looked_at = time.monotonic()
        with _faults():
            found = self._consumer.list_topics(timeout=_METADATA_SECONDS).topics
            counts = {topic: len(found[topic].partitions) for topic in self._shapes if topic in found}
            if counts != self._partitions:
                self._partitions = counts
                self._consumer.assign(
                    [
                        TopicPartition(topic, number, self._next((topic, number)))
                        for topic, count in counts.items()
                        for number in range(count)
                    ]
                )

    def next(self, seconds: float) -> Batch | None:
        """Return what has come, None if nothing does within the time."""
        if time.monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS:
            self.look()
        with _faults():
            first = self._consumer.poll(seconds)
            if first is None:
                return None
            messages = [first, *self._consumer.consume(_MESSAGES, timeout=_GATHER_SECONDS)]
        collecting = Collecting(self._position, self._topics.encoding)
        for message in messages:
            self._take(message, collecting)
        if not collecting.moved:
            return None
        self._reached |= collecting.moved
        batch = collecting.batch()
        self._position = batch.through
        return batch

    def acknowledge(self, position: int) -> None:
        """Tell Kafka what was read, for whoever watches the group's lag; nothing is read from there."""
        if position < self._position:
            return
        offsets = [TopicPartition(topic, number, one.offset) for (topic, number), one in self._reached.items()]
        with contextlib.suppress(KafkaException):
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self) -> None:
        """Let the brokers go."""
        self._consumer.close()

    def _next(self, partition: Partition) -> int:
        known = self._reached.get(partition)
        return OFFSET_BEGINNING if known is None else known.offset

    def _take(self, message: Message, collecting: Collecting) -> None:
        if (fault := message.error()) is not None:
            _raise(fault, message.topic() or "")
            return
        topic, number, offset = str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)
        before = collecting.moved.get((topic, number)) or self._reached.get((topic, number)) or Reached(0)
        said = self._said(topic, message)
        if isinstance(said, Event) and said.begins_anew:
            # Maybe of another cluster, whose log begins at lower places.
            before = replace(before, last=None)
        place, at = (said.place, said.committed_at) if isinstance(said, Event) else (None, 0)
        if isinstance(said, Note):
            collecting.note(said)
        elif said is not None and not (place and before.knows(place, at)):
            self._add(said, message, collecting)
        collecting.moved[topic, number] = before.after(offset, place, at, self._heard(said, topic))

    def _add(self, said: Event | NoEnvelope, message: Message, collecting: Collecting) -> None:
        topic = str(message.topic())
        if not self._is_told_again(said, topic):
            data = _bytes(message.value()) or b""
            collecting.add(Read(self._shapes[topic], said, data, self._partitions[topic]))

    def _heard(self, said: Event | Note | NoEnvelope | None, topic: str) -> Heard | None:
        """Return a command that is heard now."""
        return None if self._is_told_again(said, topic) else self._command(said, topic)

    def _is_told_again(self, said: Event | Note | NoEnvelope | None, topic: str) -> bool:
        """Tell whether a snapshot tells a command again: to obey would erase what was written since."""
        command = self._command(said, topic)
        if command is None or not isinstance(said, Event) or said.place is not None:
            return False
        known = [one.heard for (name, _), one in self._reached.items() if name == topic and one.heard]
        return any(heard.covers(command) for heard in known)

    def _command(self, said: Event | Note | NoEnvelope | None, topic: str) -> Heard | None:
        if not isinstance(said, Event) or said.key is None or self._shapes[topic] is not COMMANDS:
            return None
        return Heard(said.key, said.place.lsn if said.place else said.read_at)

    def _said(self, topic: str, message: Message) -> Event | Note | NoEnvelope | None:
        """Return what a message says; None for a tombstone, which follows a deletion that was told."""
        value = _bytes(message.value())
        if value is None:
            return None
        try:
            return read_envelope(value, _bytes(message.key()), _headers(message), self._shapes[topic].key)
        except NoEnvelope as fault:
            return fault


def _headers(message: Message) -> Headers:
    found = message.headers() or ()
    return list(found.items()) if isinstance(found, dict) else found


def _bytes(data: Any) -> bytes | None:
    return data.encode() if isinstance(data, str) else data


def _raise(fault: KafkaError, topic: str) -> None:
    """Raise what an error says; those from which the client recovers by itself are passed over."""
    if fault.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):  # noqa: SLF001 - its names
        raise ChangesLost(_LOST.format(_REMEDY.format(topic=topic)))
    if fault.fatal() or not fault.retriable():
        raise SourceGone(f"Kafka: {fault.name()}")


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise SourceGone(f"Kafka: {error.args[0].name()}") from None
