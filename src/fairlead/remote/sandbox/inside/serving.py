"""Runs inside a sandbox: does what it is asked over its input, until that ends.

A frame is its length (4 bytes), a kind (1), a number (4) and content. What it says may be
forged by whatever else runs here; whoever listens believes nothing of it.
"""

import json
import os
import queue
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CHUNK = 1 << 16
OUT = threading.Lock()
CONNECTIONS = {}
# Where memory runs out, what was started goes first, and not what answers.
EXPENDABLE = '(echo 1000 > /proc/$$/oom_score_adj) 2>/dev/null; exec "$@"'


def say(kind, number, *parts):
    content = b"".join(parts)
    frame = struct.pack(">IcI", len(content) + 5, kind, number) + content
    with OUT:
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(1, rest) :]


def answer(number, told, *parts):
    header = json.dumps(told).encode()
    say(b"a", number, struct.pack(">I", len(header)), header, *parts)


def execute(number, told, stdin):
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", EXPENDABLE, "run", *told["argv"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=told["folder"],
            env={**os.environ, **told["environment"]},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        answer(
            number, {"code": 127, "out": 0}, f"{told['argv'][0]}: {reason}\n".encode()
        )
        return
    threading.Thread(target=feed, args=(process, stdin), daemon=True).start()
    said = {"out": bytearray(), "err": bytearray()}
    until, reason = began + told["seconds"], None
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, name)
        while selector.get_map() and reason is None:
            over = process.poll() is not None
            found = selector.select(0 if over else 0.05)
            if over and not found:
                break
            for key, _ in found:
                chunk = key.fileobj.read(CHUNK)
                if not chunk:
                    if chunk == b"":
                        selector.unregister(key.fileobj)
                    continue
                room = told["output"] - len(said["out"]) - len(said["err"])
                said[key.data] += chunk[:room]
                if len(chunk) > room:
                    reason = "size of output"
            if time.monotonic() >= until:
                reason = "wall time"
    if reason is None:
        try:
            process.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            reason = "wall time"
    if reason is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.wait()
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    seconds = time.monotonic() - began
    ended = {"code": process.returncode, "reason": reason, "seconds": seconds}
    answer(number, {**ended, "out": len(said["out"])}, said["out"], said["err"])


def feed(process, stdin):
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except OSError:
        pass


def write(number, told, content):
    try:
        folder = os.path.dirname(told["path"])
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(told["path"], "wb") as file:
            file.write(content)
    except OSError as error:
        answer(number, {"error": error.errno})
    else:
        answer(number, {})


def read(number, told, _):
    try:
        # Opened so that no pipe or device makes it wait.
        descriptor = os.open(told["path"], os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(told["most"] + 1) or b""
    except OSError as error:
        answer(number, {"error": error.errno})
    else:
        answer(number, {"more": len(content) > told["most"]}, content[: told["most"]])


def listen(number, told, _):
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", told["port"]))
        listening.listen(64)
    except OSError as error:
        answer(number, {"error": error.errno})
        return
    answer(number, {})
    taken = 0
    while True:
        connection, _ = listening.accept()
        taken += 1
        mine = (told["port"] << 15 | taken & 0x7FFF) & 0x7FFFFFFF
        CONNECTIONS[mine] = queue.Queue()
        # Told before anything is read from it, so that nothing comes too early.
        say(b"n", mine, struct.pack(">H", told["port"]))
        attach(mine, connection)


def connect(number, content):
    connection = socket.socket()
    connection.settimeout(10)
    try:
        connection.connect(("127.0.0.1", struct.unpack(">H", content)[0]))
    except OSError:
        say(b"e", number)
        return
    connection.settimeout(None)
    attach(number, connection)


def attach(number, connection):
    waiting = CONNECTIONS.setdefault(number, queue.Queue())
    threading.Thread(target=outward, args=(number, connection), daemon=True).start()
    threading.Thread(target=inward, args=(waiting, connection), daemon=True).start()


def outward(number, connection):
    try:
        while chunk := connection.recv(CHUNK):
            say(b"d", number, chunk)
    except OSError:
        pass
    say(b"e", number)


def inward(waiting, connection):
    while (chunk := waiting.get()) is not None:
        try:
            connection.sendall(chunk)
        except OSError:
            break
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def exactly(count):
    found = bytearray()
    while len(found) < count:
        chunk = os.read(0, count - len(found))
        if not chunk:
            os._exit(0)
        found += chunk
    return bytes(found)


WORK = {b"x": execute, b"w": write, b"r": read, b"l": listen}


def main():
    # What is run here gets pipes of its own; ours are nobody's else.
    os.set_inheritable(0, False)
    say(b"h", os.getpid())
    while True:
        length, kind, number = struct.unpack(">IcI", exactly(9))
        content = exactly(length - 5)
        if kind in WORK:
            size = struct.unpack(">I", content[:4])[0]
            told = json.loads(content[4 : 4 + size])
            arguments = (number, told, content[4 + size :])
            threading.Thread(target=WORK[kind], args=arguments, daemon=True).start()
        elif kind == b"c":
            CONNECTIONS[number] = queue.Queue()
            threading.Thread(
                target=connect, args=(number, content), daemon=True
            ).start()
        elif kind == b"d" and number in CONNECTIONS:
            CONNECTIONS[number].put(content)
        elif kind == b"e" and number in CONNECTIONS:
            CONNECTIONS.pop(number).put(None)


if __name__ == "__main__":
    sys.setswitchinterval(0.001)
    main()
