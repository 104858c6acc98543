export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string
  /** `fault`: memory does not work, or not as asked. `warning`: it does, but something will bite. */
  readonly status: "ok" | "warning" | "fault"
  readonly detail: string
  /** What to do; empty when nothing is wrong. */
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
