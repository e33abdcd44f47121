# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of calls, and how they follow from what gRPC reports."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message

from ._compat import message_class

Code = grpc.StatusCode


class Error(Exception):
    """What a call came to. Each error of this package but ValueError is one.

    ``reason`` is the daemon's, such as "TOO_FEW_MEMBERS"; empty if it gave none. ``code`` is the
    gRPC status. ``retryable`` reports whether another attempt may succeed.
    """

    reason: str = ""
    code: grpc.StatusCode = Code.UNKNOWN

    def __init__(self, text: str, reason: str = "", code: grpc.StatusCode | None = None) -> None:
        super().__init__(text)
        self.reason = reason or self.reason
        self.code = code or self.code

    @property
    def retryable(self) -> bool:
        return self.code in _RETRYABLE


class Unreachable(Error):
    """No daemon answers at the address, or it ended during the call, or it is ending."""

    reason, code = "UNREACHABLE", Code.UNAVAILABLE


class Distrust(Error):
    """Program and daemon do not speak the same protocol, or one does not trust the other."""

    reason, code = "DISTRUST", Code.UNAVAILABLE

    @property
    def retryable(self) -> bool:
        return False


class Unsupported(Error):
    """The daemon is of an earlier version, which does not know what is asked. It has done nothing."""

    reason, code = "UNSUPPORTED", Code.UNIMPLEMENTED


class Closed(Error):
    """This program has closed the client. What was asked may have been done."""

    reason, code = "CLOSED", Code.CANCELLED

    def __init__(self) -> None:
        super().__init__("the client is closed")

    @property
    def retryable(self) -> bool:
        return False


class TimedOut(Error, TimeoutError):
    """The time was over. What was asked may have been done."""

    code = Code.DEADLINE_EXCEEDED


class Busy(Error):
    """Too much at the same time; the daemon is up. Later it may have room."""

    code = Code.RESOURCE_EXHAUSTED


class ReaderTooSlow(Busy):
    """This program read its stream too slowly."""


class Invalid(Error):
    """The request is wrong, whatever the state of the node."""

    code = Code.INVALID_ARGUMENT


class NotFound(Error):
    """Nothing has that name or address."""

    code = Code.NOT_FOUND


class Refused(Error):
    """The state of the node, or of the cluster, does not allow it; nothing was done."""

    code = Code.FAILED_PRECONDITION


class Denied(Error):
    """The token does not allow it, or there is none."""

    code = Code.PERMISSION_DENIED


_RETRYABLE = {
    Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED, Code.ABORTED,
    Code.CANCELLED, Code.INTERNAL, Code.UNKNOWN,  # the last ones, of a connection that broke, too
}

_CLASSES = {
    Code.UNAVAILABLE: Unreachable, Code.DEADLINE_EXCEEDED: TimedOut, Code.RESOURCE_EXHAUSTED: Busy,
    Code.INVALID_ARGUMENT: Invalid, Code.OUT_OF_RANGE: Invalid, Code.NOT_FOUND: NotFound,
    Code.FAILED_PRECONDITION: Refused, Code.PERMISSION_DENIED: Denied, Code.UNAUTHENTICATED: Denied,
    Code.UNIMPLEMENTED: Unsupported,
}


def _detail_classes() -> tuple[Any, Any]:
    """The parts of google.rpc.Status and google.rpc.ErrorInfo that are read, without a package for them."""
    file = descriptor_pb2.FileDescriptorProto(name="tamtam/details.proto", package="tamtam.details", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    for name, fields in (
        ("Detail", [("type_url", 1, field.TYPE_STRING), ("value", 2, field.TYPE_BYTES)]),
        ("Status", [("details", 3, field.TYPE_MESSAGE)]),
        ("ErrorInfo", [("reason", 1, field.TYPE_STRING), ("domain", 2, field.TYPE_STRING)]),
    ):
        m = file.message_type.add(name=name)
        for label, number, kind in fields:
            f = m.field.add(name=label, number=number, type=kind, label=field.LABEL_OPTIONAL)
            if kind == field.TYPE_MESSAGE:
                f.type_name, f.label = ".tamtam.details.Detail", field.LABEL_REPEATED
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return tuple(message_class(pool, "tamtam.details." + n) for n in ("Status", "ErrorInfo"))  # type: ignore[return-value]


_Status, _ErrorInfo = _detail_classes()


def reason_of(e: Any) -> str:
    """The reason in the ErrorInfo of an RpcError; empty if it has none of this domain."""
    for key, value in e.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        try:
            for d in _Status.FromString(value).details:
                if d.type_url == "type.googleapis.com/google.rpc.ErrorInfo":
                    info = _ErrorInfo.FromString(d.value)
                    if info.domain == "tamtam":
                        return str(info.reason)
        except message.DecodeError:
            pass
    return ""


def explain(e: Any, address: str, *, began: bool = False, token: bool = False) -> Error:
    """The error for an RpcError of a call to the daemon at an address. began: of a stream that had begun."""
    code, text, reason = e.code(), e.details() or "", reason_of(e)
    if code is Code.UNAVAILABLE and began:
        return Unreachable(f"the tamtamd at {address} has ended", reason)
    if code is Code.UNAVAILABLE and not reason:
        return _unreachable(text, address)
    if code is Code.DEADLINE_EXCEEDED and not reason:
        return TimedOut(f"no answer from the tamtamd at {address} in time: give it more time with timeout=")
    text = text.replace("with --rpc-token-file", "with TAMTAM_RPC_TOKEN_FILE").replace("with --timeout", "with timeout=")
    if code is Code.UNAUTHENTICATED and not token:
        text += ": give its file with TAMTAM_RPC_TOKEN_FILE"
    if code is Code.RESOURCE_EXHAUSTED and "larger than max" in text:  # gRPC's own limit: no later attempt helps
        return Invalid(text, reason)
    if reason == "READER_TOO_SLOW":
        return ReaderTooSlow(text, reason, code)
    return _CLASSES.get(code, Error)(text, reason, code)


# What TLS libraries say if one end does not trust the other, or one end speaks no TLS.
_DISTRUST = ("certificate verify failed", "wrong version number", "certificate required", "unknown ca", "bad certificate",
             "peer name", "hostname verification")


def _unreachable(text: str, address: str) -> Error:
    if any(t in text.lower().replace("_", " ") for t in _DISTRUST):
        return Distrust(f"no secure connection with the program at {address}: {text}: "
                        "TAMTAM_RPC_CA names the CA of its certificate, TAMTAM_RPC_SERVER_NAME a name in it")
    cause = text.rsplit(": ", 1)[-1] if "onnect" in text else text
    return Unreachable(f"no tamtamd answers at {address} ({cause}): start tamtamd, or give its address with TAMTAM_RPC")
