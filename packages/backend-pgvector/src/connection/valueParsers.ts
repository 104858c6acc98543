/** How values are read, whatever parsers the application has set for its own queries: by the type's oid, from text. */
import { parseNumberArray } from "./parameterCodec.ts"

type Parser = (text: string) => unknown

const asText: Parser = (text) => text
const parseNumber: Parser = (text) => Number(text)
const parseJson: Parser = (text) => JSON.parse(text) as unknown

/** Types whose values are not read as text. */
const PARSERS: Readonly<Record<number, Parser>> = {
  /** bool */
  16: (text) => text === "t",
  /** int8, int2, int4, oid, float4, float8 */
  20: parseNumber,
  21: parseNumber,
  23: parseNumber,
  26: parseNumber,
  700: parseNumber,
  701: parseNumber,
  /** json, jsonb */
  114: parseJson,
  3802: parseJson,
  /** int4[], int8[], float4[], float8[] */
  1007: parseNumberArray,
  1016: parseNumberArray,
  1021: parseNumberArray,
  1022: parseNumberArray
}

export const findParser = (oid: number): Parser => PARSERS[oid] ?? asText

/** The same as a table, with the types of text that a statement selects: text, varchar, uuid. */
export const PARSER_TABLE: Readonly<Record<number, Parser>> = {
  ...PARSERS,
  25: asText,
  1043: asText,
  2950: asText
}
