/**
 * One coordinate's value of every update, and the updates' weights, in partition order; gives the one value.
 * It may use `scratch`, which is as long as the column, freely.
 */
export type ColumnRule = (column: Float64Array, weights: Float64Array, scratch: Float64Array) => number;
