/** An account without a home folder: a container's user without a passwd entry, and no HOME. */
import { Effect } from "effect"
import { afterAll, expect, it, vi } from "vitest"

// Files of a worker share their modules, which have read the real one.
vi.resetModules()
vi.doMock("node:os", async (original) => ({
  ...(await original<object>()),
  homedir: () => {
    throw new Error("A system error occurred: uv_os_homedir returned ENOENT")
  }
}))

const { parseStoreUrl } = await import("../../src/config/storeUrl/parseStoreUrl.ts")
const { readSettings } = await import("../../src/config/readSettings.ts")

afterAll(() => {
  vi.doUnmock("node:os")
  vi.resetModules()
})

const message = <A, E extends Error>(effect: Effect.Effect<A, E>): Promise<string> =>
  Effect.runPromise(Effect.flip(effect)).then((error) => error.message)

it("asks for a home folder only where one is named", async () => {
  expect(await Effect.runPromise(parseStoreUrl("file:./memory.db"))).toMatchObject({ path: "./memory.db" })
  expect(await message(parseStoreUrl("file:~/memory.db"))).toMatch(/no home folder: write the whole path/u)
  const settings = await Effect.runPromise(readSettings({ store: "file:/data/memory.db" }, {}))
  expect(settings.config.store).toBe("file:/data/memory.db")
  expect(await message(readSettings({}, {}))).toMatch(/no home folder for the default: give --store/u)
})
