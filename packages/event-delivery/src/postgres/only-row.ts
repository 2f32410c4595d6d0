/**
 * The row of a query that always answers one, such as an aggregate over a whole table.
 *
 * @throws {Error} when another number of rows came
 */
export function onlyRow<Row>({ rows }: { readonly rows: readonly Row[] }): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`One row was due, and ${rows.length} came.`);
  return row;
}
