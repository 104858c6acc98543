/** node webpack.cjs commonjs|module FOLDER */
const path = require("node:path")
const webpack = require("webpack")

const [format, folder] = process.argv.slice(2)
const isModule = format === "module"
webpack(
  {
    mode: "production",
    target: "node22",
    entry: "./main.mjs",
    experiments: { outputModule: isModule },
    output: {
      path: path.resolve(folder),
      filename: isModule ? "main.mjs" : "main.cjs",
      module: isModule,
      chunkFormat: format
    }
  },
  (error, stats) => {
    if (error) throw error
    console.log(stats.toString({ all: false, errors: true }))
    if (stats.hasErrors()) process.exitCode = 1
  }
)
