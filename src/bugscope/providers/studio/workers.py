"""A pool of renderer processes (`worker.py`), one per core, and the messages between them and us.

Processes, because Mitsuba's variant is global and its scene building holds Python's lock; own ones instead of
`multiprocessing`, because that runs the caller's main module again. Messages are length-prefixed: JSON, then
pixels, then regions.
"""

import contextlib
import json
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import children
from ...core.errors import Declined, ModelError, short

RECYCLE = 200
"""Pictures after which a process is replaced: Mitsuba's compiled variants keep a little of each scene."""

TRIES = 2
"""Processes that one picture may end."""
TIMEOUT = 300.0
"""Seconds for one picture; on a slow core one takes some ten."""
POSIX = os.name == "posix"


class Drawn(NamedTuple):
    """`pixels` [h, w, 3]; `things`: the labels of what is in the picture; `regions` [h, w]: which of them a pixel shows, from
    1, 0 for none."""

    pixels: NDArray[np.uint8]
    info: dict[str, Any]
    things: Sequence[str]
    regions: NDArray[np.uint8]


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """`pool.draw([(prompt, seed), ...])` in order. Processes start at the first call and end with `close` or the parent.

    A process that dies, or draws one picture for longer than `timeout` seconds, is replaced; a picture that ends `TRIES`
    processes is declined.
    """

    def __init__(
        self,
        variant: str,
        environment: Mapping[str, str],
        workers: int,
        samples: int,
        size: tuple[int, int],
        timeout: float = TIMEOUT,
    ) -> None:
        # -P: a random.py in the working directory is not Python's
        self.command = [sys.executable, "-P", "-m", f"{__package__}.worker", variant, *map(str, (samples, *size))]
        self.environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        self.jobs: queue.SimpleQueue[tuple[str, int, Future[Drawn]] | None] = queue.SimpleQueue()
        self.workers, self.timeout = workers, timeout
        self.threads: list[threading.Thread] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.closed = False
        self._drew = False
        """Whether any process has drawn anything: if none ever does, no picture is to blame."""
        self._declined: dict[tuple[str, int], str] = {}
        self._spare: dict[tuple[str, int], Drawn] = {}
        """What was drawn beside a picture that was declined: it is asked for again in halves."""

    def draw(self, requests: Sequence[tuple[str, int]]) -> list[Drawn]:
        """Raises Declined if one of the pictures cannot be drawn; asked again for the others, nothing is drawn twice."""
        for request in requests:
            if request in self._declined:
                raise Declined(self._declined[request])
        while len(self.threads) < min(self.workers, max(1, len(requests))):
            thread = threading.Thread(target=self._serve, daemon=True)
            self.threads.append(thread)
            thread.start()
        futures: list[Future[Drawn]] = [Future() for _ in requests]
        for request, future in zip(requests, futures, strict=True):
            if request in self._spare:
                future.set_result(self._spare.pop(request))
            else:
                self.jobs.put((*request, future))
        errors = [(request, f.exception()) for request, f in zip(requests, futures, strict=True)]
        failed = {request: error for request, error in errors if error is not None}
        if failed:
            self._declined |= {request: str(error) for request, error in failed.items() if isinstance(error, Declined)}
            self._spare |= {request: f.result() for request, f in zip(requests, futures, strict=True) if request not in failed}
            raise next((e for e in failed.values() if not isinstance(e, Declined)), next(iter(failed.values())))
        return [f.result() for f in futures]

    def close(self) -> None:
        self.closed = True
        for _ in self.threads:
            self.jobs.put(None)
        for process in list(self.processes):
            self._stop(process)
        self.threads.clear()

    def _serve(self) -> None:
        """One thread feeds one process."""
        process: subprocess.Popen[bytes] | None = None
        drawn = 0
        while (job := self.jobs.get()) is not None:
            prompt, seed, future = job
            if process is not None and drawn >= RECYCLE:
                self._stop(process)
                process, drawn = None, 0
            drawn += 1
            try:
                for last in range(TRIES - 1, -1, -1):
                    process = process or self._start()
                    try:
                        future.set_result(self._ask(process, prompt, seed))
                        self._drew = True
                        break
                    except (OSError, EOFError, ValueError) as error:  # ValueError: a message that is cut off
                        self._stop(process)
                        process = None
                        if self.closed:
                            raise ModelError("the studio was closed while it drew") from error
                        if not last:
                            raise self._given_up(prompt, error) from error
            except Exception as error:  # noqa: BLE001  (handed to the caller's thread, which raises it)
                future.set_exception(error)

    def _ask(self, process: subprocess.Popen[bytes], prompt: str, seed: int) -> Drawn:
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.timeout, kill)
        timer.daemon = True
        timer.start()
        try:
            return _ask(process, prompt, seed)
        except (OSError, EOFError) as error:
            said = f"drew for over {self.timeout:g} s" if late.is_set() else f"died (exit code {process.wait()})"
            raise EOFError(said) from error
        finally:
            timer.cancel()

    def _given_up(self, prompt: str, error: Exception) -> Exception:
        what = f"the studio's renderer {error} {TRIES} times on {prompt!r}"
        return Declined(what) if self._drew else ModelError(f"{what}, and has drawn nothing else; bugscope doctor may tell why")

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        children.end(process)
        with contextlib.suppress(ValueError):  # stopped by `close` already
            self.processes.remove(process)

    def _start(self) -> subprocess.Popen[bytes]:
        if self.closed:
            raise ModelError("the studio is closed")
        # a group of its own: Ctrl-C in a terminal is for us, who let it finish its picture
        process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            process_group=0 if POSIX else None,
        )
        self.processes.append(children.started(process))
        return process


def _ask(process: subprocess.Popen[bytes], prompt: str, seed: int) -> Drawn:
    assert process.stdin is not None and process.stdout is not None
    send(process.stdin, json.dumps({"prompt": prompt, "seed": seed}).encode())
    answer = json.loads(receive(process.stdout))
    if "error" in answer:
        raise Declined(f"the studio cannot draw {prompt!r}: {short(str(answer['error']))}")
    height, width, depth = answer["shape"]
    pixels = np.frombuffer(receive(process.stdout), np.uint8).reshape(height, width, depth)
    regions = np.frombuffer(receive(process.stdout), np.uint8).reshape(height, width)
    return Drawn(pixels, answer["info"], answer["things"], regions)


def send(stream: IO[bytes], data: bytes) -> None:
    stream.write(struct.pack("<I", len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    (length,) = struct.unpack("<I", _exactly(stream, 4))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], n: int) -> bytes:
    data = b""
    while len(data) < n:
        more = stream.read(n - len(data))
        if not more:
            raise EOFError("the process ended")
        data += more
    return data
