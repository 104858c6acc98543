/** The names that this entry had when the server was part of this package. */
export { createMcpServer, type HttpOptions, type HttpServer, serveHttp, serveStdio } from "@keepsake/mcp"
