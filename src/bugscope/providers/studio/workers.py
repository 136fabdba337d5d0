"""A pool of renderer processes (`worker.py`), one per core, and the messages between them and us.

Processes, because Mitsuba's variant is global and its scene building holds Python's lock; own ones instead of
`multiprocessing`, because that runs the caller's main module again. Messages are length-prefixed: JSON, then pixels.
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
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError

RECYCLE = 200
"""Pictures after which a process is replaced: Mitsuba's compiled variants keep a little of each scene."""

Drawn = tuple[NDArray[np.uint8], dict[str, Any]]


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """`pool.draw([(prompt, seed), ...])` in order. Processes start at the first call and end with `close` or the parent."""

    def __init__(self, variant: str, environment: Mapping[str, str], workers: int, samples: int, size: int) -> None:
        # -P: a random.py in the working directory is not Python's
        self.command = [sys.executable, "-P", "-m", f"{__package__}.worker", variant, str(samples), str(size)]
        self.environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        self.jobs: queue.SimpleQueue[tuple[str, int, Future[Drawn]] | None] = queue.SimpleQueue()
        self.workers = workers
        self.threads: list[threading.Thread] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def draw(self, requests: Sequence[tuple[str, int]]) -> list[Drawn]:
        while len(self.threads) < min(self.workers, max(1, len(requests))):
            thread = threading.Thread(target=self._serve, daemon=True)
            self.threads.append(thread)
            thread.start()
        futures: list[Future[Drawn]] = [Future() for _ in requests]
        for (prompt, seed), future in zip(requests, futures, strict=True):
            self.jobs.put((prompt, seed, future))
        return [f.result() for f in futures]

    def close(self) -> None:
        for _ in self.threads:
            self.jobs.put(None)
        for process in list(self.processes):
            self._stop(process)
        self.threads.clear()

    def _serve(self) -> None:
        """One thread feeds one process; a process that dies is restarted once for the picture that it was drawing."""
        process: subprocess.Popen[bytes] | None = None
        drawn = 0
        while (job := self.jobs.get()) is not None:
            prompt, seed, future = job
            if process is not None and drawn >= RECYCLE:
                self._stop(process)
                process, drawn = None, 0
            drawn += 1
            for last in (False, True):
                try:
                    process = process or self._start()
                    future.set_result(_ask(process, prompt, seed))
                    break
                except (OSError, EOFError) as error:
                    code = process.wait() if process else "none"
                    process = None
                    if last:
                        future.set_exception(
                            ModelError(f"the studio's renderer died twice (exit code {code}) on {prompt!r}: {error}")
                        )
                except Exception as error:  # noqa: BLE001  (handed to the caller's thread, which raises it)
                    future.set_exception(error)
                    break

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.processes.remove(process)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment)
        self.processes.append(process)
        return process


def _ask(process: subprocess.Popen[bytes], prompt: str, seed: int) -> Drawn:
    assert process.stdin is not None and process.stdout is not None
    send(process.stdin, json.dumps({"prompt": prompt, "seed": seed}).encode())
    answer = json.loads(receive(process.stdout))
    if "error" in answer:
        raise ModelError(f"the studio cannot draw {prompt!r}: {answer['error']}")
    pixels = np.frombuffer(receive(process.stdout), np.uint8).reshape(answer.pop("shape"))
    return pixels, answer["info"]


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
