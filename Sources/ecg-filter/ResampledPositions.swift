// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

extension JSON {
    /// Positions within a member of the meta at a new sampling frequency: `sample`, `onset`, `peak` and `offset`, and waves given as lists of them.
    func moved(_ move: (Int) -> Int) -> JSON {
        switch self {
        case .array(let values): return .array(values.map { $0.moved(move) })
        case .object(let object):
            let members = object.members.map { name, value -> (String, JSON) in
                switch name {
                case "sample", "onset", "peak", "offset": (name, value.int.map { JSON(move($0)) } ?? value)
                case "P", "QRS", "T": (name, value.ints.map { JSON($0.map(move)) } ?? value.moved(move))
                default: (name, value.moved(move))
                }
            }
            return .object(JSON.Object(members))
        default: return self
        }
    }
}
