# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0

import concurrent.futures
import os
import queue
import shutil
import socket
import subprocess
import threading
import unittest

import grpc

import tamtam
from tamtam import Kind, Status, _api

from .cluster import BOUND, Cluster, Daemon, Proxy, eventually, needs_daemon
from .test_settings import Case


class Reading:
    """A loop over events in a thread of its own."""

    def __init__(self, events):
        self._queue, self.error = queue.Queue(), None
        self._thread = threading.Thread(target=self._run, args=(events,), daemon=True)
        self._thread.start()

    def _run(self, events):
        try:
            for e in events:
                self._queue.put(e)
        except Exception as e:  # for the test
            self.error = e

    def until(self, ok):
        """The events up to one for which ok is true."""
        found = []
        while not found or not ok(found[-1]):
            try:
                found.append(self._queue.get(timeout=BOUND))
            except queue.Empty:
                raise AssertionError(f"it did not come; before it came {found}, then {self.error!r}") from None
        return found

    def kind(self, kind):
        return self.until(lambda e: e.kind == kind)

    def ended(self):
        self._thread.join(BOUND)
        return not self._thread.is_alive()


@needs_daemon
class TestCluster(Case):
    """Against three daemons that see each other."""

    def setUp(self):
        super().setUp()
        self.cluster = Cluster(3)
        self.addCleanup(self.cluster.kill)
        self.a, self.b, self.c = self.cluster.all
        os.environ["TAMTAM_RPC"] = self.a.rpc
        self.client = self.connect()
        eventually("three members", lambda: len(self.client.members(Status.ALIVE)) == 3)

    def connect(self, *args, **kwargs):
        client = tamtam.connect(*args, timeout=BOUND, **kwargs)
        self.addCleanup(client.close)
        return client

    def restart_a(self):
        """Start the first daemon again, at its addresses."""
        self.cluster.all[0] = Daemon("--name", "node-1", "--port", self.a.gossip.rpartition(":")[2], "--join", self.b.gossip, rpc=self.a.rpc)

    def test_members(self):
        members = self.client.members()
        self.assertEqual([m.address for m in members], sorted(m.address for m in members))
        local = [m for m in members if m.local]
        self.assertEqual([(m.name, m.address, m.status, m.tags["role"]) for m in local], [("node-1", self.a.gossip, Status.ALIVE, "web")])
        self.assertEqual({m.name for m in self.client.members(tags={"role": "d*"})}, {"node-2", "node-3"})
        self.assertEqual({m.name for m in self.client.members(without={"role": "db"})}, {"node-1"})
        self.assertEqual({m.name for m in self.client.members(name="*-3")}, {"node-3"})
        self.assertEqual(self.client.members(Status.DEAD), [])
        self.assertEqual(self.client.set_tags({"k": "v"}), {"role": "web", "k": "v"})
        self.assertEqual(self.client.delete_tags("k", "none"), {"role": "web"})
        self.assertTrue(self.client.call("GetVersion").smudge_version)
        self.assertEqual(self.client.local_node().member.address, self.a.gossip)

    def test_watch(self):
        """A death, a cut connection and a restart of the daemon: nothing is missed, and who is gone is removed."""
        proxy = Proxy(self.a.rpc)
        self.addCleanup(proxy.close)
        client = self.connect(proxy.address)
        watch = Reading(client.watch(hold=1.0))
        first = watch.kind(Kind.SYNCED)
        self.assertEqual({e.member.address for e in first[:-1]}, {d.gossip for d in self.cluster.all})
        self.assertEqual({e.kind for e in first[:-1]}, {Kind.PRESENT})

        proxy.cut()
        lost = watch.kind(Kind.DISCONNECTED)[-1]
        self.assertIsInstance(lost.error, tamtam.Unreachable)
        self.assertFalse(lost.slow)
        tags = [str(i) for i in range(3)]
        for t in tags:
            self.client.set_tags({"step": t})
        proxy.pass_on()
        again = watch.kind(Kind.SYNCED)
        self.assertEqual(again[0].kind, Kind.RESUMED)
        self.assertTrue(again[-1].resumed)
        self.assertEqual([e.member.tags["step"] for e in again if e.kind == Kind.CHANGE and e.member.local], tags)

        self.c.kill()
        dead = watch.until(lambda e: e.member and e.member.status == Status.DEAD)[-1]
        self.assertEqual((dead.member.address, dead.inferred, dead.before.name), (self.c.gossip, False, "node-3"))

        # The daemon that comes back never hears of node-3.
        self.a.kill()
        watch.kind(Kind.DISCONNECTED)
        self.connect(self.b.rpc).call("RemoveMember", address=self.c.gossip)
        self.restart_a()
        back = watch.until(lambda e: e.removed)
        self.assertIn(Kind.SNAPSHOT, [e.kind for e in back])
        self.assertEqual((back[-1].member.address, back[-1].inferred), (self.c.gossip, True))
        client.close()
        self.assertTrue(watch.ended())
        self.assertIsNone(watch.error)

    def test_messages(self):
        other = self.connect(self.b.rpc)
        messages = Reading(self.client.messages("deploy/*"))
        messages.until(lambda e: e.cursor is not None)  # it has begun
        r = other.broadcast("one", "deploy/web", wait="all", min_members=2)
        self.assertEqual((r.have, r.sent_to, r.missing), (2, 2, ()))
        other.broadcast("other", "unrelated", wait="all")
        other.broadcast(b"two", "deploy/web", wait=2)
        had = messages.until(lambda e: e.message and e.message.payload == b"two")
        self.assertEqual([e.message.payload for e in had if e.message], [b"one", b"two"])
        self.assertEqual((had[-1].message.origin, had[-1].message.topic), (self.b.gossip, "deploy/web"))

        # Another program goes on after it, at another node.
        other.broadcast("three", "deploy/web", wait="all")
        cursor = [e.cursor for e in had if e.cursor][-1]
        later = Reading(self.connect(self.c.rpc).messages("deploy/*", after=cursor))
        self.assertEqual([e.message.payload for e in later.until(lambda e: e.message) if e.message], [b"three"])

        # Over a restart of the daemon, with what was sent meanwhile.
        self.a.kill()
        messages.until(lambda e: e.error)
        other.broadcast("four", "deploy/web")
        self.restart_a()
        had = messages.until(lambda e: e.message and e.message.payload == b"four")
        self.assertEqual([e.missed for e in had if e.resumed], [False])
        self.assertNotIn(b"two", [e.message.payload for e in had if e.message])

        with self.assertRaises(tamtam.Invalid) as e:
            next(iter(other.messages(after=b"nothing")))
        self.assertEqual((e.exception.reason, e.exception.retryable), ("BAD_CURSOR", False))

    def test_queries(self):
        def handle(question):
            if question.payload == b"fail":
                raise ValueError("no such disk \udcff")  # as a file name may have
            return b"load of " + question.payload + question.asker_name.encode()

        client = self.connect(self.b.rpc)
        done = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(done.shutdown)
        answering = done.submit(client.answer, ["load"], handle, parallel=2)
        ask = lambda payload: {r.name: r for r in self.client.query("load", payload, timeout=60)}
        eventually("it answers", lambda: ask("x ")["node-2"].payload == b"load of x node-1")
        replies = ask("fail")
        self.assertEqual({n: (r.failure, "no such disk" in r.text) for n, r in replies.items()},
                         {"node-1": ("NO_ANSWERER", False), "node-2": ("FAILED", True), "node-3": ("NO_ANSWERER", False)})
        self.assertEqual([r.name for r in self.client.query("load", "y", tags={"role": "db"}, members=[self.b.gossip])], ["node-2"])
        client.close()
        self.assertIsNone(answering.result(BOUND))

    def test_close(self):
        """It ends a query that another thread reads, and later calls have an error of their own."""
        asked, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def handle(question):
            if question.payload == b"wait":
                asked.set()
                release.wait(BOUND)
            return b""

        done = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(done.shutdown)
        other, client = self.connect(self.b.rpc), self.connect()
        done.submit(other.answer, ["load"], handle)
        eventually("there is an answerer", lambda: any(not r.failure for r in self.client.query("load", timeout=60)))
        query = Reading(client.query("load", "wait", timeout=300))
        self.assertTrue(asked.wait(BOUND))
        client.close()
        self.assertTrue(query.ended())
        self.assertIsNone(query.error)
        for call in (client.members, lambda: client.broadcast("x"), lambda: list(client.query("load"))):
            with self.assertRaises(tamtam.Closed) as e:
                call()
            self.assertFalse(e.exception.retryable)
        self.assertEqual((list(client.watch()), list(client.messages())), ([], []))

    def test_errors(self):
        for error, reason, call in (
            (tamtam.Refused, "TOO_FEW_MEMBERS", lambda: self.client.broadcast("x", wait="all", min_members=9)),
            (tamtam.Invalid, "PAYLOAD_TOO_LARGE", lambda: self.client.broadcast(1000 * "x")),
            (tamtam.Invalid, "", lambda: self.client.broadcast(100_000 * "x")),
            (tamtam.NotFound, "NOT_MEMBER", lambda: self.client.call("RemoveMember", address="192.0.2.1")),
            (tamtam.Refused, "SELF", lambda: self.client.call("RemoveMember", address=self.a.gossip)),
            (tamtam.Invalid, "BAD_QUERY", lambda: list(self.client.query("load", 10_000 * "x"))),
        ):
            with self.subTest(reason), self.assertRaises(error) as e:
                call()
            self.assertEqual((e.exception.reason, e.exception.retryable), (reason, False))
            self.assertTrue(str(e.exception))
        with self.assertRaisesRegex(ValueError, "wait='some'"):
            self.client.broadcast("x", wait="some")
        for wait in (None, 1):
            with self.assertRaisesRegex(ValueError, "min_members=99: want wait='all'"):
                self.client.broadcast("x", wait=wait, min_members=99)
        for typo in ("alive", "LIVE", Status.UNSPECIFIED):
            with self.assertRaisesRegex(ValueError, f"status .*{typo}.*: want ALIVE, SUSPECTED"):
                self.client.members(typo)
        self.assertEqual(len(self.client.members("ALIVE")), 3)
        with self.assertRaisesRegex(ValueError, "GetVersion"):
            self.client.call("Nothing")

    def test_closed_loop(self):
        """A loop that is left ends its stream, and its thread."""
        before = threading.active_count()
        for _ in range(3):
            for _ in self.client.watch():
                break
        eventually("the threads have ended", lambda: threading.active_count() <= before)


@needs_daemon
class TestConnections(Case):
    """How a daemon is reached and guarded."""

    TOKEN = "0123456789abcdef0123"

    def daemon(self, *args, **kwargs):
        d = Daemon(*args, **kwargs)
        self.addCleanup(d.kill)
        return d

    def tokens(self):
        return self.write("token", self.TOKEN + "\n")

    def test_token(self):
        d = self.daemon("--rpc-token-file", self.tokens())
        with self.assertRaisesRegex(tamtam.Denied, "TAMTAM_RPC_TOKEN_FILE") as e:
            tamtam.connect(d.rpc, timeout=BOUND)
        self.assertEqual(e.exception.reason, "UNAUTHENTICATED")
        for address in (d.rpc, "localhost:" + d.rpc.rpartition(":")[2]):
            with tamtam.connect(address, timeout=BOUND, token_file=self.tokens()) as client:
                self.assertEqual(len(client.members()), 1)
        with self.assertRaisesRegex(tamtam.Distrust, "not sent to db-1.example:6262 without TLS"):
            tamtam.connect("db-1.example:6262", token_file=self.tokens())

    @unittest.skipUnless(hasattr(socket, "AF_UNIX"), "not tried: no unix sockets here")
    def test_socket(self):
        run = os.path.join(self.dir, "run")
        os.mkdir(run, 0o755)
        d = self.daemon("--rpc-token-file", self.tokens(), rpc=f"unix://{self.dir}/run/a b%20.sock")
        with tamtam.connect(d.rpc, timeout=BOUND, token_file=self.tokens()) as client:
            self.assertEqual(next(client.watch()).kind, Kind.PRESENT)
        os.chmod(run, 0o777)
        with self.assertRaisesRegex(tamtam.Distrust, "other users can replace it"):
            tamtam.connect(d.rpc, token_file=self.tokens())

    @unittest.skipUnless(shutil.which("openssl"), "not tried: no openssl to make certificates with")
    def test_tls(self):
        key, cert = os.path.join(self.dir, "key"), os.path.join(self.dir, "cert")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=tamtamd", "-addext", "subjectAltName=DNS:db-1.example", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        os.chmod(key, 0o600)
        d = self.daemon("--rpc-cert", cert, "--rpc-key", key, "--rpc-token-file", self.tokens())
        with tamtam.connect(d.rpc, ca=cert, server_name="db-1.example", token_file=self.tokens(), timeout=BOUND) as client:
            self.assertEqual(len(client.members()), 1)
            self.assertEqual(next(client.watch()).kind, Kind.PRESENT)
        for settings in (dict(ca=cert), dict(tls=True, server_name="db-1.example")):
            with self.subTest(settings), self.assertRaises(tamtam.Distrust) as e:
                tamtam.connect(d.rpc, timeout=BOUND, **settings)
            self.assertFalse(e.exception.retryable)

    def test_nobody(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            address = "127.0.0.1:%d" % s.getsockname()[1]
        with self.assertRaisesRegex(tamtam.Unreachable, f"no tamtamd answers at {address} .*refused.*TAMTAM_RPC"):
            tamtam.connect(address, timeout=BOUND)
        with tamtam.connect(address, lazy=True, timeout=BOUND) as client:
            with self.assertRaises(tamtam.Unreachable):
                next(client.watch(fail_fast=True))
            lost = next(client.watch())
            self.assertEqual((lost.kind, type(lost.error)), (Kind.DISCONNECTED, tamtam.Unreachable))
            self.assertTrue(lost.error.retryable)
        with self.assertRaisesRegex(tamtam.Unreachable, "none.sock"):
            tamtam.connect(f"unix://{self.dir}/none.sock", timeout=BOUND)


class Slow(grpc.GenericRpcHandler):
    """A daemon that finds each reader too slow after its first change."""

    def __init__(self):
        self.asked = []

    def service(self, details):
        m = _api.METHODS["WatchMembers"]
        return grpc.unary_stream_rpc_method_handler(self._watch, m.request.FromString, m.response.SerializeToString) if details.method == m.path else None

    def _watch(self, request, context):
        after = request.after_revision if request.HasField("after_revision") else None
        self.asked.append(after)
        synced = _api.cls("Synced")(resumed=after is not None)
        response, member = _api.cls("WatchMembersResponse"), _api.cls("Member")(address="a", status=1, session=1, local=True)
        if after is None:
            yield response(revision=1, present=member)
        yield response(revision=after or 1, synced=synced)
        if len(self.asked) == 4:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "enough")
        member.tags["n"] = str(len(self.asked))
        yield response(revision=1 + len(self.asked), change=_api.cls("MemberChange")(member=member, previous_status=1))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow")


class TestSlow(Case):
    def test_slow(self):
        """A reader that is too slow knows that the daemon is up, and goes on where it was."""
        daemon = Slow()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=[daemon])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(server.stop, None)
        events = []
        with tamtam.connect(f"127.0.0.1:{port}", lazy=True, timeout=BOUND) as client, self.assertRaisesRegex(tamtam.Denied, "enough"):
            for e in client.watch():
                events.append(e)
        self.assertEqual([(type(e.error), e.slow) for e in events if e.error], 3 * [(tamtam.Busy, True)])
        self.assertEqual(daemon.asked, [None, 2, 3, 4])
        self.assertEqual([e.member.tags["n"] for e in events if e.change], ["1", "2", "3"])
        self.assertEqual([e.kind for e in events[:5]], [Kind.PRESENT, Kind.SYNCED, Kind.CHANGE, Kind.DISCONNECTED, Kind.RESUMED])


if __name__ == "__main__":
    unittest.main()
