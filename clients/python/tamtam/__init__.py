# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Package tamtam connects a program to the tamtamd on its machine: who the members of the cluster are, each change
of them, short messages to all members, and questions that programs beside the members answer.

    import tamtam

    with tamtam.connect() as client:
        for event in client.watch():
            if event.member:
                print(event.kind, event.member.name, event.member.status)

watch, messages and answer go on when the daemon restarts, or the program reads too slowly, and resume where they
ended. Errors are subclasses of Error, and carry the daemon's reason. docs/python.md has more.
"""

from ._client import DEFAULT_TIMEOUT, Client, connect
from ._errors import (Busy, Closed, Denied, Distrust, Error, Invalid, NotFound, ReaderTooSlow, Refused, TimedOut, Unreachable,
                      Unsupported)
from ._types import (BroadcastResult, Change, Event, Gap, Kind, Member, Message, MessageEvent, Question, Reply, Status)

__all__ = [
    "DEFAULT_TIMEOUT", "BroadcastResult", "Busy", "Change", "Client", "Closed", "Denied", "Distrust", "Error", "Event", "Gap",
    "Invalid", "Kind", "Member", "Message", "MessageEvent", "NotFound", "Question", "ReaderTooSlow", "Refused", "Reply", "Status",
    "TimedOut", "Unreachable", "Unsupported", "connect",
]
