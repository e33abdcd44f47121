# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0

import os
import tempfile
import unittest
from unittest import mock

from tamtam import _files, _settings

# A text, and the address that is read of it; "" for an error with the file and the line. The table is that of
# internal/settings.
FILES = [
    ("", "localhost:6262"),
    ("# nothing\n\n---\n", "localhost:6262"),
    ("rpc: a:1\n", "a:1"),
    ("rpc: a:1", "a:1"),
    ("rpc:   a:1   # where\r\n", "a:1"),
    ("rpc :  a:1\n", "a:1"),
    ("\ufeffrpc: a:1\n", "a:1"),
    ("'rpc': \"a:1\"  # where\n", "a:1"),
    ("\"rpc\": 'a:1'\n", "a:1"),
    ("rpc: [a:1, b:2]\n", "a:1"),
    ("rpc: [ a:1 ] # both\n", "a:1"),
    ("rpc:\n- a:1\n- b:2\n", "a:1"),
    ("rpc: # both\n\n  # first\n  - \"a:1\"\n  - b:2\n", "a:1"),
    ("rpc: unix:///a#b\n", "unix:///a#b"),
    ("rpc: a:1, b:2\n", "a:1"),
    ("tag:\n  rpc: b:1\njoin: [c:1, d:1]\nrpc: a:1\n", "a:1"),
    ("tag: {rpc: b}\nrpc: a:1\n", "a:1"),
    ("join:\n- c:1\n- d:1\nrpc: a:1\nport: 7\n", "a:1"),
    ("rpc: a:1\nrpc-tls: yes please\n", ""),
    ("rpc: a:1\nrpc-tls: TRUE\nrpc-insecure: 1\n", "a:1"),
    ("rpc: a:1\nrpc-ca: ''\n", "a:1"),
    ("rpc:\n", ""),
    ("rpc: ~\n", ""),
    ("rpc: null\n", ""),
    ("rpc: 6262\n", ""),
    ("rpc: a:1\nrpc: a:1\n", ""),
    ("rpc: a:1\n  b\n", ""),
    ("rpc: |\n  a:1\n", ""),
    ("rpc: &x a:1\n", ""),
    ("rpc: !!str a:1\n", ""),
    ("rpc: \"a\\x3a1\"\n", ""),
    ("rpc: \"a:1\n", ""),
    ("rpc: 'a:1' b\n", ""),
    ("rpc: []\n", ""),
    ("rpc: [a:1\n", ""),
    ("rpc: ['a:1']\n", ""),
    ("rpc: {a: 1}\n", ""),
    ("rpc: a: 1\n", ""),
    ("{rpc: a:1}\n", ""),
    ("rpc-ca: [a]\n", ""),
    ("rpc-ca:\n  - a\n", ""),
    ("rpc-ca: a\n b\n", ""),
    ("rpc-ca: *x\n", ""),
]


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = self.enterContext(tempfile.TemporaryDirectory()) if hasattr(self, "enterContext") else self._directory()
        env = {k: v for k, v in os.environ.items() if not k.startswith("TAMTAM_")}
        env.update(HOME=self.dir, XDG_CONFIG_HOME=os.path.join(self.dir, ".config"))
        patch = mock.patch.dict(os.environ, env, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def _directory(self):  # before Python 3.11
        d = tempfile.TemporaryDirectory()
        self.addCleanup(d.cleanup)
        return d.name

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        os.chmod(path, mode)
        return path


class TestSettings(Case):
    def test_file(self):
        for text, address in FILES:
            with self.subTest(text=text):
                os.environ["TAMTAM_CONFIG"] = path = self.write("f.yaml", text)
                if address:
                    self.assertEqual(_settings.read().rpc, address)
                else:
                    with self.assertRaisesRegex(ValueError, "^" + path + ":"):
                        _settings.read()

    def test_values(self):
        os.environ["TAMTAM_CONFIG"] = self.write(
            "f.yaml", "rpc-ca: /etc/it's.pem\nrpc-server-name: 'it''s'\nrpc-token-file: \"/a b\"\nrpc-client-cert: c # :\nrpc-client-key: k#k\n")
        self.assertEqual(_settings.read(), _settings.Settings(
            ca="/etc/it's.pem", server_name="it's", token_file="/a b", client_cert="c", client_key="k#k"))

    def test_order(self):
        self.write(".tamtam.yaml", "rpc: a:1\nrpc-ca: ca\n")
        self.assertEqual(_settings.read(), _settings.Settings("a:1", ca="ca"))
        os.environ["TAMTAM_CONFIG"] = self.write("f", "rpc: c:1\nrpc-tls: true\n")
        self.assertEqual(_settings.read(), _settings.Settings("c:1", tls=True))
        os.environ.update(TAMTAM_RPC="d:1,e:1", TAMTAM_RPC_TLS="false", TAMTAM_RPC_CA="ca", TAMTAM_RPC_CLIENT_CERT="cert",
                          TAMTAM_RPC_CLIENT_KEY="key", TAMTAM_RPC_SERVER_NAME="name", TAMTAM_RPC_TOKEN_FILE="token", TAMTAM_RPC_INSECURE="true")
        self.assertEqual(_settings.read(), _settings.Settings("d:1", False, "ca", "cert", "key", "name", "token", True))
        os.environ["TAMTAM_RPC"] = ""  # counts as none
        self.assertEqual(_settings.read().rpc, "c:1")
        for name, value in (("TAMTAM_RPC", "nowhere"), ("TAMTAM_RPC_TLS", "yes")):
            with mock.patch.dict(os.environ, {name: value}), self.assertRaisesRegex(ValueError, f"'{value}' for {name}: want"):
                _settings.read()
        os.environ["TAMTAM_CONFIG"] = os.path.join(self.dir, "missing")
        with self.assertRaisesRegex(OSError, "missing"):
            _settings.read()

    def test_addresses(self):
        for text, want in {"localhost:6262": ("localhost", 6262), ":1": ("", 1), "[::1]:1": ("::1", 1), "[fe80::1%eth0]:1": ("fe80::1%eth0", 1),
                           "unix:///run/a b": ("/run/a b", -1)}.items():
            self.assertEqual(_settings.split(text), want)
        for text in ("", "localhost", "::1:1", "[::1:1", "a:65536", "a:-1", "a:1x", "unix://a", "unix:///" + 103 * "a", "unix:///a\0"):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, "want|may have"):
                _settings.split(text)


@unittest.skipUnless(os.name == "posix", "not tried: files have no modes here")
class TestFiles(Case):
    TOKEN = "0123456789abcdef"

    def test_token(self):
        self.assertEqual(_files.read_token(self.write("t", f"\n{self.TOKEN} laptop\nfedcba9876543210\n")), self.TOKEN)
        for text, want in (("short\n", "want 16"), ("", "no token"), (self.TOKEN + "\u00e9", "visible")):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, want) as e:
                _files.read_token(self.write("t", text))
            self.assertNotIn(self.TOKEN, str(e.exception))

    def test_modes(self):
        for mode, want in ((0o600, ""), (0o400, ""), (0o604, "can read"), (0o602, "can write"), (0o620, "can write"), (0o666, "can write")):
            path = self.write("f", self.TOKEN, mode)
            with self.subTest(mode=oct(mode)):
                if want:
                    with self.assertRaisesRegex(ValueError, want):
                        _files.read_secret(path)
                else:
                    self.assertEqual(_files.read_secret(path), self.TOKEN.encode())
        self.assertEqual(_files.read_trusted(self.write("g", "x", 0o644)), b"x")
        with self.assertRaisesRegex(ValueError, "not a file"):
            _files.read_secret(self.dir)

    def test_way(self):
        os.makedirs(os.path.join(self.dir, "open"))
        os.chmod(os.path.join(self.dir, "open"), 0o777)
        path = self.write("open/f", self.TOKEN)
        os.symlink(path, os.path.join(self.dir, "link"))
        for p in (path, os.path.join(self.dir, "link")):
            with self.assertRaisesRegex(ValueError, "all users can replace"):
                _files.read_secret(p)
        os.chmod(os.path.join(self.dir, "open"), 0o1777)
        self.assertEqual(_files.read_secret(os.path.join(self.dir, "link")), self.TOKEN.encode())


if __name__ == "__main__":
    unittest.main()
