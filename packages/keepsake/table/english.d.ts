/** The table of word pieces, as `packedTable.ts` reads it: in base64. */
declare const table: string
export default table
