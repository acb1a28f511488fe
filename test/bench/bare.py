"""Loops of Python's socket calls, to compare sockopt with.

It reads requests "get N", one a line, and answers each with the
nanoseconds that N calls of getsockopt took.  At the end of input it ends.
"""

# SPDX-License-Identifier: GPL-3.0-or-later

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


def main():
    """Answer the requests."""
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as sock:
        for line in sys.stdin:
            print(get(sock, int(line.split()[1])), flush=True)


main()
