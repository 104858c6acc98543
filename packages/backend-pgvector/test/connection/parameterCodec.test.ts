/** PostgreSQL reads our parameters as it reads the text that the `pgvector` package writes. */
import { assert, describe, it } from "@effect/vitest"
import { fromSql, toSql } from "pgvector"
import {
  encodeFloat4Array,
  parseNumberArray,
  encodeInt4Array,
  encodeTextArray,
  encodeVectorArray,
  encodeVector
} from "../../src/connection/parameterCodec.ts"
import { sharedPGlite } from "../support/servers.ts"

const passThrough = (value: unknown): unknown => value

const roundTrip = async (cast: string, value: string | Buffer): Promise<unknown> => {
  const db = await sharedPGlite()
  await db.exec("create extension if not exists vector")
  const serializers = new Proxy<Record<number, (value: unknown) => string>>({}, { get: () => passThrough })
  const { rows } = await db.query<{ text: string }>(`select ($1::${cast})::text as text`, [value], {
    serializers
  })
  return rows[0]?.text
}

const vectorOid = async (): Promise<number> => {
  const db = await sharedPGlite()
  const { rows } = await db.query<{ oid: number }>("select 'vector'::regtype::oid as oid")
  return rows[0]?.oid ?? 0
}

describe("parameters", () => {
  const vector = Float32Array.of(0.5, -1.25, 3e-7, 0)

  it("encode a vector", async () => {
    const text = await roundTrip("vector", encodeVector(vector))
    assert.strictEqual(text, await roundTrip("vector", toSql(Array.from(vector)) ?? ""))
    assert.deepStrictEqual(Float32Array.from(fromSql(String(text)) as ReadonlyArray<number>), vector)
  })

  it("encode arrays of vectors, with NULLs and empty", async () => {
    const oid = await vectorOid()
    assert.strictEqual(
      await roundTrip("vector[]", encodeVectorArray([vector, null, vector], oid)),
      '{"[0.5,-1.25,3e-07,0]",NULL,"[0.5,-1.25,3e-07,0]"}'
    )
    assert.strictEqual(await roundTrip("vector[]", encodeVectorArray([], oid)), "{}")
  })

  it("keep the bits of term ids and weights", async () => {
    const ids = Uint32Array.of(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff)
    const text = String(await roundTrip("int4[]", encodeInt4Array(ids)))
    assert.deepStrictEqual(
      Uint32Array.from(parseNumberArray(text), (id) => id >>> 0),
      ids
    )
    assert.strictEqual(await roundTrip("int4[]", encodeInt4Array([])), "{}")
    const weights = Float32Array.of(0.1, 1 / 3, 1e-30)
    const read = Float32Array.from(
      parseNumberArray(String(await roundTrip("float4[]", encodeFloat4Array(weights))))
    )
    assert.deepStrictEqual(read, weights)
  })

  it("quote special characters in arrays of texts", async () => {
    const texts = ['"', "\\", "{}", ",", "", "NULL", " spaced ", "\n", "é𝒜"]
    const db = await sharedPGlite()
    const { rows } = await db.query<{ text: string | null }>(
      "select unnest($1::text[]) as text",
      [encodeTextArray([...texts, null])],
      { serializers: new Proxy<Record<number, (value: unknown) => string>>({}, { get: () => passThrough }) }
    )
    assert.deepStrictEqual(
      rows.map(({ text }) => text),
      [...texts, null]
    )
  })
})
