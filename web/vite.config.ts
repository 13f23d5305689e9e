import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

/** Whether a chunk is the console's alone: tablets don't keep those. */
const CONSOLE = /\/src\/console\/|node_modules\/(openapi-fetch|naive-ui|vueuc|css-render|@css-render|marked|@tanstack|qrcode|dijkstrajs|echarts|zrender)\//;
const isOfConsole = (modules: readonly string[]) => modules.some((id) => CONSOLE.test(id));

interface Template {
  tag?: string;
  loc: unknown;
  props: { type: number; name: string; nameLoc?: unknown; loc: unknown; value?: unknown; arg?: { content?: string } }[];
}

/**
 * What is typed is personal. Browsers keep it in plain text to fill pages in again, so each control
 * and form says `autocomplete="off"`, unless its template says something else.
 */
function forgetful(node: Template) {
  if (!/^(input|textarea|select|form)$/.test(node.tag ?? '')) return;
  if (node.props.some((one) => one.name === 'autocomplete' || one.arg?.content === 'autocomplete')) return;
  const { loc } = node;
  // An attribute (6) with a text (2), as Vue's compiler has them.
  node.props.push({ type: 6, name: 'autocomplete', nameLoc: loc, loc, value: { type: 2, content: 'off', loc } });
}

const SERVER = process.env['RUHU_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  // One look at the pages, not a site: paths are the server's.
  appType: 'mpa',
  resolve: { alias: { '@css-render/vue3-ssr': fileURLToPath(new URL('src/console/naive/styles.ts', import.meta.url)) } },
  plugins: [
    vue({ template: { compilerOptions: { nodeTransforms: [forgetful as never] } } }),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src/tablet',
      filename: 'tablet-worker.ts',
      outDir: 'dist',
      injectRegister: false,
      manifestFilename: 'tablet.webmanifest',
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,wasm,svg,png}'],
        globIgnores: ['console.html', 'assets/console/**'],
        maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
      },
      manifest: {
        id: '/tablet',
        name: '入户 Ruhu',
        short_name: '入户',
        description: '村里走访、照片与告知书，没有网络也能用',
        lang: 'zh-CN',
        start_url: '/tablet/',
        scope: '/tablet',
        display: 'standalone',
        background_color: '#f2f5f8',
        theme_color: '#0a6b57',
        icons: [
          { src: '/icons/ruhu-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icons/ruhu-512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icons/ruhu-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
    }),
  ],
  define: { __VERSION__: JSON.stringify(process.env['RUHU_VERSION'] ?? 'dev') },
  build: {
    target: 'es2023',
    rollupOptions: {
      input: { tablet: 'tablet.html', console: 'console.html' },
      output: {
        entryFileNames: ({ name }) => (name === 'console' ? 'assets/console/[name]-[hash].js' : 'assets/[name]-[hash].js'),
        chunkFileNames: ({ moduleIds }) => (isOfConsole(moduleIds) ? 'assets/console/[name]-[hash].js' : 'assets/[name]-[hash].js'),
        assetFileNames: ({ originalFileNames, names }) =>
          isOfConsole(originalFileNames) || originalFileNames.some((name) => name.includes('docs/guide/')) || names.includes('console.css') ? 'assets/console/[name]-[hash][extname]' : 'assets/[name]-[hash][extname]',
      },
    },
    // Nothing is inlined: the content security policy allows no data addresses.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': SERVER, '/sync': SERVER } },
  preview: { proxy: { '/api': SERVER, '/sync': SERVER } },
});
