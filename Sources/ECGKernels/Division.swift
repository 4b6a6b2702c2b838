// SPDX-License-Identifier: GPL-3.0-or-later

/// How the work of one call is cut into tasks: by item where there are enough, else by panels of outputs and runs of rows as well.
///
/// The cut never changes a result: every output is one chain of additions wherever it is computed.
struct Division {
    private let items: Int
    private let rows: Int
    private let panels: Int
    private let workers: Workers?
    private let rowParts: Int
    private let panelParts: Int

    /// Rows that a task takes at least: fewer would leave the register tile half empty.
    private static let fewestRows = 14

    /// Operations in all below which handing out tasks takes longer than it saves.
    private static let fewestOperations = 400_000

    /// - Parameter operations: of the whole call.
    init(items: Int, rows: Int, panels: Int, operations: Int, workers: Workers?) {
        self.items = items
        self.rows = rows
        self.panels = panels
        let workers = operations < Self.fewestOperations ? nil : workers
        self.workers = workers
        let threads = workers?.count ?? 1
        if threads == 1 || items >= 4 * threads || items == 0 {
            rowParts = 1
            panelParts = 1
        } else {
            // Rows first: neighbours share the panel in a shared cache, and the inputs stay apart.
            let wanted = (4 * threads + items - 1) / items
            rowParts = max(1, min(wanted, rows / Self.fewestRows))
            panelParts = max(1, min(panels, (wanted + rowParts - 1) / rowParts))
        }
    }

    func run(_ body: @Sendable (_ item: Int, _ rows: Range<Int>, _ panels: Range<Int>, _ worker: Int) -> Void) {
        guard let workers else {
            for item in 0..<items { body(item, 0..<rows, 0..<panels, 0) }
            return
        }
        let rows = self.rows
        let panels = self.panels
        let rowParts = self.rowParts
        let panelParts = self.panelParts
        workers.run(items * rowParts * panelParts) { task, worker in
            let (item, part) = task.quotientAndRemainder(dividingBy: rowParts * panelParts)
            let (row, panel) = part.quotientAndRemainder(dividingBy: panelParts)
            body(
                item, rows * row / rowParts..<rows * (row + 1) / rowParts, panels * panel / panelParts..<panels * (panel + 1) / panelParts,
                worker)
        }
    }
}
