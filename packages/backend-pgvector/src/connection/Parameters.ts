import type { SqlStatement, WireValue } from "./Database.ts"

/** Collects a statement's values while its text is written. */
export class Parameters {
  readonly values: Array<WireValue> = []

  /** `$1`, `$2`, …; a number or boolean goes as text. */
  add(value: WireValue | number | boolean): string {
    this.values.push(typeof value === "number" || typeof value === "boolean" ? String(value) : value)
    return `$${this.values.length}`
  }

  statement(operation: string, text: string): SqlStatement {
    return { operation, text, values: this.values }
  }
}
