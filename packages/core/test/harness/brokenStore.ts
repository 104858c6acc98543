import { brokenStores } from "@keepsake/core/conformance"

export const store = brokenStores.find(({ name }) => name === "ignores the scope in get")?.fresh
