import type { ParameterValue, SqlStatement } from "./Database.ts"

/** Collects a statement's values while its text is written. */
export class Parameters {
  readonly values: Array<ParameterValue> = []

  /** Returns the placeholder: `$1`, `$2`, …. Numbers and booleans are sent as text. */
  add(value: ParameterValue | number | boolean): string {
    this.values.push(typeof value === "number" || typeof value === "boolean" ? String(value) : value)
    return `$${this.values.length}`
  }

  statement(operation: string, text: string): SqlStatement {
    return { operation, text, values: this.values }
  }
}
