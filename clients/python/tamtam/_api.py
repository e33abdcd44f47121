# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""The messages and calls of the API, from its description.

There is no generated code: what protoc writes for Python only works with some versions of protobuf. The
description, tamtam.binpb, works with all, and says the same.
"""

from __future__ import annotations

import functools
import pkgutil
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool

from ._compat import message_class

PACKAGE = "tamtam.v1"
SERVICE = PACKAGE + ".TamTamService"

_files = descriptor_pb2.FileDescriptorSet.FromString(pkgutil.get_data(__package__, "tamtam.binpb") or b"").file
POOL = descriptor_pool.DescriptorPool()
for _file in _files:
    POOL.AddSerializedFile(_file.SerializeToString())


class Method(NamedTuple):
    """A call of the service."""

    path: str
    request: Any  # the classes of its messages
    response: Any
    kind: str  # the name of the function of a channel that makes it


@functools.lru_cache(maxsize=None)
def cls(name: str) -> Any:
    """The class of a message of the API, such as "Member"."""
    return message_class(POOL, f"{PACKAGE}.{name}")


def _methods() -> dict[str, Method]:
    found = {}
    for file in _files:
        for service in file.service:
            if f"{file.package}.{service.name}" != SERVICE:
                continue
            for m in service.method:
                kind = "_".join("stream" if s else "unary" for s in (m.client_streaming, m.server_streaming))
                request, response = (cls(t.rpartition(".")[2]) for t in (m.input_type, m.output_type))
                found[m.name] = Method(f"/{SERVICE}/{m.name}", request, response, kind)
    return found


METHODS = _methods()
