// Runs scripts on a real service: targets and `hc serve gateway` on loopback, the
// program being HC (default ../../bin/hc). Exits 1 where a script fails.
//   node smoke/service.mjs crash_test.js steady.js
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';

const pages = 10;

const target = createServer((_, response) => response.end('well')).listen(0, '127.0.0.1');
await once(target, 'listening');
const at = `http://127.0.0.1:${target.address().port}`;

const gateway = spawn(
  process.env.HC ?? '../../bin/hc',
  ['serve', 'gateway', '--listen', '127.0.0.1:0', '--allow-cidr', '127.0.0.0/8', '--drain-delay', '0'],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
gateway.on('error', (error) => {
  console.error(`${gateway.spawnfile}: ${error.message}: run make build`);
  process.exit(1);
});
const address = await listening(gateway);
gateway.stderr.resume();

let failed = 0;
for (const script of process.argv.slice(2)) {
  const run = spawn(process.execPath, [new URL('./run.mjs', import.meta.url).pathname, script], {
    env: {
      PATH: process.env.PATH,
      URL: `http://${address}`,
      TARGETS: Array.from({ length: pages }, (_, i) => `${at}/${i}`).join(','),
    },
    stdio: 'inherit',
  });
  const [code] = await once(run, 'exit');
  failed += code === 0 ? 0 : 1;
}
gateway.kill('SIGTERM');
await once(gateway, 'exit');
target.close();
target.closeAllConnections();
process.exitCode = failed === 0 ? 0 : 1;

/** The address that a line of its log says. */
async function listening(service) {
  let log = '';
  for await (const text of service.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    log += text;
    const said = log.split('\n').slice(0, -1).map((line) => JSON.parse(line));
    const line = said.find((s) => s.msg === 'listening');
    if (line) {
      return line.address;
    }
  }
  throw new Error(`hc serve gateway ended: ${log}`);
}
