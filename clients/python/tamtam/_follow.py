# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""What streams have brought so far, and what follows from it when another one continues them. It does no IO; the
times are arguments. The rules are those of the Go packages; see docs/go.md."""

from __future__ import annotations

import random
from typing import Any, Optional

from ._errors import Busy, Error
from ._types import Change, Event, Gap, Kind, Member, Message, MessageEvent, Status, convert

# The time between two attempts to connect grows between these, in seconds, and is chosen at random from its
# upper half, so that clients do not reconnect all at once.
MIN_BACKOFF, MAX_BACKOFF = 0.1, 5.0
# Of how many sessions of senders the last message is remembered: as many as there are members. Of one that was heard
# longer ago, a message may come twice after a reconnection.
MAX_SESSIONS = 4096


class Backoff:
    """The time between two attempts to connect."""

    def __init__(self) -> None:
        self._last = 0.0

    def next(self) -> float:
        self._last = max(MIN_BACKOFF, min(2 * self._last, MAX_BACKOFF))
        return self._last / 2 * (1 + random.random())

    def reset(self) -> None:
        self._last = 0.0


class Members:
    """The members that a watch has shown."""

    def __init__(self, hold: float = 0.0) -> None:
        self.seen: Optional[int] = None  # the last revision of which everything is known
        self.met = False  # a stream once brought something
        self.moved = False  # the present stream moved seen
        self._hold = hold
        self._known: dict[str, Member] = {}  # by address, with those that are held
        self._held: dict[str, float] = {}  # until when those are known that the last list lacks
        self._local = ""
        self._synced = False  # a stream was once up to date
        self._connected = self._lost = False
        self._snapshot: list[Member] = []  # that the present stream begins with, until it is synced
        self.begin()

    def begin(self) -> Optional[int]:
        """Begin another stream, and return after which revision."""
        self._first, self._fresh, self._snapshot, self._current, self.moved = True, False, [], False, False
        return self.seen

    def is_slow(self, error: Error) -> bool:
        """Whether a stream ended only since this program reads too slowly. Without progress it would do so forever."""
        return isinstance(error, Busy) and self.moved

    def disconnected(self, error: Error, slow: bool) -> list[Event]:
        if not self._connected and self._lost:
            return []
        self._connected, self._lost = False, True
        return [self._event(Kind.DISCONNECTED, self.seen or 0, error=error, slow=slow)]

    def take(self, r: Any, now: float) -> list[Event]:
        """The events of a response."""
        kind, revision = r.WhichOneof("event"), r.revision
        events: list[Event] = []
        if self._first:
            self._first, self.met, self._connected = False, True, True
            self._fresh = kind == "present" or kind == "synced" and not r.synced.resumed
            if self._synced:
                events.append(self._event(Kind.SNAPSHOT if self._fresh else Kind.RESUMED, revision))
        if kind == "present":
            self._snapshot.append(convert(Member, r.present))  # events follow when all are here
        elif kind == "change":
            self.seen, self.moved = revision, True
            events += self._changed(convert(Member, r.change.member), convert(Change, r.change), revision)
        elif kind == "synced":
            self.seen, self.moved = revision, True
            if self._fresh:
                events += self._replace(revision, now)
            self._synced = self._current = True  # the present stream is up to date, too
            events.append(self._event(Kind.SYNCED, revision, resumed=r.synced.resumed))
        return events  # none, if it is from a newer daemon

    def due(self, now: float) -> Optional[float]:
        """In how many seconds release has something to do; None if in none."""
        return max(0.0, min(self._held.values()) - now) if self._held and self._current else None

    def release(self, now: float) -> list[Event]:
        """Remove those that have been held for long enough. While the daemon is away, the next list decides."""
        events: list[Event] = []
        if not self._current:
            return events
        for a in sorted(a for a, until in self._held.items() if until <= now):
            del self._held[a]
            m = self._known.pop(a)
            events.append(self._inferred(m, None, self.seen or 0))
        return events

    def _event(self, kind: Kind, revision: int, **rest: Any) -> Event:
        return Event(kind, revision, self._local, **rest)

    def _changed(self, m: Member, c: Change, revision: int) -> list[Event]:
        before = self._known.pop(m.address, None)
        held = self._held.pop(m.address, None) is not None
        if not c.removed:
            self._know(m)
        if held:  # an event only if it differs from what was known
            return self._compare({m.address: before} if before else {}, {} if c.removed else {m.address: m}, revision)
        return [self._event(Kind.CHANGE, revision, member=m, change=c, before=before)]

    def _know(self, m: Member) -> None:
        self._known[m.address] = m
        if m.local:
            self._local = m.address

    def _replace(self, revision: int, now: float) -> list[Event]:
        """Make the snapshot the known list. Of the first one every member is an event; of a later one, every
        difference."""
        was, local = self._known, self._known.get(self._local)
        self._known, self._fresh = {}, False
        members, self._snapshot = self._snapshot, []
        for m in members:
            self._know(m)
        if not self._synced:
            return [self._event(Kind.PRESENT, revision, member=m) for m in members]
        current = self._known.get(self._local)
        self._held.clear()
        if self._hold > 0 and (local is None or current is None or current.session != local.session):
            # The daemon was restarted, and has to find the others again.
            for a in was.keys() - self._known.keys():
                self._known[a], self._held[a] = was[a], now + self._hold
        return self._compare(was, self._known, revision)

    def _compare(self, was: dict[str, Member], is_: dict[str, Member], revision: int) -> list[Event]:
        """The changes from one list to another: first the removed members, then the rest, each by address."""
        events = [self._inferred(was[a], None, revision) for a in sorted(was.keys() - is_.keys())]
        for a in sorted(is_):
            before = was.get(a)
            if before is None or not _same(before, is_[a]):
                events.append(self._inferred(before, is_[a], revision))
        return events

    def _inferred(self, before: Optional[Member], m: Optional[Member], revision: int) -> Event:
        if m is None:
            assert before is not None
            return self._event(Kind.CHANGE, revision, member=before, change=Change(before.status, removed=True), inferred=True)
        dated = before is None or before.status != m.status or before.session != m.session
        change = Change(before.status if before else Status.UNSPECIFIED, time=m.status_since if dated else None)
        return self._event(Kind.CHANGE, revision, member=m, change=change, inferred=True)


def _same(a: Member, b: Member) -> bool:
    """Whether two states of a member differ in nothing that makes a change: a round trip does not."""
    return (a.status, a.session, a.name, a.version, a.plain, a.tags) == (b.status, b.session, b.name, b.version, b.plain, b.tags)


class Messages:
    """What streams of messages have brought."""

    def __init__(self, after: bytes = b"") -> None:
        self.cursor = after
        self.met = False  # a stream once brought something
        self.moved = False  # the present one has
        self._have: dict[tuple[str, int], int] = {}  # the last message of each session: those after the cursor come again
        self._lost = False  # there was a disconnect, and no resumption since
        self._first = True

    def begin(self) -> None:
        self._first, self.moved = True, False

    def is_slow(self, error: Error) -> bool:
        return isinstance(error, Busy) and self.moved

    def disconnected(self, error: Error) -> list[MessageEvent]:
        if self._lost:
            return []
        self._lost = True
        return [MessageEvent(error=error)]

    def take(self, r: Any) -> list[MessageEvent]:
        """The events of a response. cursor is the last one only when all events before were taken."""
        kind = r.WhichOneof("event")
        events: list[MessageEvent] = []
        if self._first and self.met and self._lost:
            events.append(MessageEvent(resumed=True, missed=not r.cursor))
        self._first, self._lost, self.met, self.moved = False, False, True, True
        message = convert(Message, r.message) if kind == "message" else None
        gap = Gap(r.gap.origin, r.gap.session, getattr(r.gap, "from"), r.gap.to) if kind == "gap" else None
        if message and self._again(message.origin, message.session, message.sequence):
            message = None
        if gap and self._again(gap.origin, gap.session, gap.last):
            gap = None
        self.cursor = r.cursor or self.cursor
        if message or gap or r.cursor:
            events.append(MessageEvent(message=message, gap=gap, cursor=r.cursor or None))
        return events

    def _again(self, origin: str, session: int, last: int) -> bool:
        """Whether a message or a gap has come before; else it is noted."""
        if session == 0 or not self.cursor:  # a plain Smudge node's have no order
            return False
        before = self._have.pop((origin, session), 0)
        self._have[origin, session] = max(before, last)  # the one that was heard last is the last
        if len(self._have) > MAX_SESSIONS:
            del self._have[next(iter(self._have))]
        return before >= last
