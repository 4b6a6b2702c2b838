// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// The waves in a record's meta `fiducials`, as ecg-measure writes them.
extension Record {
    /// The samples of a wave (P, QRS or T), both ends included; nil where it is absent.
    ///
    /// - Parameter lead: the lead's own wave, by its place; nil, or where the leads have none of their own, that of all leads together.
    /// - Throws: `ToolError` if the record was not measured.
    public func wave(_ name: String, lead: Int? = nil) throws -> Range<Int>? {
        guard let fiducials = meta["fiducials"]?.object else {
            throw ToolError(.data, "has no fiducials; measure it with ecg-measure first", record: key)
        }
        let leads = fiducials["leads"]?.array
        let own = lead.flatMap { lead in leads.flatMap { $0.indices.contains(lead) ? $0[lead].object : nil } }
        // meta made by other programs may have the waves at the top
        guard let wave = (own ?? fiducials["global"]?.object ?? fiducials)[name]?.object,
            let onset = wave["onset"]?.double, let offset = wave["offset"]?.double,
            onset.isFinite, offset.isFinite, abs(onset) < 1e9, abs(offset) < 1e9, onset < offset
        else { return nil }
        return Int(onset.rounded())..<Int(offset.rounded()) + 1
    }
}
