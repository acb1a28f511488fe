"""Loops of Python's socket calls, to compare sockopt with.

It reads requests, one a line, and answers each with nanoseconds:

  get N           that N calls of getsockopt took
  options N       that N rounds of those calls took which the command line
                  names, each LEVEL,NUMBER,LENGTH
  open HOST PORT  that asyncio took to connect, with the head start for each
                  address that its documentation recommends

At the end of input it ends.
"""

# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import socket
import sys
import time


def get(sock, count):
    """Read an integer option of SOCK, COUNT times."""
    read, level, name = sock.getsockopt, socket.SOL_SOCKET, socket.SO_PRIORITY
    start = time.perf_counter_ns()
    for _ in range(count):
        read(level, name)
    return time.perf_counter_ns() - start


def arguments(call):
    """Return what to pass to getsockopt for CALL; it returns an integer
    where it is given no length."""
    level, name, length = (int(part) for part in call.split(","))
    return (level, name) if length == 4 else (level, name, min(length, 1024))


def get_all(sock, calls, count):
    """Make CALLS on SOCK, COUNT times."""
    read = sock.getsockopt
    start = time.perf_counter_ns()
    for _ in range(count):
        for call in calls:
            read(*call)
    return time.perf_counter_ns() - start


async def connect(host, port):
    """Connect to HOST at PORT and say how long it took."""
    start = time.perf_counter_ns()
    _, writer = await asyncio.open_connection(
        host, port, happy_eyeballs_delay=0.25
    )
    spent = time.perf_counter_ns() - start
    writer.transport.abort()
    return spent


def answer(sock, calls, words):
    """Return the nanoseconds that the request WORDS took."""
    if words[0] == "open":
        return asyncio.run(connect(words[1], int(words[2])))
    if words[0] == "options":
        return get_all(sock, calls, int(words[1]))
    return get(sock, int(words[1]))


def main():
    """Answer the requests."""
    calls = [arguments(call) for call in sys.argv[1:]]
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as sock:
        for line in sys.stdin:
            print(answer(sock, calls, line.split()), flush=True)


main()
