# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""How the daemon is reached: from the environment, and from the file that TamTam's programs share.

It reads of YAML what tamtamctl's file has for these keys: a plain or quoted value on the line of the key, or
of rpc a list, of which the first item counts. What a value of these keys has beyond that is an error, so that
it is never misread. Other keys are not looked at."""

from __future__ import annotations

import dataclasses
import os
import sys
from typing import Optional

DEFAULT_ADDRESS = "localhost:6262"
MAX_FILE = 1 << 20  # bytes
MAX_SOCKET_PATH = 103  # bytes; what all systems accept


@dataclasses.dataclass
class Settings:
    """The values of tamtamctl's flags --rpc and --rpc-…."""

    rpc: str = DEFAULT_ADDRESS
    tls: bool = False
    ca: str = ""
    client_cert: str = ""
    client_key: str = ""
    server_name: str = ""
    token_file: str = ""
    insecure: bool = False

    @property
    def wants_tls(self) -> bool:
        return bool(self.tls or self.ca or self.client_cert or self.client_key or self.server_name)


_FLAGS = {f.name: "rpc" if f.name == "rpc" else "rpc-" + f.name.replace("_", "-") for f in dataclasses.fields(Settings)}


def variable(flag: str) -> str:
    """The variable that sets a flag."""
    return "TAMTAM_" + flag.upper().replace("-", "_")


def read() -> Settings:
    """The settings of this process. Raises ValueError for a value that is wrong, OSError for a file that
    cannot be read. An empty variable counts as none."""
    s = Settings()
    named = os.environ.get("TAMTAM_CONFIG", "")
    file = named or default_file()
    values: dict[str, tuple[str, int]] = {}
    try:
        with open(file, "rb") as f:
            data = f.read(MAX_FILE + 1)
    except FileNotFoundError:
        if named:
            raise
    else:
        if len(data) > MAX_FILE:
            raise ValueError(f"{file} is over {MAX_FILE} bytes: this is no configuration")
        values = parse(data.decode("utf-8", "replace"), file)
    for field, flag in _FLAGS.items():
        text = os.environ.get(variable(flag), "")
        where = f"invalid value {text!r} for {variable(flag)}"
        if not text and flag in values:
            text, line = values[flag]
            where = f"{file}:{line}: invalid value {text!r} for key {flag}"
        elif not text:
            continue
        try:
            setattr(s, field, _typed(field, text))
        except ValueError as e:
            raise ValueError(f"{where}: {e}") from None
    return s


def _typed(field: str, text: str) -> object:
    if field == "rpc":
        return addresses(text)[0]
    if field in ("tls", "insecure"):
        if text in ("1", "t", "T", "TRUE", "true", "True"):
            return True
        if text in ("0", "f", "F", "FALSE", "false", "False"):
            return False
        raise ValueError("want true or false")
    return text


def addresses(text: str) -> list[str]:
    """One or more addresses, separated by commas."""
    found = [a.strip() for a in text.split(",") if a.strip()]
    for a in found:
        split(a)
    if not found:
        raise ValueError(_FORM)
    return found


_FORM = "want host:port, such as localhost:6262, or unix:///path of a socket"


def split(address: str) -> tuple[str, int]:
    """Host and port of an address; or the path of a socket, and -1."""
    if address.startswith("unix://"):
        path = address[len("unix://"):]
        if not path.startswith("/"):
            raise ValueError("want an absolute path, such as unix:///run/tamtam/rpc.sock")
        if "\0" in path:
            raise ValueError(_FORM)
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            raise ValueError(f"the path of a socket may have {MAX_SOCKET_PATH} bytes, and this one has {len(os.fsencode(path))}")
        return path, -1
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host, strange = host[1:-1], "[]"
    else:
        strange = ":[]"
    if not colon or any(c in strange for c in host) or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(_FORM)
    return host, int(port)


def default_file() -> str:
    """The file if TAMTAM_CONFIG names none: of the user, or if there is none, of the system."""
    home = os.environ.get("HOME", "")
    if sys.platform == "win32":
        config, home = os.environ.get("APPDATA", ""), os.environ.get("USERPROFILE", "")
    elif sys.platform == "darwin":
        config = os.path.join(home, "Library", "Application Support") if home else ""
    else:
        config = os.environ.get("XDG_CONFIG_HOME", "") or (os.path.join(home, ".config") if home else "")
        config = config if os.path.isabs(config) else ""
    found = [os.path.join(config, "tamtam", "tamtam.yaml")] if config else []
    found += [os.path.join(home, ".tamtam.yaml")] if home else []
    return next((f for f in found if os.path.exists(f)), "/etc/tamtam/tamtam.yaml")


def parse(text: str, file: str) -> dict[str, tuple[str, int]]:
    """The values of keys in a file, with the numbers of their lines, from 1."""
    values: dict[str, tuple[str, int]] = {}
    lines = [line[:-1] if line.endswith("\r") else line for line in text.removeprefix("\ufeff").split("\n")]
    for i, line in enumerate(lines):
        if _blank(line) or line[0] in " \t%" or line in ("---", "..."):
            continue
        if line[0] == "{":
            raise ValueError(f"{file}:{i + 1}: want lines of the form key: value")
        key, rest = _cut_key(line)
        if rest is None or key not in _FLAGS.values():
            continue
        try:
            if key in values:
                raise ValueError("it is there twice")
            value, below = _one(key, rest, lines[i + 1:])
        except ValueError as e:
            raise ValueError(f"{file}:{i + 1}: key {key!r}: {e}") from None
        values[key] = value, i + 1 + below
    return values


def _one(key: str, rest: str, below: list[str]) -> tuple[str, int]:
    """The value of a key, and how many lines below the key it is."""
    if key == "rpc" and rest.startswith("["):
        body, bracket, after = rest[1:].partition("]")
        if not bracket or not _blank(after) or any(c in body for c in "[{\"'#"):
            raise ValueError("want a list such as [localhost:6262, unix:///run/tamtam/rpc.sock], on one line")
        return _scalar(body.partition(",")[0].strip()), 0
    if key == "rpc" and rest == "":
        for i, line in enumerate(below):
            if _blank(line):
                continue
            item = line.lstrip(" ")
            if item.startswith("- "):
                return _scalar(item[2:].strip()), i + 1
            break
    following = next((line for line in below if not _blank(line)), "")
    if following[:1] in (" ", "\t") and following or following.startswith("- ") or following == "-":
        raise ValueError("want one value, on its line")
    return _scalar(rest), 0


def _blank(line: str) -> bool:
    return line.lstrip(" \t")[:1] in ("", "#")


def _cut_key(line: str) -> tuple[str, Optional[str]]:
    """The key of a line, and what follows, without a comment that is all that follows; None if there is no key."""
    if line[0] in "\"'":
        key, quote, rest = line[1:].partition(line[0])
        rest = rest.lstrip(" ")
        if not quote or not rest.startswith(":"):
            return "", None
        rest = rest[1:]
    else:
        key, colon, rest = line.partition(":")
        key = key.rstrip(" ")
        if not colon:
            return "", None
    if rest and rest[0] not in " \t":
        return "", None
    rest = rest.strip(" \t")
    return key, "" if rest.startswith("#") else rest


def _scalar(text: str) -> str:
    """The value that a text stands for."""
    if not text:
        raise ValueError("want one value")
    if text[0] == "'":
        body, quote, after = text[1:].replace("''", "\0").partition("'")
        if not quote or not _blank(after):
            raise ValueError("want one plain or quoted value")
        return body.replace("\0", "'")
    if text[0] == '"':
        body, quote, after = text[1:].partition('"')
        if not quote or not _blank(after) or "\\" in body:
            raise ValueError("want a value in one pair of quotes, without a backslash")
        return body
    if text[0] in "[]{},&*!|>%@`#" or text.startswith(("- ", "? ")):
        raise ValueError("want one plain or quoted value")
    text = text.partition(" #")[0].rstrip(" \t")
    if ": " in text or text.endswith(":"):
        raise ValueError("want one plain or quoted value")
    if text in ("~", "null", "Null", "NULL"):
        raise ValueError("want one value")
    return text
