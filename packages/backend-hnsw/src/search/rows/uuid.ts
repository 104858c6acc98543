/** UUIDs as four numbers each. */

const DASHES: ReadonlySet<number> = new Set([8, 13, 18, 23])
/** Where the hexadecimal digits of a UUID stand. */
const DIGITS = Uint8Array.from(Array.from({ length: 36 }, (_, at) => at).filter((at) => !DASHES.has(at)))
const DIGITS_PER_NUMBER = 8

/** The value of a lower-case hexadecimal digit, by its code. */
const valueOf = (code: number): number => (code < 58 ? code - 48 : code - 87)

/** The code of a lower-case hexadecimal digit. */
const digitOf = (value: number): number => (value < 10 ? value + 48 : value + 87)

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

/** The two digits of each byte. */
const HIGH_DIGITS = Buffer.from(Array.from({ length: 256 }, (_, byte) => digitOf(byte >> 4)))
const LOW_DIGITS = Buffer.from(Array.from({ length: 256 }, (_, byte) => digitOf(byte & 0xf)))

const text = Buffer.alloc(36, "-")

/** One flat string: pieces put together would stay in memory as pieces, which take eight times as much. */
export const readUuid = (numbers: Int32Array, start: number): string => {
  for (let i = 0; i < 16; i++) {
    const byte = ((numbers[start + (i >> 2)] ?? 0) >>> (24 - 8 * (i & 3))) & 0xff
    const at = DIGITS[2 * i] ?? 0
    text[at] = HIGH_DIGITS[byte] ?? 0
    text[at + 1] = LOW_DIGITS[byte] ?? 0
  }
  return text.toString("latin1")
}
