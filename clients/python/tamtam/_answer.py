# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers to questions over one stream."""

from __future__ import annotations

import concurrent.futures
import queue
import threading
import time
from typing import Any, Callable, Iterator, Union

from . import _api
from ._types import Question, seconds

MAX_WAITING = 256  # questions of a stream, as the daemon has it


class Run:
    """One stream of an answering program."""

    def __init__(self, topics: list[str], handle: Callable[[Question], Union[bytes, str]], share: bool, parallel: int) -> None:
        self.registered = False
        self._handle, self._parallel = handle, max(parallel, 1)
        self._register = _api.cls("RegisterAnswerer")(topics=topics, share=share)
        self._out: queue.Queue[Any] = queue.Queue()  # as many answers as questions, so bounded with them
        self._ended = threading.Event()
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)

    def requests(self) -> Iterator[Any]:
        """What goes to the daemon, until the stream has ended. gRPC reads it in a thread of its own."""
        request = _api.cls("AnswerQueriesRequest")
        yield request(register=self._register)
        while (answer := self._out.get()) is not None:
            yield request(answer=answer)

    def serve(self, stream: Any) -> None:
        """Answer the questions of a stream until it raises why it ended."""
        workers = concurrent.futures.ThreadPoolExecutor(self._parallel, "tamtam answer")
        try:
            while True:
                r = stream.get()
                self.registered = True
                if r.WhichOneof("response") != "question":
                    continue
                q, until = r.question, time.monotonic() + seconds(r.question.timeout)
                if self._waiting.acquire(blocking=False):
                    workers.submit(self._answer, q, until)
                else:
                    self._send(q.id, failure="too many questions wait")
        finally:
            self._ended.set()
            self._out.put(None)
            workers.shutdown(wait=False, cancel_futures=True)

    def _answer(self, q: Any, until: float) -> None:
        try:
            left = until - time.monotonic()
            if left <= 0 or self._ended.is_set():
                return  # nobody waits for it
            try:
                out = self._handle(Question(q.topic, q.payload, q.asker.address, q.asker.name, left))
                self._send(q.id, payload=out.encode() if isinstance(out, str) else out)
            except Exception as e:  # whatever it is, the asker is told
                text = str(e) or type(e).__name__
                self._send(q.id, failure=text.encode(errors="replace").decode())  # protobuf takes no lone surrogates
        finally:
            self._waiting.release()

    def _send(self, number: int, **result: Any) -> None:
        if not self._ended.is_set():
            self._out.put(_api.cls("AnswerQuestion")(id=number, **result))
