#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""score.py LUDB BEATS.jsonl: compares the fiducials of ecg-measure with the marks of the LUDB, lead by lead.

A mark is found if an onset (an offset) of the same wave lies within 150 ms of it, each used once, the nearest first. What was found
beyond the marks counts against the positive predictivity only within the span that is marked in the lead. Errors are found minus marked.

"Marks ms" is how far the marks scatter about the best that could be known of them: a place for each beat and a shift for each lead of the record.
Whoever knew both without error would still miss the marks by so much. The second kind of table compares, beat by beat, the median over the leads
of what was marked with that of what was found.
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


def beats_of(marked):
    """The waves (place, lead, onset, offset) of all leads, gathered into beats: those whose middles lie within 120 ms of their median."""
    beats = []
    for wave in sorted(marked):
        if beats and wave[0] - np.median([w[0] for w in beats[-1]]) <= 60:
            beats[-1].append(wave)
        else:
            beats.append([wave])
    return beats


def beats_marked(folder, record, wave):
    marked = []
    for lead, name in enumerate(LEADS):
        waves, _, _ = marks_once(os.path.join(folder, record), name)
        marked += [((w[1] + w[2]) / 2, lead, w[1], w[2]) for w in waves if w[0] == SYMBOLS[wave]]
    return beats_of(marked)


def scatter(records, folder, wave, end):
    """What is left of the marks' places in ms, as a standard deviation, without a place for each beat and a shift for each lead of a record."""
    squares = freedom = 0
    for record in records:
        beats = [beat for beat in beats_marked(folder, record, wave) if len(beat) >= 6]
        places = np.full((len(LEADS), len(beats)), np.nan)
        for column, beat in enumerate(beats):
            for mark in beat:
                places[mark[1], column] = 2.0 * mark[2 + end]
        places = places[np.isfinite(places).sum(1) >= 3] if beats else places[:0]
        if len(places) < 6 or len(beats) < 3:
            continue
        shifts = np.zeros(len(places))
        for _ in range(100):
            centres = np.nanmean(places - shifts[:, None], 0)
            shifts = np.nanmean(places - centres, 1)
            shifts -= shifts.mean()
        rest = (places - centres - shifts[:, None])[np.isfinite(places)]
        squares += (rest ** 2).sum()
        freedom += len(rest) - len(places) - len(beats) + 1
    return np.sqrt(squares / freedom) if freedom > 0 else np.nan


def medians(title, records, folder, found):
    print(title)
    print(f"{'':12}{'beats':>7}{'Se %':>8}{'mean ms':>17}{'SD ms':>8}{'CSE ms':>8}")
    for wave in SYMBOLS:
        for end, edge in enumerate(("onset", "offset")):
            errors, missed = [], 0
            for record in records:
                marked = [np.median([w[2 + end] for w in beat]) for beat in beats_marked(folder, record, wave) if len(beat) >= 4]
                waves = []
                for lead, name in enumerate(LEADS):
                    places = found.get((os.path.basename(record), name), {}).get(wave, [])
                    waves += [((a + b) / 2, lead, a, b) for a, b in places]
                places = [np.median([w[2 + end] for w in beat]) for beat in beats_of(waves) if len(beat) >= 4]
                e, m, _ = match(marked, places, (0, 0), [])
                errors += e
                missed += m
            n = len(errors)
            limit = TOLERANCE.get((wave, edge))
            print(f"{wave + ' ' + edge:12}{n + missed:7}{100 * n / (n + missed):8.2f}{np.mean(errors):17.1f}{np.std(errors):8.1f}"
                  f"{limit if limit else '-':>8}")
    print()


def table(title, records, folder, found):
    print(title)
    print(f"{'':12}{'marks':>7}{'Se %':>8}{'P+ %':>8}{'mean ms':>9}{'SD ms':>8}{'CSE ms':>8}{'marks ms':>10}")
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
                  f"{np.mean(errors):9.1f}{np.std(errors):8.1f}{limit if limit else '-':>8}"
                  f"{scatter(records, folder, wave, end):10.1f}")
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
    medians(f"The other {len(records) - TUNED} records, the median over the leads", records[TUNED:], folder, found)
    medians(f"All {len(records)} records, the median over the leads", records, folder, found)
    fibrillation(records, folder, found)


if __name__ == "__main__":
    main()
