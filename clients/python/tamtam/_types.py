# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Values that the methods return. Their fields are those of the messages of the same name in
docs/reference/api.md. Durations are in seconds. An absent value is None."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re
from typing import Any, Mapping, Optional, TypeVar

from ._errors import Error

Time = Optional[datetime.datetime]  # with a time zone


class Status(str, enum.Enum):
    """What the daemon knows of a member."""

    UNSPECIFIED = "UNSPECIFIED"  # in a change, of a member that is new; also one that this version does not know
    ALIVE = "ALIVE"
    SUSPECTED = "SUSPECTED"
    DEAD = "DEAD"
    LEFT = "LEFT"

    __str__ = str.__str__

    @classmethod
    def _missing_(cls, value: object) -> Status:
        return cls.UNSPECIFIED


@dataclasses.dataclass(frozen=True)
class Member:
    """A node of the cluster as the daemon sees it."""

    address: str
    name: str = ""
    status: Status = Status.UNSPECIFIED
    status_since: Time = None
    local: bool = False
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    version: str = ""
    session: int = 0
    plain: bool = False
    flapping: bool = False
    round_trip: Optional[float] = None
    loss: Optional[float] = None
    loss_frames: int = 0
    via: str = ""
    reason: str = "UNSPECIFIED"
    reported_by: str = ""


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of a member."""

    previous_status: Status = Status.UNSPECIFIED
    removed: bool = False  # the member is no longer listed
    time: Time = None
    reason: str = "UNSPECIFIED"
    reported_by: str = ""


class Kind(str, enum.Enum):
    """The kind of an event. A watch yields PRESENT*, SYNCED, CHANGE*; and, each time that its stream ended,
    DISCONNECTED, then RESUMED or SNAPSHOT, CHANGE*, SYNCED, CHANGE*."""

    PRESENT = "present"  # a member of the first list
    SYNCED = "synced"  # the events so far make up the whole list
    CHANGE = "change"  # a member changed
    DISCONNECTED = "disconnected"  # the stream ended, or there was none yet: one event, however many attempts follow
    RESUMED = "resumed"  # a new stream continues where the last one ended: nothing was missed
    SNAPSHOT = "snapshot"  # a new stream began with a new list: the changes until SYNCED are the differences

    __str__ = str.__str__


@dataclasses.dataclass(frozen=True)
class Event:
    """A step of a watch."""

    kind: Kind
    revision: int = 0  # of the list after it; of DISCONNECTED, the last one seen, 0 for none
    local: str = ""  # the address of the daemon's own node; empty if not known yet
    member: Optional[Member] = None  # of PRESENT and CHANGE; of a removed one, as it was last known
    change: Optional[Change] = None  # of CHANGE; without reporter and reason if inferred
    before: Optional[Member] = None  # of CHANGE: the member as it was, if that is known
    inferred: bool = False  # of CHANGE: found by comparing two lists
    resumed: bool = False  # of SYNCED: the stream continued an earlier one
    error: Optional[Error] = None  # of DISCONNECTED: why
    slow: bool = False  # of DISCONNECTED: this program read too slowly; the daemon is up

    @property
    def removed(self) -> bool:
        """Whether the member is no longer listed, or no longer matches."""
        return self.change is not None and self.change.removed


@dataclasses.dataclass(frozen=True)
class Message:
    """A message that reached the daemon."""

    origin: str
    payload: bytes = b""
    topic: str = ""
    received: Time = None
    sent: Time = None
    session: int = 0
    sequence: int = 0
    retained: bool = False


@dataclasses.dataclass(frozen=True)
class Gap:
    """A run of messages of a node that no node still has: from first to last."""

    origin: str
    session: int
    first: int
    last: int


@dataclasses.dataclass(frozen=True)
class MessageEvent:
    """A step of messages(). One of message, gap, error and resumed is set, or none."""

    message: Optional[Message] = None
    gap: Optional[Gap] = None
    error: Optional[Error] = None  # the stream ended, or there was none yet: one event, however many attempts follow
    resumed: bool = False  # a new stream goes on after the last message that came
    missed: bool = False  # of resumed: it begins now, since the daemon is of an earlier version
    # Where to go on after this event, also at another node: keep it once this and all before was handled. At most
    # 42,005 bytes. None if an earlier one has to do.
    cursor: Optional[bytes] = None


@dataclasses.dataclass(frozen=True)
class BroadcastResult:
    """What came of a broadcast."""

    sent_to: int = 0
    session: int = 0
    sequence: int = 0
    have: int = 0
    missing: tuple[str, ...] = ()
    took: Optional[float] = None


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer to a query, or why there is none."""

    address: str  # of the member
    name: str
    answerer: int = 0  # which of the member's programs, from 0
    payload: bytes = b""
    took: Optional[float] = None
    failure: str = ""  # why there is no answer, such as "NO_ANSWERER"; empty if there is one
    text: str = ""  # the same for people


@dataclasses.dataclass(frozen=True)
class Question:
    """A question to answer."""

    topic: str
    payload: bytes
    asker: str  # the gossip address of the member that asks
    asker_name: str
    timeout: float  # how long the asker waits from now on


T = TypeVar("T")


def convert(to: type[T], m: Any, **given: Any) -> T:
    """A value of a message, with the fields that both have."""
    fields = m.DESCRIPTOR.fields_by_name
    for f in dataclasses.fields(to):
        if f.name not in given and f.name in fields:
            given[f.name] = _value(m, fields[f.name])
    return to(**given)


def _value(m: Any, field: Any) -> Any:
    if field.enum_type is not None:
        return enum_name(field.enum_type, getattr(m, field.name))
    value = getattr(m, field.name)
    if field.message_type is None:
        if field.containing_oneof is not None and not m.HasField(field.name):
            return None
        return value if isinstance(value, (bool, int, float, str, bytes)) else tuple(value)
    if field.message_type.GetOptions().map_entry:
        return dict(value)
    if not m.HasField(field.name):
        return None
    kind = field.message_type.full_name
    if kind == "google.protobuf.Timestamp":
        return datetime.datetime.fromtimestamp(value.seconds, datetime.timezone.utc) + datetime.timedelta(microseconds=value.nanos // 1000)
    if kind == "google.protobuf.Duration":
        return seconds(value)
    raise TypeError(f"no value for {field.full_name}")


def seconds(duration: Any) -> float:
    return float(duration.seconds + duration.nanos / 1e9)


def enum_name(kind: Any, number: int) -> Any:
    """The name of a number without what all names of the enum begin with: a Status, or a text."""
    value = kind.values_by_number.get(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).upper() + "_"
    name = value.name[len(prefix):] if value is not None else str(number)
    return Status(name) if kind.name == "MemberStatus" else name
