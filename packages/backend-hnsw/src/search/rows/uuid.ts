/** UUIDs as four numbers each. */

const DASHES: ReadonlySet<number> = new Set([8, 13, 18, 23])
/** Where the hexadecimal digits of a UUID stand. */
const DIGITS = Uint8Array.from(Array.from({ length: 36 }, (_, at) => at).filter((at) => !DASHES.has(at)))
const DIGITS_PER_NUMBER = 8

/** The value of a lower-case hexadecimal digit, by its code. */
const valueOf = (code: number): number => (code < 58 ? code - 48 : code - 87)

/** @param uuid lower-case */
export const writeUuid = (uuid: string, numbers: Int32Array, start: number): void => {
  for (let i = 0; i < 4; i++) {
    let number = 0
    for (let digit = i * DIGITS_PER_NUMBER; digit < (i + 1) * DIGITS_PER_NUMBER; digit++) {
      number = (number << 4) | valueOf(uuid.charCodeAt(DIGITS[digit] ?? 0))
    }
    numbers[start + i] = number
  }
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const toHex = (number: number, from: number, bytes: number): string => {
  let hex = ""
  for (let i = 0; i < bytes; i++) hex += PAIRS[(number >>> (24 - 8 * (from + i))) & 0xff] ?? ""
  return hex
}

export const readUuid = (numbers: Int32Array, start: number): string => {
  const b = numbers[start + 1] ?? 0
  const c = numbers[start + 2] ?? 0
  const ends = [toHex(numbers[start] ?? 0, 0, 4), toHex(numbers[start + 3] ?? 0, 0, 4)] as const
  return `${ends[0]}-${toHex(b, 0, 2)}-${toHex(b, 2, 2)}-${toHex(c, 0, 2)}-${toHex(c, 2, 2)}${ends[1]}`
}
