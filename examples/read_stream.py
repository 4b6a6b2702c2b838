#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an ecg-stream(5): every byte checked, incomplete streams refused. As a program: the records of standard input or a file, a line each."""
import json, struct, sys, zlib
import numpy as np


def read(file):
    """Yield (meta, {name: array}) for each record; ValueError unless the stream is whole, so use nothing before the end."""
    due, records, streams = 0, 0, 0
    while header := file.read(64):
        if len(header) < 64 or header[:8] != b"\x89ECG\r\n\x1a\n": raise ValueError("no frame here")
        major, minor, kind, flags, number, size, meta_size, meta_crc, crc = struct.unpack("<BBHIQQIII", header[8:44])
        if zlib.crc32(header[:60]) != int.from_bytes(header[60:], "little"): raise ValueError("damaged header")
        if major != 1 or flags & 0xFFFF or number != due or (kind == 1) != (due == 0): raise ValueError("not what is due here")
        if size > 1 << 30 or meta_size > 1 << 24: raise ValueError("too large")
        meta, data = file.read(meta_size + -meta_size % 64), file.read(size + -size % 64)
        if zlib.crc32(meta) != meta_crc or zlib.crc32(data) != crc or len(data) < size: raise ValueError(f"frame {number} is damaged")
        meta, due = json.loads(meta), due + 1
        if kind == 1: records = 0
        elif kind == 2:
            records += 1
            yield meta, {t["name"]: np.frombuffer(data, t["dtype"], int(np.prod(t["shape"])), t["at"]).reshape(t["shape"]) for t in meta["tensors"]}
        elif kind == 3:
            if meta["records"] != records: raise ValueError("END counts other records")
            due, streams = 0, streams + 1
        elif kind == 4: raise ValueError("aborted: " + meta["error"]["message"])
        elif kind != 5 and not kind & 0x8000: raise ValueError(f"unknown kind {kind}")
    if due or not streams: raise ValueError("the stream has no END")


if __name__ == "__main__":
    try:
        for meta, tensors in read(open(sys.argv[1], "rb") if len(sys.argv) > 1 else sys.stdin.buffer):
            print(meta["key"], *(f"{name}{list(array.shape)}" for name, array in tensors.items()))
    except Exception as error:  # whatever a stream does that json or numpy can't take
        sys.exit(f"read_stream.py: {error!r}")
