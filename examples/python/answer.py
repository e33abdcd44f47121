#!/usr/bin/env python3
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""A program beside tamtamd, in Python. It prints members that come and go, and answers
each message with the topic "ask" by one with the topic "answer". It survives restarts of
the daemon; examples/go also shows how a watch goes on without a gap.

It needs grpcio and protobuf (Debian: python3-grpcio, python3-protobuf). It reads the
API from proto/tamtam.binpb when it starts, so there is no generated code.
"""

import os
import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "tamtam.v1.TamTamService"
DESCRIPTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto", "tamtam.binpb")


class API:
    """The calls of the service, by name, from its description."""

    def __init__(self, channel):
        self.channel = channel
        self.pool = descriptor_pool.DescriptorPool()
        with open(DESCRIPTORS, "rb") as f:
            for file in descriptor_pb2.FileDescriptorSet.FromString(f.read()).file:
                self.pool.AddSerializedFile(file.SerializeToString())

    def call(self, name, **fields):
        method = self.pool.FindServiceByName(SERVICE).FindMethodByName(name)
        request, response = (self.message(d) for d in (method.input_type, method.output_type))
        streams = name in ("WatchMembers", "StreamMessages")
        kind = self.channel.unary_stream if streams else self.channel.unary_unary
        return kind(f"/{SERVICE}/{name}", request.SerializeToString, response.FromString)(request(**fields))

    def message(self, descriptor):
        if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22
            return message_factory.GetMessageClass(descriptor)
        return message_factory.MessageFactory(self.pool).GetPrototype(descriptor)


def again(stream, api):
    """Open a stream again, a second after it has ended: the daemon restarts, or this
    program read too slowly. Other errors are final."""
    while True:
        try:
            stream(api)
        except grpc.RpcError as e:
            if e.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
                raise
            print(f"trying again: {e.details()}", file=sys.stderr, flush=True)
        time.sleep(1)


def watch(api):
    """Print the present members, and then each change."""
    statuses = api.pool.FindEnumTypeByName("tamtam.v1.MemberStatus").values_by_number
    for event in api.call("WatchMembers"):
        kind = event.WhichOneof("event")
        if kind == "synced":  # only a mark
            continue
        member = event.present if kind == "present" else event.change.member
        print(f"member {member.name!r} {member.address} {statuses[member.status].name}", flush=True)


def answer(api):
    """Answer each question by a broadcast."""
    for event in api.call("StreamMessages", topics=["ask"], last=1):
        if event.WhichOneof("event") != "message":
            continue  # a gap: some messages are no longer kept
        question = event.message
        print(f"asked by {question.origin}: {question.payload!r}", flush=True)
        api.call("Broadcast", topic="answer", payload=b"heard " + question.payload)


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else "localhost:6262"
    with grpc.insecure_channel(target) as channel:
        api = API(channel)
        threading.Thread(target=again, args=(watch, api), daemon=True).start()
        again(answer, api)


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as e:
        sys.exit(f"{e.code().name}: {e.details()}")
    except KeyboardInterrupt:
        pass
