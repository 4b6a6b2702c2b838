// SPDX-License-Identifier: GPL-3.0-or-later

extension AnnotationList {
    /// The annotations in order of time, their positions as samples of the record as it is read.
    ///
    /// Positions count frames, or ticks of the file's own time resolution; either is brought to the record's sampling frequency.
    /// - Throws: `.damaged` if one lies outside the record.
    public func inSamples(of record: WFDBRecord, place: String) throws(FormatError) -> [Annotation] {
        let base = record.header.frequency
        let factor = record.frequency / (resolution ?? base)
        var list: [Annotation] = []
        list.reserveCapacity(annotations.count)
        var isSorted = true
        for var annotation in annotations {
            if factor != 1 {
                // Halfway cases go up, as in the WFDB library.
                let position = (Double(annotation.sample) * factor + 0.5).rounded(.down)
                annotation.sample = Int(exactly: position) ?? .max
            }
            guard annotation.sample < record.length else {
                throw .damaged(place, "annotation at sample \(annotation.sample) is outside the record of \(record.length) samples")
            }
            if let last = list.last, annotation.sample < last.sample { isSorted = false }
            list.append(annotation)
        }
        guard !isSorted else { return list }
        // Those at one sample keep the order of the file.
        return list.enumerated().sorted { ($0.element.sample, $0.offset) < ($1.element.sample, $1.offset) }.map(\.element)
    }
}
