#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""beside.py ludb|ptb-xl FOLDER QRS: the detector on twelve-lead recordings, whose annotation files are in QRS.

The LUDB has the QRS peaks that cardiologists marked in each lead: a beat is found if it lies within 150 ms of a mark, and counts only
within the annotated span. PTB-XL has no marks of beats: the recordings that are there at 500 and at 100 Hz are compared with themselves.
"""
import os
import sys

import numpy as np
import wfdb

WINDOW = 0.150


def matches(reference, found):
    """Pairs of the nearest, each used once: (missed, extra, errors in seconds)."""
    near = sorted((abs(b - a), i, j) for i, a in enumerate(reference) for j, b in enumerate(found) if abs(b - a) <= WINDOW)
    rows, columns, errors = set(), set(), []
    for error, i, j in near:
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            errors.append(error)
    return len(reference) - len(rows), len(found) - len(columns), errors


def detected(folder, name):
    path = os.path.join(folder, name)
    return wfdb.rdann(path, "qrs").sample if os.path.exists(path + ".qrs") else np.array([], int)


def report(title, found, missed, extra, errors):
    print(f"{title}: {found + missed} beats, sensitivity {100 * found / (found + missed):.2f} %, "
          f"positive predictivity {100 * found / (found + extra):.2f} %, mean error {1000 * np.mean(errors):.1f} ms")


def ludb(folder, qrs):
    leads = ["i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6"]
    totals, records = [0, 0, 0], 0
    all_errors = []
    for line in open(os.path.join(folder, "RECORDS")):
        record = line.strip()
        records += 1
        beats = detected(qrs, os.path.basename(record)) / 500
        for lead in leads:
            marks = wfdb.rdann(os.path.join(folder, record), lead)
            peaks = [s / 500 for s, c in zip(marks.sample, marks.symbol) if c == "N"]
            span = marks.sample[0] / 500, marks.sample[-1] / 500
            missed, _, errors = matches(peaks, beats)
            _, extra, _ = matches(peaks, [b for b in beats if span[0] <= b <= span[1]])
            totals = [totals[0] + len(errors), totals[1] + missed, totals[2] + extra]
            all_errors += errors
    report(f"LUDB, {records} records, the marks of each lead in turn", *totals, all_errors)


def ptb_xl(folder, qrs):
    totals, records = [0, 0, 0], 0
    all_errors, counts = [], []
    for name in sorted(os.listdir(qrs)):
        if not name.endswith("_lr.qrs"):
            continue
        low = detected(qrs, name[:-4]) / 100
        counts.append(len(low))
        if os.path.exists(os.path.join(qrs, name.replace("_lr", "_hr"))):
            high = detected(qrs, name[:-4].replace("_lr", "_hr")) / 500
            missed, extra, errors = matches(high, low)
            totals = [totals[0] + len(errors), totals[1] + missed, totals[2] + extra]
            all_errors += errors
            records += 1
    print(f"PTB-XL, {len(counts)} records at 100 Hz: {sum(counts)} beats, {min(counts)} to {max(counts)} a record of 10 s")
    report(f"PTB-XL, {records} records, 100 Hz against 500 Hz", *totals, all_errors)


if __name__ == "__main__":
    {"ludb": ludb, "ptb-xl": ptb_xl}[sys.argv[1]](sys.argv[2], sys.argv[3])
