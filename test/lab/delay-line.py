#!/usr/bin/env python3
"""A long line: holds each packet back for so many ms and then sends it on its way.

    delay-line.py DEVICE MS

Makes a TUN device in the network namespace it runs in. What is routed into the device comes out of
it again, unchanged and in order, MS later. Python 3 because stock Node cannot open a TUN device;
only the lab and the benchmarks use it, no part of the product does.
"""
import collections
import fcntl
import os
import select
import struct
import sys
import time

# linux/if_tun.h
TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000

# A real line's buffer is bounded too; at the lab's few kB/s it never fills.
MAX_HELD = 20_000
# The largest IPv4 packet.
MAX_PACKET = 65_535


def main(device, delay):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    print("ready", flush=True)
    held = collections.deque()
    while True:
        now = time.monotonic()
        while held and held[0][0] <= now:
            try:
                os.write(tun, held.popleft()[1])
            except OSError:
                pass  # the device is down: its line is cut
        wait = held[0][0] - now if held else None
        if not select.select([tun], [], [], wait)[0]:
            continue
        try:
            packet = os.read(tun, MAX_PACKET)
        except OSError:
            continue
        if len(held) < MAX_HELD:
            held.append((time.monotonic() + delay, packet))


main(sys.argv[1], float(sys.argv[2]) / 1000)
