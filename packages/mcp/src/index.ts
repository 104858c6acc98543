export { createMcpServer } from "./mcpServer.ts"
export { type HttpOptions, type HttpServer, serveHttp } from "./serveHttp.ts"
export { serveStdio } from "./serveStdio.ts"
export { claimStandardOutput, type StandardOutput } from "./standardOutput.ts"
