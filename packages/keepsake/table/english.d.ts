/** The table of word pieces, compressed (brotli), in base64. */
declare const table: string
export default table
