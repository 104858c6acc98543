/** Random strings that a test of any text tries; `KEEPSAKE_FUZZ=1000000 pnpm vitest run --project core text/` tries more. */
export const FUZZ_STRINGS = Number(process.env["KEEPSAKE_FUZZ"] ?? 20_000)
