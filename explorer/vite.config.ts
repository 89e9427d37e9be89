import { defineConfig } from "vite";

export default defineConfig({
  // The page itself stands at /graphql, its files below it.
  base: "/graphql/explorer/",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // Monaco alone is larger than the default warning allows.
    chunkSizeWarningLimit: 5000,
    // The gateway reads it to know which files may be cached for good.
    assetsDir: "assets",
    emptyOutDir: true,
  },
  worker: { format: "es" },
});
