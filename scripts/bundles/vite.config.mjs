export default {
  // Takes every package into the bundle: Vite would leave them all outside.
  ssr: { noExternal: true },
  build: {
    ssr: "main.mjs",
    outDir: "out-vite",
    rolldownOptions: { output: { entryFileNames: "main.mjs" } }
  }
}
