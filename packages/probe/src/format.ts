// The presentation of rounds, for programs that run many of them: `@graceful-cluster/probe/format`.
export { formatCount, formatTime, median } from './measure/numbers.ts';
export { renderTable, type TableOptions, type TableRow } from './report/table.ts';
