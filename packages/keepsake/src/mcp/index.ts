export { createMcpServer, type Tracker } from "./mcpServer.ts"
export { type HttpOptions, type HttpServer, serveHttp } from "./serveHttp.ts"
export { serveStdio } from "./serveStdio.ts"
