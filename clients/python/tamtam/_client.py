# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""The client."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
import types
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Union

from . import _answer, _api, _settings
from ._connection import Connection, Stream
from ._errors import Closed, Error, Unsupported
from ._follow import Backoff, Members, Messages
from ._types import BroadcastResult, Event, Member, MessageEvent, Question, Reply, Status, convert, enum_name, seconds

DEFAULT_TIMEOUT = 5.0  # seconds
Tags = Mapping[str, str]
_NONE: Tags = types.MappingProxyType({})


def connect(address: str = "", *, tls: Optional[bool] = None, ca: Optional[str] = None, client_cert: Optional[str] = None,
            client_key: Optional[str] = None, server_name: Optional[str] = None, token_file: Optional[str] = None,
            insecure: Optional[bool] = None, timeout: float = DEFAULT_TIMEOUT, lazy: bool = False, environment: bool = True) -> Client:
    """Connect to the daemon, and return when it has answered, within the timeout, in seconds.

    The settings are those of tamtamctl: the TAMTAM_RPC… variables, else the file that TAMTAM_CONFIG names, or
    the default one, else localhost:6262 without TLS and token. Arguments count more; they are the values of tamtamctl's
    flags, and name files, but for server_name. environment=False reads neither variables nor a file.

    A program that may start before its daemon gives lazy=True: then the streams wait for it.

    Raises Error if no daemon answers, and ValueError or OSError for a setting that cannot be used.
    """
    s = _settings.read() if environment else _settings.Settings()
    given = {"rpc": _settings.addresses(address)[0] if address else None, "tls": tls, "ca": ca, "client_cert": client_cert,
             "client_key": client_key, "server_name": server_name, "token_file": token_file, "insecure": insecure}
    s = dataclasses.replace(s, **{name: value for name, value in given.items() if value is not None})
    client = Client(s, timeout)
    if not lazy:
        try:
            client.local_node()
        except BaseException:
            client.close()
            raise
    return client


class Client:
    """A connection to a daemon; connect returns one. Several threads may use it at once."""

    def __init__(self, settings: _settings.Settings, timeout: float) -> None:
        self._settings, self._timeout = settings, timeout
        self._connection = Connection(settings, timeout)
        self._closed = threading.Event()
        self._streams: set[Stream] = set()
        self._lock = threading.Lock()  # guards _streams

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Loops over watch, messages and query in other threads, and answer, end without an error.
        Other calls raise Closed."""
        self._closed.set()
        with self._lock:
            streams = list(self._streams)
        for s in streams:
            s.cancel()
        self._connection.close()

    def call(self, name: str, *, timeout: Optional[float] = None, **fields: Any) -> Any:
        """Make any call of the API with one response, such as call("Ping", address="db-1"), and return the
        message; docs/reference/api.md has the calls and their fields."""
        m = _api.METHODS.get(name)
        if m is None or m.kind != "unary_unary":
            raise ValueError(f"no call {name!r} with one response: want one of {[n for n, m in _api.METHODS.items() if m.kind == 'unary_unary']}")
        return self._connection.call(name, m.request(**fields), timeout)

    def members(self, *statuses: Status, name: str = "", tags: Tags = _NONE, without: Tags = _NONE) -> list[Member]:
        """The members with one of the statuses, any if there is none, ordered by address, with the daemon's own node.

        name and the values of tags are patterns: * stands for any text without a slash, ? for one character. without
        are tags that members must not have."""
        known = [s.value for s in Status if s is not Status.UNSPECIFIED]
        for s in statuses:
            if s not in known:
                raise ValueError(f"status {s!r}: want {', '.join(known)}")
        kind = _api.POOL.FindEnumTypeByName(_api.PACKAGE + ".MemberStatus").values_by_name
        numbers = [kind[f"MEMBER_STATUS_{Status(s).value}"].number for s in statuses]
        r = self.call("ListMembers", statuses=numbers, filter=_filter(name, tags, without))
        return [convert(Member, m) for m in r.members]

    def local_node(self) -> Any:
        """The daemon's own node: a GetLocalNodeResponse."""
        return self.call("GetLocalNode")

    def set_tags(self, tags: Tags) -> dict[str, str]:
        """Set tags of the daemon's own node, and return all."""
        return dict(self.call("UpdateTags", set=tags).tags)

    def delete_tags(self, *keys: str) -> dict[str, str]:
        """Delete tags of the daemon's own node, and return those that are left."""
        return dict(self.call("UpdateTags", delete=keys).tags)

    def watch(self, *, name: str = "", tags: Tags = _NONE, without: Tags = _NONE, hold: float = 30.0, fail_fast: bool = False,
              retry: Callable[[Error, bool], bool] = lambda error, slow: error.retryable) -> Iterator[Event]:
        """Yield the members, and then each change of one.

        When the stream ends, since the daemon restarts or the loop is slow, another one begins after 100 ms to 5 s,
        and resumes after the last change. If the daemon no longer has the changes since then, it lists the members
        again, and the differences are events, also of members that the list lacks. So a reader that keeps what
        the events say has the members of the daemon.

        hold is how long, in seconds, a member stays known that the list of a restarted daemon lacks: the daemon has to find
        the others again. retry(error, slow) decides whether another stream begins; slow: this program fell behind, and
        there is no delay. fail_fast: raise if the first stream does not begin. Raises Error if the daemon refuses."""
        state, backoff = Members(hold), Backoff()
        while not self._closed.is_set():
            request = _api.cls("WatchMembersRequest")(filter=_filter(name, tags, without), after_revision=state.begin())
            try:
                with self._stream("WatchMembers", request) as stream:
                    while True:
                        r = stream.get(state.due(time.monotonic()))
                        now = time.monotonic()
                        yield from state.take(r, now) if r is not None else state.release(now)
            except Error as e:
                error = e
            slow = state.is_slow(error)
            if self._closed.is_set():
                return
            if not retry(error, slow) or fail_fast and not state.met:
                raise error
            if state.moved:
                backoff.reset()
            yield from state.disconnected(error, slow)
            if not slow:
                self._closed.wait(backoff.next())

    def messages(self, *topics: str, origins: Iterable[str] = (), last: int = 0, since: Optional[datetime.datetime] = None,
                 retained: bool = False, after: bytes = b"", fail_fast: bool = False) -> Iterator[MessageEvent]:
        """Yield each message that reaches the daemon: those of one node once and in order.

        topics may be patterns, such as config/*. last and since begin with messages that are kept, retained with the
        values of retained topics. after is the cursor of an earlier event: the messages after it come, each at least
        once, also if this program or the daemon ended meanwhile. What nobody keeps any more is a gap.

        Streams that end are continued as those of watch are."""
        state, backoff, origins = Messages(after), Backoff(), list(origins)
        while not self._closed.is_set():
            state.begin()
            request = _api.cls("StreamMessagesRequest")(topics=topics, origins=origins, retained=retained, after=state.cursor)
            if not state.cursor and not state.met:
                request.last = last
                if since is not None:
                        request.since.seconds = int(since.timestamp())
            try:
                with self._stream("StreamMessages", request) as stream:
                    while True:
                        yield from state.take(stream.get())
            except Error as e:
                error = e
            if self._closed.is_set():
                return
            if not error.retryable or fail_fast and not state.met:
                raise error
            if state.moved:
                backoff.reset()
            slow = state.is_slow(error)
            yield from state.disconnected(error)
            if not slow:
                self._closed.wait(backoff.next())

    def broadcast(self, payload: Union[bytes, str], topic: str = "", *, wait: Union[None, str, int] = None, min_members: int = 0,
                  no_wait: bool = False, members: Iterable[str] = (), tags: Tags = _NONE, without: Tags = _NONE, retain: bool = False,
                  timeout: Optional[float] = None) -> BroadcastResult:
        """Send a message to all members, or to those with some addresses or tags.

        wait="all" returns when all live members have it, a number when that many have; at the timeout, missing names the
        others, and that is no error. With wait="all" only, min_members raises Refused, and sends nothing, if fewer other
        members are live. no_wait raises Busy at once if too many messages are on their way. retain makes it the value of
        its topic."""
        request = _api.cls("BroadcastRequest")(payload=_bytes(payload), topic=topic, no_wait=no_wait, retain=retain, members=list(members),
                                               tags=_patterns(tags, without))
        if min_members and wait != "all":
            raise ValueError(f"min_members={min_members}: want wait='all' with it; wait=N sends nothing if fewer than N are live")
        if wait == "all":
            request.wait_all, request.min_members = True, min_members
        elif isinstance(wait, int) and not isinstance(wait, bool):
            request.wait_members = wait
        elif wait is not None:
            raise ValueError(f"wait={wait!r}: want None, 'all' or a number of members")
        if request.members or request.tags or retain:
            node = self.local_node()
            if retain and not node.max_retained_payload_bytes or not retain and not node.max_addressed_payload_bytes:
                raise Unsupported("the daemon is of an earlier version, which would send an ordinary message to all")
        return convert(BroadcastResult, self._connection.call("Broadcast", request, timeout))

    def query(self, topic: str, payload: Union[bytes, str] = b"", *, members: Iterable[str] = (), tags: Tags = _NONE, without: Tags = _NONE,
              timeout: float = 2.0) -> Iterator[Reply]:
        """Ask members a question that programs on their machines answer, and yield each answer when it arrives,
        and for each that does not come, why. timeout is up to 300 s."""
        request = _api.cls("QueryRequest")(topic=topic, payload=_bytes(payload), members=list(members), tags=_patterns(tags, without))
        request.timeout.seconds, request.timeout.nanos = int(timeout), int(timeout % 1 * 1e9)
        if self._closed.is_set():
            raise Closed()
        with self._stream("Query", request) as stream:
            while True:
                try:
                    r = stream.get()
                except Error:
                    if self._closed.is_set():
                        return
                    raise
                kind = r.WhichOneof("event")
                if kind == "done":
                    return
                if kind == "answer":
                    a = r.answer
                    yield Reply(a.member.address, a.member.name, a.answerer, a.payload, seconds(a.took))
                elif kind == "failure":
                    f = r.failure
                    why = enum_name(f.DESCRIPTOR.fields_by_name["reason"].enum_type, f.reason)
                    yield Reply(f.member.address, f.member.name, f.answerer, failure=why, text=f.message)

    def answer(self, topics: Iterable[str], handle: Callable[[Question], Union[bytes, str]], *, share: bool = False, parallel: int = 1,
               fail_fast: bool = False) -> None:
        """Answer the questions about some topics, until the client is closed. handle returns the answer; what it
        raises is the failure that the asker gets, so its text should be fit for that. share: programs at this daemon that
        share a topic answer in turn. parallel is how many questions are handled at the same time, each in a thread.

        Streams that end are continued as those of watch are; questions meanwhile are not answered."""
        backoff, met = Backoff(), False
        while not self._closed.is_set():
            run = _answer.Run(list(topics), handle, share, parallel)
            try:
                with self._stream("AnswerQueries", run.requests()) as stream:
                    run.serve(stream)
            except Error as e:
                error = e
            if self._closed.is_set():
                return
            met = met or run.registered
            if not error.retryable or fail_fast and not met:
                raise error
            if run.registered:
                backoff.reset()
            self._closed.wait(backoff.next())

    def _stream(self, name: str, request: Any) -> _Opened:
        return _Opened(self, name, request)


class _Opened:
    """A stream of a client, for a with statement."""

    def __init__(self, client: Client, name: str, request: Any) -> None:
        self._client, self._name, self._request = client, name, request

    def __enter__(self) -> Stream:
        c = self._client
        self._stream = Stream(c._settings, c._timeout, self._name, self._request)
        with c._lock:
            c._streams.add(self._stream)
        if c._closed.is_set():  # it may have been closed before the stream was noted
            self._stream.cancel()
        return self._stream

    def __exit__(self, *_: object) -> None:
        with self._client._lock:
            self._client._streams.discard(self._stream)
        self._stream.close()


def _bytes(payload: Union[bytes, str]) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload


def _patterns(tags: Tags, without: Tags) -> list[Any]:
    pattern = _api.cls("TagPattern")
    return [pattern(key=k, pattern=v) for k, v in tags.items()] + [pattern(key=k, pattern=v, exclude=True) for k, v in without.items()]


def _filter(name: str, tags: Tags, without: Tags) -> Any:
    return _api.cls("MemberFilter")(name=name, tags=_patterns(tags, without))
