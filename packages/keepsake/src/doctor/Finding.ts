/** The result of one check. */
export interface Finding {
  /** The checked part, in a word or two. */
  readonly check: string
  /** `fault`: memory does not work, or not as configured. `warning`: it works, but something will fail later. */
  readonly status: "ok" | "warning" | "fault"
  readonly detail: string
  /** What to do; empty for `ok`. */
  readonly fix: string
}

export const ok = (check: string, detail: string): Finding => ({ check, status: "ok", detail, fix: "" })

export const warning = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: "warning",
  detail,
  fix
})

export const fault = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: "fault",
  detail,
  fix
})
