# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0

import dataclasses
import unittest

import grpc

import tamtam
from tamtam import _api, _follow, _types

ALIVE, DEAD = 1, 3
GONE = tamtam.Unreachable("gone")


def node(address, status=ALIVE, session=1, **rest):
    return _api.cls("Member")(address=address, status=status, session=session, **rest)


def present(revision, m):
    return _api.cls("WatchMembersResponse")(revision=revision, present=m)


def synced(revision, resumed=False):
    return _api.cls("WatchMembersResponse")(revision=revision, synced=_api.cls("Synced")(resumed=resumed))


def change(revision, m, was=ALIVE, removed=False):
    return _api.cls("WatchMembersResponse")(revision=revision, change=_api.cls("MemberChange")(member=m, previous_status=was, removed=removed))


def describe(e):
    s = f"{e.revision} {e.kind}"
    if e.member:
        s += f" {e.member.address}"
    if e.change:
        s += f" {e.change.previous_status}-{e.member.status}"
    return s + " removed" * e.removed + " inferred" * e.inferred + " slow" * e.slow


FIRST = [present(7, node("a", session=1)), present(7, node("b", session=2)), synced(7)]
SHOWN = ["7 present a", "7 present b", "7 synced", "7 disconnected"]


class TestMembers(unittest.TestCase):
    def follow(self, *streams, hold=0.0):
        """The events of streams, each of which ends, and after which revisions they were opened."""
        state, events, asked = _follow.Members(hold), [], []
        for steps in streams:
            asked.append(state.begin())
            for r in steps:
                events += state.take(r, 0.0)
            events += state.disconnected(GONE, False)
        return [describe(e) for e in events], asked

    def test_streams(self):
        for name, streams, want, asked in (
            ("no daemon yet", [[], [], FIRST], ["0 disconnected"] + SHOWN, [None, None, None]),
            ("half a list", [FIRST[:1], FIRST], ["0 disconnected"] + SHOWN, [None, None]),
            ("resumed, nothing missed", [FIRST, [synced(7, True)]], SHOWN + ["7 resumed", "7 synced", "7 disconnected"], [None, 7]),
            ("resumed with changes", [FIRST, [change(8, node("b", DEAD, 2)), synced(8, True), change(9, node("b", ALIVE, 3), DEAD)]],
             SHOWN + ["8 resumed", "8 change b ALIVE-DEAD", "8 synced", "9 change b DEAD-ALIVE", "9 disconnected"], [None, 7]),
            ("a daemon restarted", [FIRST, [present(70, node("a", session=5)), present(70, node("c", session=6)), synced(70)]],
             SHOWN + ["70 snapshot", "70 change b ALIVE-ALIVE removed inferred", "70 change a ALIVE-ALIVE inferred",
                      "70 change c UNSPECIFIED-ALIVE inferred", "70 synced", "70 disconnected"], [None, 7]),
            ("too much missed", [FIRST, [present(99, node("a", session=1)), present(99, node("b", DEAD, 2)), synced(99)]],
             SHOWN + ["99 snapshot", "99 change b ALIVE-DEAD inferred", "99 synced", "99 disconnected"], [None, 7]),
            ("a step of a newer daemon", [FIRST[:1] + [_api.cls("WatchMembersResponse")(revision=7)] + FIRST[1:]], SHOWN, [None]),
        ):
            with self.subTest(name):
                self.assertEqual(self.follow(*streams), (want, asked))

    def test_hold(self):
        """Who is missing after a restart comes back without an event, or is removed in time."""
        local = dict(local=True)
        state = _follow.Members(30.0)
        for r in (present(1, node("l", session=1, **local)), present(1, node("b", session=2)), present(1, node("c", session=3)), synced(1)):
            state.take(r, 0.0)
        state.disconnected(GONE, False)
        state.begin()
        events = state.take(present(70, node("l", session=9, **local)), 100.0) + state.take(synced(70), 100.0)
        self.assertEqual([describe(e) for e in events], ["70 snapshot", "70 change l ALIVE-ALIVE inferred", "70 synced"])
        self.assertEqual(state.take(change(71, node("b", session=2), 0), 101.0), [])
        self.assertEqual(state.due(101.0), 29.0)
        self.assertEqual(state.release(129.0), [])
        state.begin()  # the daemon is away: the next list decides
        self.assertEqual((state.due(200.0), state.release(200.0)), (None, []))
        state.take(synced(71, True), 200.0)
        self.assertEqual([describe(e) for e in state.release(200.0)], ["71 change c ALIVE-ALIVE removed inferred"])
        self.assertIsNone(state.due(200.0))

    def test_slow(self):
        """A reader that is too slow continues at once, but not without progress."""
        state, slow = _follow.Members(), tamtam.ReaderTooSlow("slow")
        self.assertFalse(state.is_slow(slow))
        for r in FIRST:
            state.take(r, 0.0)
        self.assertTrue(state.is_slow(slow))
        self.assertFalse(state.is_slow(GONE))
        state.begin()
        self.assertFalse(state.is_slow(slow))

    def test_backoff(self):
        b = _follow.Backoff()
        waits = [b.next() for _ in range(8)]
        for limit, w in zip((0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5), waits):
            self.assertTrue(limit / 2 <= w <= limit, waits)
        b.reset()
        self.assertLessEqual(b.next(), 0.1)


class TestMessages(unittest.TestCase):
    def message(self, sequence, cursor=b"", session=1):
        return _api.cls("StreamMessagesResponse")(message=_api.cls("Message")(origin="a", session=session, sequence=sequence), cursor=cursor)

    def test_each_once(self):
        state = _follow.Messages()
        first = state.take(_api.cls("StreamMessagesResponse")(cursor=b"0"))
        self.assertEqual(first, [tamtam.MessageEvent(cursor=b"0")])
        self.assertEqual([e.message.sequence for e in state.take(self.message(1, b"1")) + state.take(self.message(2))], [1, 2])
        self.assertEqual(state.disconnected(GONE), [tamtam.MessageEvent(error=GONE)])
        self.assertEqual(state.disconnected(GONE), [])
        state.begin()
        self.assertEqual(state.cursor, b"1")
        self.assertEqual(state.take(_api.cls("StreamMessagesResponse")(cursor=b"1"))[0], tamtam.MessageEvent(resumed=True))
        self.assertEqual(state.take(self.message(2)), [])  # it comes again, as it is after the cursor
        self.assertEqual([e.message.sequence for e in state.take(self.message(3))], [3])
        gap = _api.cls("StreamMessagesResponse")(gap=_api.cls("Gap")(origin="a", session=1, to=9, **{"from": 4}))
        self.assertEqual(state.take(gap), [tamtam.MessageEvent(gap=tamtam.Gap("a", 1, 4, 9))])
        self.assertEqual(state.take(gap), [])

    def test_bound(self):
        """What is remembered of senders has a bound, and the one that was heard last is kept."""
        state = _follow.Messages(b"c")
        for session in range(1, _follow.MAX_SESSIONS + 100):
            state.take(self.message(1, session=session))
        self.assertEqual(len(state._have), _follow.MAX_SESSIONS)
        self.assertEqual(state.take(self.message(1, session=_follow.MAX_SESSIONS + 99)), [])
        self.assertEqual(len(state.take(self.message(1, session=1))), 1)

    def test_old_daemon(self):
        state = _follow.Messages()
        state.take(self.message(1))
        state.disconnected(GONE)
        state.begin()
        self.assertEqual([(e.resumed, e.missed) for e in state.take(self.message(1))], [(True, True), (False, False)])


class TestTypes(unittest.TestCase):
    def test_fields(self):
        """The fields of the types are in the API, so convert fills them."""
        for name, cls in (("Member", tamtam.Member), ("MemberChange", tamtam.Change), ("Message", tamtam.Message),
                          ("BroadcastResponse", tamtam.BroadcastResult)):
            have = {f.name for f in dataclasses.fields(cls)}
            self.assertLessEqual(have, {f.name for f in _api.cls(name).DESCRIPTOR.fields}, name)
        names = {n[len("MEMBER_STATUS_"):] for n in _api.POOL.FindEnumTypeByName("tamtam.v1.MemberStatus").values_by_name}
        self.assertEqual(names, {s.value for s in tamtam.Status})

    def test_convert(self):
        m = node("a", DEAD, tags={"k": "v"}, loss=0.0, reason=6)
        m.round_trip.nanos, m.status_since.seconds, m.status_since.nanos = 500_000, 86400, 5000
        c = _types.convert(tamtam.Member, m)
        self.assertEqual((c.status, c.tags, c.loss, c.round_trip, c.reason, str(c.status_since)),
                         (tamtam.Status.DEAD, {"k": "v"}, 0.0, 0.0005, "UPDATED", "1970-01-02 00:00:00.000005+00:00"))
        self.assertEqual((_types.convert(tamtam.Member, node("a", 99)).status, _types.convert(tamtam.Member, node("a")).loss),
                         (tamtam.Status.UNSPECIFIED, None))
        self.assertEqual(f"{tamtam.Status.ALIVE}", "ALIVE")


class TestErrors(unittest.TestCase):
    def test_retryable(self):
        code = grpc.StatusCode
        for error, want in ((tamtam.Unreachable(""), True), (tamtam.Distrust(""), False), (tamtam.Busy(""), True), (tamtam.TimedOut(""), True),
                            (tamtam.Denied(""), False), (tamtam.Error("", code=code.ABORTED), True), (tamtam.Error("", code=code.UNIMPLEMENTED), False)):
            self.assertIs(error.retryable, want, repr(error))


if __name__ == "__main__":
    unittest.main()
