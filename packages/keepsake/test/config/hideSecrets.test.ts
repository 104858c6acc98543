import { describe, expect, it } from "vitest"
import { hideSecrets, hideUrlSecrets } from "../../src/config/hideSecrets.ts"

describe("hideUrlSecrets", () => {
  it.each([
    [
      "postgres://ana:s3cret@db.example:5432/app?sslmode=require",
      "postgres://…@db.example:5432/app?sslmode=require"
    ],
    ["postgres://ana:s3@cret@db.example/app", "postgres://…@db.example/app"],
    ["postgres://ana:s3/cr?e#t@db.example/app", "postgres://…@db.example/app"],
    ["postgres://ana:s3 cret@db.example/app", "postgres://…@db.example/app"],
    ["postgres://db.example/app?password=s3cret&host=x", "postgres://db.example/app?password=…&host=x"],
    [
      "https://embed.example/v1?api_key=s3cret&pass%77ord=s3cret#m",
      "https://embed.example/v1?api_key=…&pass%77ord=…#m"
    ],
    ["https://embed.example/v1#access_token=s3cret", "https://embed.example/v1#access_token=…"],
    ["qdrant+https://:s3cret@db.example:6333", "qdrant+https://…@db.example:6333"],
    ["file:./memory.db", "file:./memory.db"],
    ["file:///home/ana/memory.db?readOnly=true", "file:///home/ana/memory.db?readOnly=true"],
    ["http://localhost:8000/v1#bge-m3", "http://localhost:8000/v1#bge-m3"]
  ])("%s", (url, hidden) => {
    expect(hideUrlSecrets(url)).toBe(hidden)
  })

  it("hides a key of a known form in a path", () => {
    const key = `ghp_${"Ab1".repeat(12)}`
    expect(hideUrlSecrets(`https://proxy.example/${key}/v1`)).not.toContain(key)
  })
})

describe("hideSecrets", () => {
  it("leaves the sentence around an address", () => {
    expect(hideSecrets('Check baseUrl (https://u:p@e.example/v1?key=k). Not "http://a.example".')).toBe(
      'Check baseUrl (https://…@e.example/v1?key=…). Not "http://a.example".'
    )
  })

  it("finds an address that stands right after another word", () => {
    expect(hideSecrets("2http://u:p@e.example")).toBe("2http://…@e.example")
  })

  it("takes time in proportion to the text", () => {
    for (const unit of ["http://", "a://b@", "://", "a+", "2http://u:p@", ":// ", "://.", "https://x?a=b&"]) {
      const started = performance.now()
      hideSecrets(unit.repeat(50_000))
      expect({ unit, isFast: performance.now() - started < 2_000 }).toEqual({ unit, isFast: true })
    }
  })
})
