import { delimiter, dirname } from "node:path"
import { fileURLToPath } from "node:url"

export interface ServerCommand {
  readonly command: string
  readonly args: Array<string>
  readonly env: Record<string, string>
}

/**
 * Starts `keepsake mcp` as a process that speaks MCP on its standard streams. The user is fixed here, out of the
 * model's reach. Outside this workspace: `npx -y @keepsake/keepsake mcp …`.
 */
export const serverCommand = (store: string, userId: string): ServerCommand => ({
  command: fileURLToPath(new URL("node_modules/.bin/keepsake", import.meta.url)),
  args: ["mcp", "--store", store, "--user", userId],
  // Puts the Node that runs this example first.
  env: { PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter) }
})
