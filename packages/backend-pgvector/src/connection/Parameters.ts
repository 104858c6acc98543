import type { ParameterValue, SqlStatement } from "./Database.ts"

/** Collects a statement's values while its text is written. */
export class Parameters {
  readonly values: Array<ParameterValue> = []
  #varying = false

  /** Returns the placeholder: `$1`, `$2`, …. Numbers and booleans are sent as text. */
  add(value: ParameterValue | number | boolean): string {
    this.values.push(typeof value === "number" || typeof value === "boolean" ? String(value) : value)
    return `$${this.values.length}`
  }

  /** The text depends on the caller's condition. */
  markVarying(): void {
    this.#varying = true
  }

  statement(operation: string, text: string): SqlStatement {
    return { operation, text, values: this.values, varying: this.#varying }
  }
}
