/**
 * `node build.mjs`: the pages into `dist/app`, each text file with its compressed forms beside it, and `report.html` as
 * one self-contained file. Does nothing while what went into it is what is there.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, 'dist', 'app');
const STAMP = join(here, 'dist', 'app.stamp');
const COMPRESSED = /\.(html|js|css|svg|json|wasm)$/;

const stamp = inputs();
if (existsSync(out) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) process.exit(0);
rmSync(STAMP, { force: true });
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const pages = servedPages();
if (pages.length > 0) await build(settings(pages, { outDir: out, emptyOutDir: false }));
await buildReport();
for (const path of filesIn(out)) if (COMPRESSED.test(path)) compress(path);
writeFileSync(STAMP, stamp);

/** All but the report, which is a file of its own. */
function servedPages() {
  const names = readdirSync(join(here, 'pages')).map((name) => name.replace(/\.html$/, ''));
  return names.filter((name) => name !== 'report');
}

/** Settings shared by all builds. */
function settings(pages, buildOptions) {
  return {
    root: join(here, 'pages'),
    base: '/',
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    worker: { format: 'es' },
    build: {
      target: 'es2022',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 4000,
      rollupOptions: {
        checks: { pluginTimings: false },
        input: Object.fromEntries(pages.map((name) => [name, join(here, 'pages', `${name}.html`)])),
      },
      ...buildOptions,
    },
  };
}

/** Its script and style stand in the file itself, after the body, so that they find the data. */
async function buildReport() {
  const { output } = await build(
    settings(['report'], {
      write: false,
      rollupOptions: { input: join(here, 'pages', 'report.html'), output: { codeSplitting: false } },
    }),
  );
  const text = (name) => output.find(({ fileName }) => fileName.endsWith(name));
  const html = String(text('report.html').source);
  const script = text('.js').code.replaceAll('</script', '<\\/script');
  const style = String(text('.css').source);
  const bare = html
    .replace(/\s*<script type="module"[^>]*src=[^>]*><\/script>/, '')
    .replace(/\s*<link rel="stylesheet"[^>]*>/, '');
  const page = bare
    .replace('</head>', () => `<style>${style}</style>\n</head>`)
    .replace('</body>', () => `<script type="module">${script}</script>\n</body>`);
  writeFileSync(join(out, 'report.html'), page);
}

function compress(path) {
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A hash of everything that the pages are made from: our sources, and the builds of the packages they import. */
function inputs() {
  const hash = createHash('sha256');
  const own = [join(here, 'src'), join(here, 'pages')]
    .flatMap(filesIn)
    .filter((path) => !path.includes('.test.'));
  const theirs = ['core', 'engine', 'client'].map((name) => join(here, '..', name, 'dist'));
  const built = [...theirs, join(here, '..', '..', 'proto', 'dist')]
    .flatMap(filesIn)
    .filter((path) => path.endsWith('.js') && !path.includes('test'));
  for (const path of [...own, ...built, fileURLToPath(import.meta.url), join(here, 'package.json')]) {
    hash.update(path.slice(here.length)).update(readFileSync(path));
  }
  return hash.digest('hex');
}
