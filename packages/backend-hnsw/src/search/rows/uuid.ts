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

const HEX = Buffer.from("0123456789abcdef")
const DIGIT_BITS = 4

const text = Buffer.alloc(36, "-")

/** One flat string: pieces put together would stay in memory as pieces, which take eight times as much. */
export const readUuid = (numbers: Int32Array, start: number): string => {
  for (let digit = 0; digit < DIGITS.length; digit++) {
    const number = numbers[start + Math.floor(digit / DIGITS_PER_NUMBER)] ?? 0
    const shift = DIGIT_BITS * (DIGITS_PER_NUMBER - 1 - (digit % DIGITS_PER_NUMBER))
    text[DIGITS[digit] ?? 0] = HEX[(number >>> shift) & 0xf] ?? 0
  }
  return text.toString("latin1")
}
