export * from "./conformance.ts"
export * from "./storeLaws.ts"
