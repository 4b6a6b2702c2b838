#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""score.py LUDB BEATS.jsonl: compares the fiducials of ecg-measure with the marks of the LUDB, lead by lead.

A mark is found if an onset (an offset) of the same wave lies within 150 ms of it, each used once, the nearest first. What was found
beyond the marks counts against the positive predictivity only within the span that is marked in the lead. Errors are found minus marked.
"""
import csv
import json
import os
import sys

import numpy as np
import wfdb

LEADS = ["i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6"]
SYMBOLS = {"P": "p", "QRS": "N", "T": "t"}
WINDOW = 75  # samples: 150 ms at 500 Hz
TUNED = 80
# What the CSE working party tolerates (Eur Heart J 1985; 6: 815), in ms.
TOLERANCE = {("P", "onset"): 10.2, ("P", "offset"): 12.7, ("QRS", "onset"): 6.5, ("QRS", "offset"): 11.6, ("T", "offset"): 30.6}


def marks(path, lead):
    """(symbol, onset, offset) of each wave that has both, the marked span, and the peaks of the waves that lack an end."""
    annotation = wfdb.rdann(path, lead)
    waves, loose, onset, peak = [], [], None, None
    for sample, symbol in zip(annotation.sample, annotation.symbol):
        if symbol == "(":
            onset, peak = sample, None
        elif symbol == ")":
            if peak and onset is not None:
                waves.append((peak[0], onset, sample))
            elif peak:
                loose.append(peak)
            onset = peak = None
        else:
            if peak:
                loose.append(peak)
            peak = symbol, sample
    return waves, (min(w[1] for w in waves), max(w[2] for w in waves)), loose


def match(marked, found, span, loose):
    """Errors in ms, marks missed, extra within the span and away from waves that are not wholly marked."""
    near = sorted((abs(b - a), i, j) for i, a in enumerate(marked) for j, b in enumerate(found) if abs(b - a) <= WINDOW)
    rows, columns, errors = set(), set(), []
    for _, i, j in near:
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            errors.append(2.0 * (found[j] - marked[i]))
    rest = [b for j, b in enumerate(found) if j not in columns and span[0] <= b <= span[1]]
    extra = sum(all(abs(b - peak) > WINDOW for peak in loose) for b in rest)
    return errors, len(marked) - len(rows), extra


def load(path):
    """(record, lead) -> wave -> [(onset, offset)] in samples of the recording."""
    found = {}
    for line in open(path):
        beat = json.loads(line)
        first = beat["sample"] - beat["r"]
        for lead, waves in zip(LEADS, beat["fiducials"]["leads"]):
            for wave, place in waves.items():
                if place:
                    found.setdefault((beat["record"], lead), {}).setdefault(wave, []).append(
                        (first + place["onset"], first + place["offset"]))
    return found


CACHE = {}


def marks_once(path, lead):
    if (path, lead) not in CACHE:
        CACHE[path, lead] = marks(path, lead)
    return CACHE[path, lead]


def table(title, records, folder, found):
    print(title)
    print(f"{'':12}{'marks':>7}{'Se %':>8}{'P+ %':>8}{'mean ms':>9}{'SD ms':>8}{'CSE ms':>8}")
    for wave in SYMBOLS:
        for end, edge in enumerate(("onset", "offset")):
            errors, missed, extra = [], 0, 0
            for record in records:
                for lead in LEADS:
                    waves, span, loose = marks_once(os.path.join(folder, record), lead)
                    marked = [w[1 + end] for w in waves if w[0] == SYMBOLS[wave]]
                    places = [p[end] for p in found.get((os.path.basename(record), lead), {}).get(wave, [])]
                    e, m, x = match(marked, places, span, [s for c, s in loose if c == SYMBOLS[wave]])
                    errors += e
                    missed += m
                    extra += x
            n = len(errors)
            limit = TOLERANCE.get((wave, edge))
            print(f"{wave + ' ' + edge:12}{n + missed:7}{100 * n / (n + missed):8.2f}{100 * n / (n + extra):8.2f}"
                  f"{np.mean(errors):9.1f}{np.std(errors):8.1f}{limit if limit else '-':>8}")
    print()


def fibrillation(records, folder, found):
    with open(os.path.join(folder, "ludb.csv")) as file:
        rhythms = {row["ID"].strip(): row["Rhythms"] for row in csv.DictReader(file)}
    for title, chosen in (("first 80", records[:TUNED]), ("other 40", records[TUNED:]), ("all", records)):
        p = qrs = count = 0
        for record in chosen:
            name = os.path.basename(record)
            if "fibrillation" not in rhythms[name]:
                continue
            count += 1
            for lead in LEADS:
                _, span, _ = marks_once(os.path.join(folder, record), lead)
                waves = found.get((name, lead), {})
                inside = [sum(span[0] <= onset <= span[1] for onset, _ in waves.get(wave, [])) for wave in ("P", "QRS")]
                p += inside[0]
                qrs += inside[1]
        print(f"P marked in atrial fibrillation, {title}: {count} records, {100 * p / max(1, qrs):.2f} % of {qrs} beats (by lead)")


def main():
    folder, path = sys.argv[1:]
    records = [line.strip() for line in open(os.path.join(folder, "RECORDS")) if line.strip()]
    found = load(path)
    table(f"The other {len(records) - TUNED} records", records[TUNED:], folder, found)
    table(f"All {len(records)} records", records, folder, found)
    table(f"The first {TUNED} records, which the network was trained on", records[:TUNED], folder, found)
    fibrillation(records, folder, found)


if __name__ == "__main__":
    main()
