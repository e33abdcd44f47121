#!/usr/bin/env python3
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""A program beside tamtamd, in Python. It prints members that come and go, and answers
each message with the topic "ask" by one with the topic "answer". It survives restarts of
the daemon.

It needs package tamtam: the wheel of a release, or clients/python of a clone, where this file finds it.
"""

import os
import sys
import threading

try:
    import tamtam
except ModuleNotFoundError:
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "clients", "python"))
    import tamtam


def watch(client):
    """Print the present members, and then each change."""
    for event in client.watch():
        if event.error:
            print(f"trying again: {event.error}", file=sys.stderr, flush=True)
        elif event.removed:
            print(f"member {event.member.address} is gone", flush=True)
        elif event.member:
            print(f"member {event.member.name!r} {event.member.address} {event.member.status}", flush=True)


def answer(client):
    """Answer each question by a broadcast."""
    for event in client.messages("ask", last=1):
        if event.message:
            question = event.message
            print(f"asked by {question.origin}: {question.payload!r}", flush=True)
            client.broadcast(b"heard " + question.payload, "answer")


def main():
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    with tamtam.connect(address, lazy=True) as client:
        threading.Thread(target=watch, args=(client,), daemon=True).start()
        answer(client)


if __name__ == "__main__":
    try:
        main()
    except tamtam.Error as e:
        sys.exit(str(e))
    except KeyboardInterrupt:
        pass
