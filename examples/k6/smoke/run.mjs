// Runs a k6 script without k6: a few iterations of its default function, one after
// the other, really sent to URL. It exits 1 where a check or a threshold fails. It
// knows what our scripts use and no more; rates, users and durations are k6's.
//   URL=http://127.0.0.1:8080 node smoke/run.mjs ../crash_test.js
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

register('./resolve.mjs', import.meta.url);
const { broken, checks, count } = await import('./metrics.mjs');
const { close } = await import('./http.mjs');

const iterations = 20;

globalThis.__ENV = process.env;
const file = process.argv[2];
const script = await import(pathToFileURL(resolve(file)));

const known = await script.setup?.();
for (let i = 0; i < iterations; i++) {
  script.default(known);
}
script.teardown?.(known);
close();

const wrong = broken(script.options.thresholds ?? {});
for (const [name, { passes, fails }] of checks) {
  console.log(`  ${fails ? '✗' : '✓'} ${name}: ${passes} of ${passes + fails}`);
}
for (const text of wrong) {
  console.log(`  ✗ threshold ${text}`);
}
const failed = wrong.length > 0 || checks.size === 0 || [...checks.values()].some((c) => c.fails > 0);
console.log(`${file}: ${count('http_reqs')} requests, ${failed ? 'failed' : 'passed'}`);
process.exitCode = failed ? 1 : 0;
