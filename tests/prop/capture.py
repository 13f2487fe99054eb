"""Captures made byte by byte, for the tests of this folder that no talk can express: Ethernet, IPv4, TCP."""
import struct

CLIENT, SERVER = 0, 1


class Capture:
    """Messages of one side after the other; each is cut where the caller says."""

    def __init__(self):
        self.packets = []
        self.number = 0

    def connection(self):
        self.number += 1
        return Connection(self, 40000 + self.number)

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for at, packet in enumerate(self.packets):
                f.write(struct.pack("<IIII", 1159200000 + at // 1000, at % 1000 * 1000, len(packet), len(packet)))
                f.write(packet)


class Connection:
    def __init__(self, capture, port):
        self.capture, self.ports, self.next = capture, (port, 80), [1000, 5000]
        self.segment(CLIENT, b"", 2)
        self.segment(SERVER, b"", 18)
        self.segment(CLIENT, b"", 16)

    def segment(self, side, data, flags=24):
        addresses = (b"\x0a\0\0\1", b"\x0a\0\0\2")
        tcp = struct.pack(">HHIIBBHHH", self.ports[side], self.ports[1 - side], self.next[side],
                          self.next[1 - side] if flags & 16 else 0, 5 << 4, flags, 65535, 0, 0)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + addresses[side] + addresses[1 - side]
        self.capture.packets.append(b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp + data)
        self.next[side] += len(data) + (flags & 3 != 0)

    def say(self, side, data, most=1400):
        for at in range(0, len(data), most):
            self.segment(side, data[at:at + most])
        self.segment(1 - side, b"", 16)
