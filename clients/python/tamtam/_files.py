# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads files that guard something: a token and a key, which nobody else may read, and certificates."""

from __future__ import annotations

import os
import stat

MAX_FILE = 1 << 20  # bytes
MIN_TOKEN, MAX_TOKEN = 16, 4096  # bytes
_MAX_LINKS = 40


def read_secret(path: str) -> bytes:
    """The content of a file that nobody else can read or write; ValueError or OSError otherwise. The owner is
    root or this user. The group may read a file of root; anybody may below /run/secrets and
    $CREDENTIALS_DIRECTORY."""
    return _read(path, True)


def read_trusted(path: str) -> bytes:
    """The content of a file that nobody else can write; everybody may read it."""
    return _read(path, False)


def read_token(path: str) -> str:
    """The first token of a file, of which each line has one, and perhaps a blank and its name. No error has a
    part of it."""
    for number, line in enumerate(read_secret(path).split(b"\n"), 1):
        token = (line.split() or [b""])[0]
        if not token:
            continue
        if not MIN_TOKEN <= len(token) <= MAX_TOKEN or any(not 0x20 < c < 0x7F for c in token):
            raise ValueError(f"line {number} of {path}: the token has {len(token)} bytes; want {MIN_TOKEN} to {MAX_TOKEN}, "
                             "of visible ASCII: openssl rand -hex 32 makes a good one")
        return token.decode("ascii")
    raise ValueError(f"{path} has no token")


def _read(path: str, secret: bool) -> bytes:
    if not stat.S_ISREG(os.stat(path).st_mode):  # to open a pipe could block
        raise ValueError(f"{path} is not a file, but a directory, a pipe or a device")
    with open(path, "rb") as f:
        if os.name == "posix":
            _guarded(path, os.fstat(f.fileno()), secret)
        data = f.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ValueError(f"{path} is over {MAX_FILE} bytes")
    return data


def _guarded(path: str, st: os.stat_result, secret: bool) -> None:
    _owned(path, st)
    mode = stat.S_IMODE(st.st_mode)
    if mode & 0o022:
        raise ValueError(f"other users can write {path} (mode {mode:#o}): chmod 600 {path}")
    readers = mode & (0o004 if st.st_uid == 0 else 0o044)
    real = os.path.realpath(path)
    for free in ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", "")):
        if free and real.startswith(os.path.realpath(free) + "/"):
            readers = 0
    if secret and readers:
        raise ValueError(f"other users can read {path} (mode {mode:#o}): chmod 600 {path}")
    _guarded_way(path)


def _owned(path: str, st: os.stat_result) -> None:
    if st.st_uid not in (0, os.geteuid()):
        raise ValueError(f"{path} belongs to another user (uid {st.st_uid}), who can change or replace it: "
                         f"chown it to root or to uid {os.geteuid()}")


def _guarded_way(path: str) -> None:
    """Refuse a file that somebody else can replace, by a directory on the way to it or by a link. It takes the way
    that the system takes, so it also sees the links of links, and the directories that these are in."""
    here, rest, links = "/", path if path.startswith("/") else os.getcwd() + "/" + path, 0
    _guarded_directory(here, path)
    while rest:
        name, _, rest = rest.lstrip("/").partition("/")
        at = os.path.normpath(os.path.join(here, name))
        st = os.lstat(at)
        if stat.S_ISLNK(st.st_mode):
            _owned(f"the link {at}", st)
            links += 1
            if links > _MAX_LINKS:
                raise ValueError(f"{path} leads through more than {_MAX_LINKS} links")
            to = os.readlink(at)
            here = "/" if to.startswith("/") else here
            rest = to + "/" + rest
        elif stat.S_ISDIR(st.st_mode):
            _guarded_directory(at, path)
            here = at


def _guarded_directory(directory: str, path: str) -> None:
    st = os.stat(directory)
    _owned(directory, st)
    if st.st_mode & 0o002 and not st.st_mode & stat.S_ISVTX:
        raise ValueError(f"all users can replace {path}, as they can write to {directory}: chmod o-w {directory}")
