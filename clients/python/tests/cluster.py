# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Real daemons on ports of their own, for tests. TAMTAMD names the program."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

TAMTAMD = os.environ.get("TAMTAMD", "")
BOUND = 60.0  # seconds; how long anything may take, no expectation of speed

needs_daemon = unittest.skipUnless(TAMTAMD, "not tried: TAMTAMD names no program")


def eventually(what, ok):
    """Poll until ok() is true, and return what it returns."""
    deadline = time.monotonic() + BOUND
    while not (result := ok()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {BOUND} s: {what}")
        time.sleep(0.02)
    return result


class Daemon:
    """A running tamtamd. Its directory is removed with it."""

    def __init__(self, *args, rpc="127.0.0.1:0"):
        self.home = tempfile.mkdtemp(prefix="tamtam-python-")
        self._log = os.path.join(self.home, "log")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("TAMTAM_", "SMUDGE_"))}
        words = [TAMTAMD, "--bind", "127.0.0.1", "--heartbeat", "200ms", "--log-format", "json", "--rpc", rpc, *args]
        if "--port" not in args:
            words += ["--port", "0"]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(words, env={**env, "HOME": self.home}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            started = eventually("tamtamd has started", self._started)
        except AssertionError:
            self.kill()
            raise
        self.gossip, self.rpc = started["gossip"], started["rpc"]

    def _started(self):
        with open(self._log, encoding="utf-8") as log:
            text = log.read()
        if self._process.poll() is not None:
            raise AssertionError(f"tamtamd has ended:\n{text}")
        for line in text.splitlines():
            if line.startswith("{") and line.endswith("}") and json.loads(line).get("msg") == "started":
                return json.loads(line)
        return None

    def kill(self):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class Cluster:
    """Some daemons that see each other."""

    def __init__(self, n):
        self.all = [Daemon("--name", "node-1", "--tag", "role=web")]
        try:
            for i in range(1, n):
                self.all.append(Daemon("--name", f"node-{i + 1}", "--tag", "role=db", "--join", self.all[0].gossip))
        except BaseException:
            self.kill()
            raise

    def kill(self):
        for d in self.all:
            d.kill()


class Proxy:
    """Passes connections on to a daemon, until they are cut."""

    def __init__(self, to):
        host, _, port = to.rpartition(":")
        self._to = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open, self._refuse = [], False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            with self._lock:
                try:
                    if self._refuse:
                        raise ConnectionRefusedError
                    far = socket.create_connection(self._to)
                except OSError:  # the daemon may be away
                    near.close()
                    continue
                self._open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(a, b), daemon=True).start()

    @staticmethod
    def _copy(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """End all connections, and take none until pass_on."""
        with self._lock:
            self._refuse = True
            for s in self._open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
            self._open = []

    def pass_on(self):
        with self._lock:
            self._refuse = False

    def close(self):
        self.cut()
        self._listener.close()
