// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// What the process holds.
public enum ProcessMemory {
    /// Bytes in memory; 0 where the system doesn't say.
    public static var resident: Int { Int(ecg_resident()) }
    /// Gives the system back what is no longer used, such as a model's file after its weights were read.
    public static func trim() { ecg_trim() }
}
