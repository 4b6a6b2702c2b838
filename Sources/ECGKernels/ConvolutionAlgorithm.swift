// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

extension Convolution {
    /// How a convolution is computed.
    public enum Algorithm: Sendable {
        case direct, frequency
        /// Two neighbouring taps at stride 1 with a third fewer products, by Toom and Cook; other shapes by the rule.
        case toomCook

        private static let forced = Mutex<Algorithm?>(nil)

        /// For measurements: the way of every convolution that is prepared from now on, where its caller leaves the choice open and the shape allows it. nil
        /// gives the choice back to the rule.
        public static func force(_ algorithm: Algorithm?) { forced.withLock { $0 = algorithm } }

        /// The caller's choice, else what is forced, else nil for the rule.
        static func chosen(_ given: Algorithm?) -> Algorithm? { given ?? forced.withLock { $0 } }
    }
}
