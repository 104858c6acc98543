import type { MeasuredErasure, Remains } from "@keepsake/backend-pgvector"
import { describe, expect, it } from "vitest"
import { erasureFindings } from "../../src/doctor/erasure.ts"

const NOTHING: Remains = {
  files: { all: 30, rewritten: 30 },
  oldFiles: 0,
  deadRows: 0,
  samples: 0,
  log: { files: 3, bytes: 50_331_648, replicas: 0, slots: 0, archives: false }
}

const place = (name: "rows" | "log" | "statistics", bytes: "erased" | "unlinked") => ({
  place: name,
  bytes,
  toErase: bytes === "erased" ? "" : `what to do about ${name}`
})

const findings = (
  remains: Partial<Remains>,
  places: MeasuredErasure["places"]
): ReadonlyArray<readonly [string, string]> =>
  erasureFindings({ bytes: "unlinked", toErase: "", places, remains: { ...NOTHING, ...remains } }).map(
    ({ check, detail, status }) => [`${status} ${check}`, detail]
  )

describe("what was measured after an erasure in PostgreSQL", () => {
  it("is ok where nothing was found, and a warning where something cannot be erased or measured", () => {
    expect(
      findings({ oldFiles: null }, [
        place("rows", "unlinked"),
        place("log", "unlinked"),
        place("statistics", "erased")
      ])
    ).toEqual([
      [
        "warning rows",
        "30 of 30 files of tables and indexes are new; former files with bytes: not measured; 0 deleted rows"
      ],
      ["warning log", "3 files of the write-ahead log"],
      ["ok statistics", "0 sampled values of no row"]
    ])
  })

  it("is a fault where something is left", () => {
    expect(
      findings({ deadRows: 1, samples: 2 }, [place("rows", "unlinked"), place("statistics", "unlinked")])
    ).toEqual([
      [
        "fault rows",
        "30 of 30 files of tables and indexes are new; 0 former files with bytes; 1 deleted row"
      ],
      ["fault statistics", "2 sampled values of no row"]
    ])
  })
})
