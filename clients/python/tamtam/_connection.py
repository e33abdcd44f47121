# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Connections to the daemon: where to, how they are secured, and streams over them."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
import struct
import sys
import threading
from typing import Any, Optional
from urllib.parse import quote

import grpc

from . import _api, _files
from ._errors import Closed, Distrust, Error, Unreachable, explain
from ._settings import Settings, split

# The daemon is near: no proxy, a backoff of its own for each connection, and a daemon that was silent for 20 s
# is pinged, or the stream of one that hangs would seem idle forever.
_OPTIONS = [
    ("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 20000), ("grpc.keepalive_timeout_ms", 10000), ("grpc.http2.max_pings_without_data", 0),
]


class Connection:
    """The API over one connection."""

    def __init__(self, settings: Settings, timeout: float) -> None:
        self.settings, self.timeout, self._closed = settings, timeout, False
        self.metadata: list[tuple[str, str]] = []
        host, port = split(settings.rpc)
        tls = settings.wants_tls and port >= 0
        if settings.token_file:
            self.metadata = [("authorization", "Bearer " + _files.read_token(settings.token_file))]
        if port < 0:
            check_server(host, bool(self.metadata))
            target, authority = "unix:" + quote(host, safe="/"), "localhost"
        else:
            host = host or "localhost"
            target, local = _target(host, port)
            authority = f"[{host.partition('%')[0]}]:{port}" if ":" in host else f"{host}:{port}"
            if self.metadata and not (tls or local or settings.insecure):
                raise Distrust(f"the token is not sent to {settings.rpc} without TLS, as others could read it: give TAMTAM_RPC_CA or "
                               "TAMTAM_RPC_TLS, or TAMTAM_RPC_INSECURE to send it all the same")
        options: list[tuple[str, Any]] = list(_OPTIONS)
        if not settings.server_name or not tls:
            options.append(("grpc.default_authority", authority))
        if tls:
            options.append(("grpc.ssl_target_name_override", settings.server_name or host))
            self.channel = grpc.secure_channel(target, _credentials(settings), options)
        else:
            self.channel = grpc.insecure_channel(target, options)

    def start(self, name: str, request: Any, timeout: Optional[float] = None) -> Any:
        """Begin a call, and return what gRPC has for it."""
        m = _api.METHODS[name]
        call = getattr(self.channel, m.kind)(m.path, m.request.SerializeToString, m.response.FromString)
        return call(request, timeout=timeout, metadata=self.metadata)

    def call(self, name: str, request: Any, timeout: Optional[float]) -> Any:
        """Make a call with one request and one response."""
        try:
            return self.start(name, request, self.timeout if timeout is None else timeout)
        except grpc.RpcError as e:
            raise Closed() if self._closed else self.explain(e) from None
        except ValueError:
            if self._closed:  # gRPC raises one then
                raise Closed() from None
            raise

    def explain(self, e: Any, began: bool = False) -> Error:
        return explain(e, self.settings.rpc, began=began, token=bool(self.metadata))

    def close(self) -> None:
        self._closed = True
        self.channel.close()


def _target(host: str, port: int) -> tuple[str, bool]:
    """Where gRPC connects to, and whether that is certain to stay on this machine. The name localhost needs no
    resolver, which could say something else."""
    if host.lower() == "localhost":
        host = "127.0.0.1"
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            try:
                socket.create_connection(("::1", port), 1).close()
                host = "::1"
            except OSError:
                pass
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"dns:///{quote(host)}:{port}", False
    if ip.version == 4:
        return f"ipv4:{ip}:{port}", ip.is_loopback
    mapped = ip.ipv4_mapped
    return f"ipv6:%5B{quote(str(ip), safe=':')}%5D:{port}", (mapped or ip).is_loopback


def _credentials(s: Settings) -> grpc.ChannelCredentials:
    if bool(s.client_cert) != bool(s.client_key):
        raise ValueError("TAMTAM_RPC_CLIENT_CERT and TAMTAM_RPC_CLIENT_KEY: want both or none")
    return grpc.ssl_channel_credentials(
        root_certificates=_files.read_trusted(s.ca) if s.ca else None,
        private_key=_files.read_secret(s.client_key) if s.client_key else None,
        certificate_chain=_files.read_trusted(s.client_cert) if s.client_cert else None)


def check_server(path: str, secret: bool) -> None:
    """Refuse a server on a unix socket that another user runs: root, this user and the owner of the socket's
    directory may. gRPC connects by itself, later and more than once, so with a secret, nobody but the owner may be able to
    replace the socket. Other systems than Linux do not say who serves a socket."""
    if not sys.platform.startswith("linux"):
        return
    try:
        directory = os.stat(os.path.dirname(path))
    except OSError:
        return  # there is no daemon, as the call reports
    mode = directory.st_mode
    if secret and (mode & 0o002 or mode & 0o020 and directory.st_gid != 0):
        raise Distrust(f"the token is not sent to {path}: other users can replace it, as they can write to {os.path.dirname(path)} "
                       f"(mode {stat.S_IMODE(mode):#o}): serve the socket in a directory with mode 0755 or stricter")
    trusted = {0, os.geteuid()}
    if mode & stat.S_ISVTX or not mode & 0o002:
        trusted.add(directory.st_uid)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        try:
            s.connect(path)
            _, uid, _ = struct.unpack("iii", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iii")))
        except OSError:
            return
    if uid not in trusted:
        raise Distrust(f"no secure connection with the program at unix://{path}: it runs as user {uid}, which may not serve this "
                       f"socket: only {sorted(trusted)} may; nothing was sent")


class Stream:
    """The responses of a call, over a connection of its own: a stream that is read slowly does not delay other calls,
    and gRPC would wait before it connects again. A thread takes one response at a time, so a slow reader is slow
    for the daemon, too."""

    def __init__(self, settings: Settings, timeout: float, name: str, request: Any) -> None:
        self._connection = Connection(settings, timeout)
        self._ready = threading.Condition()
        self._item: Any = None  # a response, or the error that ends the stream
        self._closed = False
        self._call = self._connection.start(name, request)
        self._thread = threading.Thread(target=self._read, name=f"tamtam {name}", daemon=True)
        self._thread.start()

    def get(self, timeout: Optional[float] = None) -> Any:
        """The next response; None if there is none within a time, in seconds. Raises why the stream ended."""
        with self._ready:
            self._ready.wait_for(lambda: self._item is not None, timeout)
            item = self._item
            if isinstance(item, Error):
                raise item  # and each time, as nothing follows
            self._item = None
            self._ready.notify_all()
            return item

    def cancel(self) -> None:
        """Make get raise that the stream has ended. Any thread may call it."""
        self._call.cancel()

    def close(self) -> None:
        """End the stream. No thread is left."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
        self._call.cancel()
        self._thread.join()
        self._connection.close()

    def _put(self, item: Any) -> bool:
        with self._ready:
            self._ready.wait_for(lambda: self._item is None or self._closed)
            if not self._closed:
                self._item = item
                self._ready.notify_all()
            return not self._closed

    def _read(self) -> None:
        began, late = False, threading.Event()

        def expire() -> None:
            late.set()
            self._call.cancel()

        timer = threading.Timer(self._connection.timeout, expire)
        timer.daemon = True
        timer.start()
        address = self._connection.settings.rpc
        try:
            self._call.initial_metadata()  # the daemon has begun, or the call has ended
            timer.cancel()
            for response in self._call:
                began = True
                if not self._put(response):
                    return
            end: Error = Unreachable(f"the tamtamd at {address} has ended")
        except grpc.RpcError as e:
            if late.is_set():
                end = Unreachable(f"no tamtamd answers at {address} (nothing within {self._connection.timeout:g} s): start tamtamd, "
                                  "or give its address with TAMTAM_RPC")
            else:
                end = self._connection.explain(e, began)
        finally:
            timer.cancel()
        self._put(end)
