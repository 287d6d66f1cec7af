// The shim must be able to fail, or it says nothing of the scripts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

const right = (urls) => ({ results: urls.map((input) => ({ input, outcome: 'pass', cached: true })) });

const rows = [
  { name: 'right answers pass', answer: right, code: 0 },
  { name: 'a result too few fails', answer: (urls) => right(urls.slice(1)), code: 1, says: /✗ one result per URL/ },
  { name: 'results in another order fail', answer: (urls) => right([...urls].reverse()), code: 1, says: /✗ one result per URL/ },
  {
    name: 'results that are not cached break a threshold',
    answer: (urls) => ({ results: urls.map((input) => ({ input, outcome: 'pass' })) }),
    code: 1,
    says: /threshold hc_cached/,
  },
  { name: 'errors after the first answer fail', status: (n) => (n === 1 ? 200 : 503), answer: right, code: 1, says: /✗ status is 200/ },
  { name: 'a service that answers nothing is told of', status: () => 503, answer: right, code: 1, says: /is `hc serve gateway` running/ },
];

for (const row of rows) {
  test(row.name, async () => {
    let calls = 0;
    const service = createServer(async (request, response) => {
      const { urls } = JSON.parse((await request.setEncoding('utf8').toArray()).join(''));
      response.statusCode = row.status?.(++calls) ?? 200;
      response.end(JSON.stringify(row.answer(urls)));
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const { code, output } = await run(`http://127.0.0.1:${service.address().port}`);
    service.close();
    service.closeAllConnections();
    assert.equal(code, row.code, output);
    assert.match(output, row.says ?? /passed/);
  });
}

async function run(url) {
  const child = spawn(process.execPath, ['smoke/run.mjs', 'steady.js'], { env: { PATH: process.env.PATH, URL: url } });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  return { code, output };
}
