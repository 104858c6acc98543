import commonjs from "@rollup/plugin-commonjs"
import json from "@rollup/plugin-json"
import nodeResolve from "@rollup/plugin-node-resolve"

export default {
  input: "main.mjs",
  output: { dir: "out-rollup", format: "es", entryFileNames: "main.mjs" },
  plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }), commonjs(), json()]
}
